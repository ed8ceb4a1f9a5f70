using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Router;

/// <summary>What a probe found.</summary>
public sealed record ProbeResult(RouterMode Mode, string Seen);

/// <summary>Finds out whether a router's port demands the PROXY line, by connecting to it from a node.</summary>
public static partial class RouterProbe
{
    /// <summary>Enough for a status line, nginx's headers and its error page.</summary>
    private const int MaximumAnswer = 4096;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(2);

    // A name that no application can have, so that the default server with its /health-check answers.
    private static readonly byte[] Request = Encoding.ASCII.GetBytes(
        "GET /health-check HTTP/1.1\r\nHost: localhost\r\nUser-Agent: deis-proxy\r\nConnection: close\r\n\r\n");

    private static readonly byte[] ProxyRequest = [.. "PROXY TCP4 127.0.0.1 127.0.0.1 1 80\r\n"u8, .. Request];

    private const int HttpPort = 80;

    /// <summary>Asks one port of a router.</summary>
    public static async Task<RouterProbeResult> ProbeAsync(INode node, LiveRouter router, int instancePort, CancellationToken cancellationToken)
    {
        // A router announces where its HTTP server is; its other ports are at the same address.
        ArgumentNullException.ThrowIfNull(router);
        var result = await ProbeAsync(node, router.Host, instancePort == HttpPort ? router.Port : instancePort, cancellationToken);
        return new RouterProbeResult(router, instancePort, result.Mode, result.Seen);
    }

    /// <summary>
    /// Sends a plain request. A router in plain mode answers, on a TLS port with 400; one that demands the PROXY line closes the connection without a
    /// word, so a second connection with that line makes sure.
    /// </summary>
    /// <param name="timeout">Limit of the whole probe; null: 2 s.</param>
    public static async Task<ProbeResult> ProbeAsync(
        INode node, string host, int port, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        var time = timeout ?? DefaultTimeout;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        try
        {
            var plain = await AskAsync(node, host, port, Request, limit.Token);
            if (plain.Length > 0)
            {
                return StatusLine(plain) is { } answer
                    ? new(RouterMode.Plain, $"a plain request was answered with {answer.Line}")
                    : new(RouterMode.Unreachable, $"a plain request was answered, but not with HTTP: {RemoteText.Clean(plain, 60)}");
            }

            var proxied = await AskAsync(node, host, port, ProxyRequest, limit.Token);
            return StatusLine(proxied) switch
            {
                null => new(RouterMode.Unreachable, "the connection was closed without an answer, with and without a PROXY line"),

                // It has just switched to plain: that router takes the line for a broken request. With PROXY on, a TLS port
                // answers 400 as well, but says that HTTP came to an HTTPS port: it has read past the line.
                { Status: 400, Line: var line } when !proxied.Contains("sent to HTTPS port", StringComparison.Ordinal) =>
                    new(RouterMode.Plain, $"a PROXY line was answered with {line}"),
                { Line: var line } => new(RouterMode.Proxy, $"a plain request was cut off, one with a PROXY line was answered with {line}"),
            };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(RouterMode.Unreachable, $"no answer within {time.TotalSeconds:0.#} s");
        }
        catch (IOException e) when (e.InnerException is DeisProxyException nodeFailure)
        {
            throw new DeisProxyException(nodeFailure.Code, nodeFailure.Message, nodeFailure.Remedy, e) { IsTransient = nodeFailure.IsTransient };
        }
        catch (IOException e)
        {
            return new(RouterMode.Unreachable, RemoteText.Clean(e.Message));
        }
    }

    /// <summary>Sends bytes and reads until the end, or as much as is needed; empty when closed without a word.</summary>
    private static async Task<string> AskAsync(INode node, string host, int port, byte[] request, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaximumAnswer];
        var length = 0;
        await using var stream = await node.OpenStreamAsync(host, port, cancellationToken);
        try
        {
            await stream.WriteAsync(request, cancellationToken);
            int count;
            while (length < buffer.Length && (count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
            {
                length += count;

                // Only a 400 after a PROXY line is told apart by its body; nginx lingers before it closes, so the end is not waited for.
                var answer = Encoding.ASCII.GetString(buffer, 0, length);
                if (StatusLine(answer) is { } line
                    && (line.Status != 400 || request == Request || answer.Contains("</html>", StringComparison.Ordinal)))
                {
                    break;
                }
            }
        }
        catch (IOException) when (length > 0)
        {
            // Reset after an answer: the answer counts.
            return Encoding.ASCII.GetString(buffer, 0, length);
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }

    private static (int Status, string Line)? StatusLine(string answer)
    {
        var match = HttpStatus().Match(answer);
        return match.Success
            ? (int.Parse(match.Groups["status"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture), RemoteText.Clean(match.Value, 60))
            : null;
    }

    [GeneratedRegex(
        @"\AHTTP/[0-9]\.[0-9] (?<status>[0-9]{3})[^\r\n]{0,40}(?=[\r\n])",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex HttpStatus();
}
