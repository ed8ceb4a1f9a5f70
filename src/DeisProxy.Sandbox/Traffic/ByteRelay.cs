using System.Net.Security;
using System.Net.Sockets;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>A TCP or SSL listener: bytes in, bytes out, until one side is done or nothing has moved for the idle timeout.</summary>
internal static class ByteRelay
{
    public static async Task RunAsync(
        LoadBalancerTraffic traffic, Listener listener, (string Address, int Port) client, Stream front, Socket frontSocket,
        CancellationToken cancellationToken)
    {
        if (traffic.NextInstance() is not { } instance)
        {
            return;
        }

        var (back, backSocket) = await traffic.ConnectAsync(instance, listener, client, cancellationToken);
        await using (back)
        {
            using var idle = new CancellationTokenSource(traffic.IdleTimeout, traffic.Context.Options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
            var directions = new[]
            {
                PumpAsync(front, back, backSocket, Touch, either.Token),
                PumpAsync(back, front, frontSocket, Touch, either.Token),
            };
            try
            {
                await foreach (var direction in Task.WhenEach(directions))
                {
                    // A side that broke ends both; a side that is merely done leaves the other one going.
                    await direction;
                }
            }
            finally
            {
                await either.CancelAsync();
                await Task.WhenAll(directions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            void Touch() => idle.CancelAfter(traffic.IdleTimeout);
        }
    }

    private static async Task PumpAsync(Stream from, Stream to, Socket toSocket, Action touch, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, cancellationToken) is var count and > 0)
        {
            touch();
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        if (to is SslStream secure)
        {
            try
            {
                await secure.ShutdownAsync();
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // OpenSSL's own exception, which is internal: the peer has broken the connection off just now.
                throw new IOException("The TLS session could not be ended.", error);
            }
        }

        toSocket.Shutdown(SocketShutdown.Send);
    }
}
