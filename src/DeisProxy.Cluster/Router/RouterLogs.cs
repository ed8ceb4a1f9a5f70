using System.Collections.Concurrent;
using System.Net;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;
using CoreRouter = DeisProxy.Core.Model.LiveRouter;

namespace DeisProxy.Cluster.Router;

/// <summary>The routers' logs, searched on their nodes: all nodes at once, with one SSH connection each, until one has what is looked for.</summary>
/// <param name="known">Addresses of nodes that the person named; empty: those of the nodes that routers announce themselves on.</param>
public sealed class RouterLogs(INode entry, IReadOnlyList<NodeAddress> known, INodeTransport transport)
{
    /// <summary>
    /// Searches a router's log for a text, again and again for about four seconds, because lines reach the log late; run with <c>sh -c</c>, the
    /// text is
    /// <c>$1</c>. Docker's log goes away with its container when the unit restarts, the journal keeps it and is asked in the end; a user outside
    /// the group docker may have sudo.
    /// Says none, absent, or found and the lines, cut.
    /// </summary>
    private const string Script =
        """
        for pause in 0.3 0.7 1 2 ''; do
          for d in docker 'sudo -n docker' ''; do [ -n "$d" ] && $d logs --tail 1 deis-router >/dev/null 2>&1 && break; done
          j=; [ -n "$d" ] && [ -n "$pause" ] || j=$(journalctl -q -o cat -n 1 -u 'deis-router@*' 2>/dev/null)
          readable=$readable$d$j
          lines=$({ [ -n "$d" ] && $d logs --tail 20000 deis-router 2>&1
                    [ -n "$j" ] && journalctl -q -o cat -n 20000 -u 'deis-router@*' 2>/dev/null; } | grep -a -F -m 8 -e "$1" | cut -c 1-2000)
          [ -n "$lines" ] && { echo found; printf '%s\n' "$lines"; exit 0; }
          [ -z "$pause" ] || sleep $pause
        done
        [ -n "$readable" ] && echo absent || echo none
        """;

    /// <summary>How long the search of all logs may take.</summary>
    internal TimeSpan SearchTime { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>This machine's address as the entry node sees it: the first word of <c>SSH_CONNECTION</c>.</summary>
    /// <returns>The address; null behind a jump host, whose address it would be.</returns>
    public async Task<IPAddress?> OwnAddressAsync(CancellationToken cancellationToken) =>
        !transport.HasJump && IPAddress.TryParse((await NodeWays.ConnectionAsync(entry, cancellationToken))[0], out var address) ? address : null;

    /// <summary>Searches the logs of all routers.</summary>
    public async Task<LogSearch> SearchAsync(
        string token, IReadOnlyList<CoreRouter> routers, IReadOnlyList<Node> nodes, CancellationToken cancellationToken)
    {
        var ways = new NodeWays(known, nodes);
        var direct = ways.Direct(routers);
        var entered = await NodeWays.ConnectionAsync(entry, cancellationToken);
        var hops = routers
            .Where(router => router.Name != entered.ElementAtOrDefault(2) && ways.To(direct, router) is null)
            .Select(router => NodeAddress.TryParse(router.Name)).OfType<NodeAddress>();
        var through = transport.Through(entry);

        var (searched, unread) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        LogSighting? sighting = null;
        using var found = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        found.CancelAfter(SearchTime);

        async ValueTask VisitAsync(NodeAddress address, INodeTransport way)
        {
            try
            {
                string[] command = ["sh", "-c", Script, "sh", token];
                var isEntry = ReferenceEquals(way, transport) && address.ToString() == entry.Name;
                var answer = isEntry ? await entry.RunAsync(command, found.Token) : await way.RunOnceAsync(address, command, found.Token);
                if (RouterLogLine.Find(address.ToString(), answer.StandardOutput, token) is { } seen)
                {
                    Interlocked.CompareExchange(ref sighting, seen, null);
                    await found.CancelAsync();
                }
                else if (answer.StandardOutput.Trim() == "absent")
                {
                    searched.Enqueue(address.ToString());
                }
                else
                {
                    unread.Enqueue($"{address}: {WhyNot(answer)}");
                }
            }
            catch (DeisProxyException error)
            {
                unread.Enqueue($"{address}: {error.Message}");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                unread.Enqueue($"{address}: not searched to the end in {SearchTime.TotalSeconds} s");
            }
        }

        await Task.WhenAll(
            Parallel.ForEachAsync(direct.Distinct(), AtOnce(NodeWays.ParallelDirect), (address, _) => VisitAsync(address, transport)),
            Parallel.ForEachAsync(hops, AtOnce(NodeWays.ParallelThroughEntry), (address, _) => VisitAsync(address, through)));
        return sighting is not null ? new LogSearch(sighting, [], []) : new LogSearch(null, [.. searched], [.. unread]);

        ParallelOptions AtOnce(int connections) => new() { MaxDegreeOfParallelism = connections, CancellationToken = cancellationToken };
    }

    private static string WhyNot(CommandResult answer) =>
        answer.StandardOutput.StartsWith("none", StringComparison.Ordinal) ? "no container deis-router that docker shows the log of, and nothing of "
            + "it in the journal"
        : answer.StandardOutput.StartsWith("found", StringComparison.Ordinal) ? "the request is in a line that is not in the router's format"
        : $"the search ended with status {answer.ExitCode}: {RemoteText.Clean(answer.StandardError, 120)}";
}
