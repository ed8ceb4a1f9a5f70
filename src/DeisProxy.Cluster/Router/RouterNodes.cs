using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Router;

/// <summary>The nodes of the routers, all entered at once and kept open for the moment of the flip.</summary>
/// <param name="known">Addresses of nodes that the person named; empty: those of the nodes that routers announce themselves on.</param>
public sealed class RouterNodes(INode entry, IReadOnlyList<NodeAddress> known, IReadOnlyList<Node> nodes, INodeTransport transport)
    : IRouterNodes, IAsyncDisposable
{
    /// <summary>How long all nodes may take to hold; the requests that are lost meanwhile are what holding is to prevent.</summary>
    private static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// How often nodes are told to hold on; they let go by themselves when they have heard nothing for <see cref="IRouterNodes.HoldLimit"/>.
    /// </summary>
    private static readonly TimeSpan StayInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long confd may take; the router's own tick comes after 5 s anyway.</summary>
    private static readonly TimeSpan RenderTime = TimeSpan.FromSeconds(4);

    /// <summary>How long one node may take to get ready; what is not ready then is done without.</summary>
    private static readonly TimeSpan NodeTime = TimeSpan.FromSeconds(12);

    /// <summary>How long leaving the nodes may take.</summary>
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(5);

    private const string Ready = "ready done";

    private List<RouterNode> _entered = [];
    private IReadOnlyList<int> _ports = [];
    private string _confd = "";
    private CancellationTokenSource? _stopStaying;
    private Task _staying = Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<NodeMeans> PrepareAsync(RouterState routers, IReadOnlyList<int> instancePorts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(routers);
        await DisposeAsync();
        _ports = instancePorts;

        // What the router's own confd does on its tick (deis/deis, router/cmd/boot); until v1.9 its files are in /app.
        var folder = routers.Version is { } version && version < DeisVersion.FirstWithUsualConfd ? " --confdir /app" : "";
        _confd = $"confd -node $HOST:4001{folder} -onetime --log-level error";
        var ways = new NodeWays(known, nodes);
        var direct = ways.Direct(routers.LiveRouters);
        string[] own;
        try
        {
            own = await NodeWays.ConnectionAsync(entry, cancellationToken);
        }
        catch (DeisProxyException error)
        {
            return NodeMeans.None(error.Message);
        }

        using var hops = new SemaphoreSlim(NodeWays.ParallelThroughEntry);
        async Task<(RouterNode? Node, NodeMeans Means)> PrepareRouterAsync(LiveRouter router)
        {
            var address = router.Name == own.ElementAtOrDefault(2) ? NodeAddress.TryParse(entry.Name) : ways.To(direct, router);
            if (address is not null)
            {
                return await PrepareAsync(router.Name, address, transport, cancellationToken);
            }

            await hops.WaitAsync(cancellationToken);
            try
            {
                return NodeAddress.TryParse(router.Name) is { } hop
                    ? await PrepareAsync(router.Name, hop, transport.Through(entry), cancellationToken)
                    : (null, NodeMeans.None($"{router.Name} is no address"));
            }
            finally
            {
                hops.Release();
            }
        }

        var preparing = routers.LiveRouters.Select(PrepareRouterAsync).ToList();
        (RouterNode? Node, NodeMeans Means)[] prepared;
        try
        {
            prepared = await Task.WhenAll(preparing);
        }
        finally
        {
            // Those that were entered are left again in the end, also when another one ends it all.
            foreach (var one in preparing.Where(one => one.IsCompletedSuccessfully))
            {
                if ((await one).Node is { } node)
                {
                    _entered.Add(node);
                }
            }
        }

        // What one node cannot do is not done on any.
        return new NodeMeans(First(means => means.CannotRender), First(means => means.CannotHold), First(means => means.CannotHoldByContent));

        string? First(Func<NodeMeans, string?> why) => prepared.Select(p => why(p.Means)).FirstOrDefault(text => text is not null);
    }

    /// <inheritdoc/>
    public async Task HoldAsync(HeldConnections held, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HoldTime);
        await Task.WhenAll(_entered.Where(node => !node.IsReleased).Select(async node =>
        {
            try
            {
                if (await node.Hold!.RequestAsync(HoldScript.Request(held), limit.Token) is var answer && answer != "hold done")
                {
                    throw new DeisProxyException(
                        "hold-refused",
                        $"{node.Node.Name}: {RemoteText.Clean(answer, 160)}",
                        "Use --no-hold, or let the user on the nodes run iptables with sudo and no password.");
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DeisProxyException(
                    "hold-refused", $"{node.Node.Name} did not hold connections within {HoldTime.TotalSeconds} s", "Use --no-hold.");
            }
        }));
        if (_stopStaying is null)
        {
            _stopStaying = new CancellationTokenSource();
            _staying = Task.WhenAll(_entered.Select(node => StayAsync(node, _stopStaying.Token)));
        }
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(LiveRouter router, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(router);
        return ReleaseAsync(_entered.Where(node => node.Name == router.Name), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(CancellationToken cancellationToken)
    {
        await ReleaseAsync(_entered, cancellationToken);
        await (_stopStaying?.CancelAsync() ?? Task.CompletedTask);
        await _staying;
        _stopStaying?.Dispose();
        _stopStaying = null;
    }

    /// <inheritdoc/>
    public async Task RenderAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RenderTime);
        await ForEachAsync(_entered, async node =>
        {
            try
            {
                _ = await node.Confd.RequestAsync("render", limit.Token);
            }
            catch (DeisProxyException)
            {
                // The session is lost; a new one takes longer, and is still sooner than the tick.
                _ = await node.Node.RunAsync([.. node.Docker, "exec", "deis-router", "sh", "-c", _confd], limit.Token);
            }
        });
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken) =>
        RouterProbe.ProbeAsync(_entered.Find(node => node.Name == router.Name)?.Node ?? entry, router, instancePort, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(LeaveTime);
        await ReleaseAsync(limit.Token);
        await Task.WhenAll(_entered.Select(async node =>
        {
            node.Confd.Dispose();
            node.Hold?.Dispose();
            await node.Node.DisposeAsync();
        }));
        _entered = [];
    }

    private async Task<(RouterNode? Node, NodeMeans Means)> PrepareAsync(
        string router, NodeAddress address, INodeTransport way, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NodeTime);
        INode? node = null;
        var isKept = false;
        try
        {
            // When the connection is lost, the next command makes a new one to the same node.
            node = await FailoverNode.EnterAsync(way, [address], _ => { }, limit.Token);
            var isRoot = (await node.RunAsync(["id", "-u"], limit.Token)).StandardOutput.Trim() == "0";

            // Users outside the group docker may have sudo. The session is inside the container already: docker takes its time to get there.
            string[] docker = ["docker"];
            string[] inside =
            [
                "exec", "-i", "deis-router", "sh", "-c",
                "command -v confd >/dev/null && [ -n \"$HOST\" ] || { echo \"confd cannot be called in the container\"; exit; }; "
                + $"while read -r word; do [ \"$word\" = ready ] || {_confd} >/dev/null 2>&1; echo \"$word done\"; done",
            ];
            var (confd, answer) = await NodeSession.StartAsync(node, [.. docker, .. inside], limit.Token);
            var cannotRender = answer == Ready ? null : $"{node.Name}: {answer}";
            if (cannotRender is not null && !isRoot)
            {
                docker = ["sudo", "-n", "docker"];
                confd.Dispose();
                (confd, answer) = await NodeSession.StartAsync(node, [.. docker, .. inside], limit.Token);
                cannotRender = answer == Ready ? null : cannotRender;
            }

            if (_ports.Count == 0)
            {
                isKept = true;
                return (new RouterNode(router, node, docker, confd, Hold: null), new NodeMeans(cannotRender, null, null));
            }

            string[] asRoot = isRoot ? [] : ["sudo", "-n"];
            var (hold, can) = await NodeSession.StartAsync(node, [.. asRoot, .. HoldScript.Command(_ports)], limit.Token);
            var (cannotByContent, cannotAtAll) = HoldScript.Means(node.Name, can);
            isKept = true;
            return (new RouterNode(router, node, docker, confd, hold), new NodeMeans(cannotRender, cannotAtAll, cannotByContent));
        }
        catch (DeisProxyException error) when (!SshFailure.IsAlarm(error))
        {
            return (null, NodeMeans.None(error.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, NodeMeans.None($"{address} was not ready within {NodeTime.TotalSeconds} s"));
        }
        finally
        {
            // Its sessions end with it.
            if (!isKept && node is not null)
            {
                await node.DisposeAsync();
            }
        }
    }

    private static Task ReleaseAsync(IEnumerable<RouterNode> nodes, CancellationToken cancellationToken) =>
        ForEachAsync(nodes.Where(node => node is { Hold: not null, IsReleased: false }), async node =>
        {
            node.IsReleased = true;
            try
            {
                _ = await node.Hold!.RequestAsync("release", cancellationToken);
            }
            finally
            {
                // Its end says the same.
                node.Hold!.Dispose();
            }
        });

    /// <summary>Tells a node again and again that we are still there. One that hangs does not keep others from being told.</summary>
    private static async Task StayAsync(RouterNode node, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested && !node.IsReleased)
        {
            await Task.Delay(StayInterval, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ForEachAsync(node.IsReleased ? [] : [node], async one => _ = await one.Hold!.RequestAsync("stay", cancellationToken));
        }
    }

    /// <summary>
    /// Does something on nodes side by side. One that does not answer must not keep the others from it, and there is nothing to be done about it.
    /// </summary>
    private static Task ForEachAsync(IEnumerable<RouterNode> entered, Func<RouterNode, Task> act) => Task.WhenAll(entered.Select(async node =>
    {
        try
        {
            await act(node);
        }
        catch (Exception error) when (error is DeisProxyException or OperationCanceledException)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }));

    /// <summary>A router's node.</summary>
    /// <param name="Hold">What holds connections there; null if it is not wanted.</param>
    private sealed record RouterNode(string Name, INode Node, string[] Docker, NodeSession Confd, NodeSession? Hold)
    {
        /// <summary>Whether it has let connections go, for good.</summary>
        public bool IsReleased { get; set; }
    }
}
