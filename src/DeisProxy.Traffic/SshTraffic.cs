using System.Net.Sockets;
using System.Text;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Traffic;

/// <summary>
/// Begins an SSH connection through the load balancer, as far as anybody may: both sides name their version (RFC 4253, 4.2), the
/// server then begins the key exchange. If a PROXY line was sent to it before ours, it hangs up instead.
/// </summary>
public static class SshTraffic
{
    /// <summary>A version line has at most 255 bytes; a server may send a few lines before it.</summary>
    private const int MaximumRead = 4096;

    /// <summary>Message number of SSH_MSG_KEXINIT (RFC 4250, 4.1.2), which follows packet length and padding length.</summary>
    private const byte KeyExchangeInit = 20;

    private static readonly byte[] OurVersion = "SSH-2.0-deis-proxy-verify\r\n"u8.ToArray();

    /// <summary>Connects and looks.</summary>
    public static async Task<SshObservation> GreetAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TrafficFailure.Time);
        using var connecting = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        connecting.CancelAfter(TrafficFailure.ConnectTime);
        var banner = "";
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, connecting.Token);
            var stream = client.GetStream();
            var buffer = new byte[MaximumRead];
            var (length, line) = (0, 0);
            while (line == 0)
            {
                var count = length < buffer.Length ? await stream.ReadAsync(buffer.AsMemory(length), limit.Token) : 0;
                if (count == 0)
                {
                    return length == 0
                        ? new SshObservation(host, port, TrafficOutcome.Closed, "", SshReaction.Closed, "")
                        : new SshObservation(host, port, TrafficOutcome.Answered, Encoding.UTF8.GetString(buffer, 0, length), SshReaction.Closed, "");
                }

                length += count;
                line = buffer.AsSpan(0, length).IndexOf((byte)'\n') + 1;
            }

            banner = Encoding.UTF8.GetString(buffer, 0, line).TrimEnd('\r', '\n');
            if (!banner.StartsWith("SSH-", StringComparison.Ordinal))
            {
                return new SshObservation(host, port, TrafficOutcome.Answered, banner, SshReaction.Text, "");
            }

            var (reaction, said) = await ReactionAsync(stream, buffer.AsMemory(line), length - line, limit.Token);
            return new SshObservation(host, port, TrafficOutcome.Answered, banner, reaction, said);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (banner.Length > 0)
            {
                return new SshObservation(
                    host, port, TrafficOutcome.Answered, banner, error is OperationCanceledException ? SshReaction.Silent : SshReaction.Closed, "");
            }

            var (outcome, detail) = TrafficFailure.Of(error);
            return new SshObservation(host, port, outcome, "", SshReaction.Closed, detail);
        }
    }

    /// <summary>
    /// Sends our version and reads the head of what comes. The PROXY line of a load balancer comes before anything of ours, so the server may have
    /// answered it already.
    /// </summary>
    private static async Task<(SshReaction Reaction, string Said)> ReactionAsync(
        NetworkStream stream, Memory<byte> buffer, int length, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(OurVersion, cancellationToken);
        while (length < 6)
        {
            var count = await stream.ReadAsync(buffer[length..], cancellationToken);
            if (count == 0)
            {
                break;
            }

            length += count;
        }

        return length == 0 ? (SshReaction.Closed, "")
            : length >= 6 && buffer.Span[5] == KeyExchangeInit ? (SshReaction.KeyExchange, "")
            : (SshReaction.Text, Encoding.UTF8.GetString(buffer.Span[..length]));
    }
}
