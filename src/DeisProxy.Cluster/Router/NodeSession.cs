using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Router;

/// <summary>A command on a node that answers requests, a line each. Requests take turns.</summary>
internal sealed class NodeSession(Stream stream) : IDisposable
{
    private readonly StreamReader _reader = new(stream);
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Starts a command, and asks it the way it will be asked later, so that everything on this way has been used once.</summary>
    /// <returns>The session, and what the command answered to <c>ready</c>, or said instead.</returns>
    public static async Task<(NodeSession Session, string Answer)> StartAsync(
        INode node, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var session = new NodeSession(await node.StartAsync(["sh", "-c", "exec 2>&1; exec \"$@\"", "sh", .. command], cancellationToken));
        return (session, RemoteText.Clean(await session.RequestAsync("ready", cancellationToken), 160));
    }

    /// <summary>
    /// Sends a request and waits for the answer, which begins with its first word; anything else is an answer that came late, or why the command
    /// has ended.
    /// </summary>
    public async Task<string> RequestAsync(string request, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{request}\n"), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            var said = "the session on the node has ended";
            while (await _reader.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.StartsWith($"{request.Split(' ')[0]} ", StringComparison.Ordinal))
                {
                    return line;
                }

                said = line.Trim().Length > 0 ? line : said;
            }

            return said;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // InvalidOperationException: an answer of before is still waited for.
            throw new DeisProxyException("ssh-connection-lost", error.Message, "Check the network to the node and run the command again.", error);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();
}
