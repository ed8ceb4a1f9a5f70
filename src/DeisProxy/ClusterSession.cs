using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Providers;
using DeisProxy.Traffic;

namespace DeisProxy;

/// <summary>Connections to the provider and, through a node, to the cluster, for the length of one command.</summary>
internal sealed class ClusterSession : IAsyncDisposable
{
    private readonly INode _node;
    private readonly EtcdClient _etcd;
    private readonly RouterNodes _routerNodes;
    private readonly BalancerFound _found;
    private readonly string? _stateFolder;
    private readonly TimeProvider _time;
    private ClusterSnapshot? _first;

    private ClusterSession(
        IProvider provider, BalancerFound found, Entrance entrance, ClusterSnapshot first, RouterNodes routerNodes, RouterLogs logs, Connect? connect,
        string? stateFolder, TimeProvider time)
    {
        (Provider, _found, _node, _etcd, _first) = (provider, found, entrance.Node, entrance.Etcd, first);
        (_routerNodes, _stateFolder, _time) = (routerNodes, stateFolder, time);
        Routers = entrance.Routers;
        Logs = logs;
        Traffic = new BalancerTraffic(connect, entrance.Node.OpenStreamAsync);
    }

    /// <summary>User and host, as the lock and the journal name whoever runs this.</summary>
    public static string Holder => $"{Environment.UserName}@{Environment.MachineName}";

    /// <summary>Reads, plans and checks the balancer.</summary>
    public IProvider Provider { get; }

    /// <summary>Names the balancer in the cluster's journal.</summary>
    public string BalancerKey => _found.Key;

    /// <summary>The routers.</summary>
    public IRouterControl Routers { get; }

    /// <summary>The routers' logs.</summary>
    public RouterLogs Logs { get; }

    /// <summary>Traffic through the load balancer.</summary>
    public IBalancerTraffic Traffic { get; }

    /// <summary>The routers' nodes.</summary>
    public IRouterNodes RouterNodes => _routerNodes;

    /// <summary>The node that etcd and routers are read through, for people.</summary>
    public string EnteredBy => _node.Name;

    /// <summary>Finds the balancer and enters the cluster, each as soon as it can be done.</summary>
    /// <param name="passOver">Is told why a node was passed over in favor of the next one.</param>
    /// <param name="connect">Connects to the balancer's address from here; null if it leads nowhere.</param>
    /// <exception cref="DeisProxyException">One of them is not there or cannot be reached.</exception>
    public static async Task<ClusterSession> OpenAsync(
        ConnectionSettings settings,
        INodeTransport transport,
        Action<DeisProxyException> passOver,
        Connect? connect,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var provider = ProviderList.Create(settings, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var known = new TaskCompletionSource<BalancerFound>(TaskCreationOptions.RunContinuationsAsynchronously);
        var entering = EnterAsync(settings, known.Task, transport, passOver, both.Token);
        try
        {
            var reading = await provider.ReadAsync(found => known.TrySetResult(found), cancellationToken);
            var (found, entrance) = (await known.Task, await entering);
            var routerNodes = new RouterNodes(entrance.Node, settings.Nodes, found.Nodes, transport);
            var logs = new RouterLogs(entrance.Node, settings.Nodes, transport);
            var first = new ClusterSnapshot { Balancer = reading.Balancer, Nodes = reading.Nodes, Router = entrance.First };
            return new ClusterSession(provider, found, entrance, first, routerNodes, logs, connect, settings.StateFolder, time);
        }
        catch
        {
            await both.CancelAsync();
            known.TrySetCanceled(CancellationToken.None);
            await ((Task)entering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (entering.IsCompletedSuccessfully)
            {
                await (await entering).DisposeAsync();
            }

            provider.Dispose();
            throw;
        }
    }

    /// <summary>Reads everything that is planned on; the first time it is what was read on the way in.</summary>
    /// <exception cref="DeisProxyException">Something cannot be read.</exception>
    public async Task<ClusterSnapshot> ObserveAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _first, null) is { } first)
        {
            return first;
        }

        var reading = Provider.ReadAsync(_ => { }, cancellationToken);
        var router = Routers.ReadAsync(cancellationToken);
        await Task.WhenAll(reading, router);
        return new ClusterSnapshot { Balancer = (await reading).Balancer, Nodes = (await reading).Nodes, Router = await router };
    }

    /// <summary>Reads the journal of this balancer, and writes it.</summary>
    /// <param name="warn">Is told when the copy on this machine cannot be kept.</param>
    public Journal OpenJournal(Action<string> warn) =>
        new(new EtcdRecordStore(_etcd, _found.Key), new LocalRecordStore(_found.Scope, _stateFolder), warn);

    /// <summary>Takes the cluster's lock; disposing it gives it back.</summary>
    /// <param name="warn">Is told when that did not succeed.</param>
    /// <exception cref="DeisProxyException">Another run holds it.</exception>
    public Task<RunLock> LockAsync(string command, Action<string> warn, CancellationToken cancellationToken) =>
        RunLock.AcquireAsync(_etcd, LockHolder.OfThisProcess(Holder, command, _time.GetUtcNow()), _time, warn, cancellationToken);

    /// <summary>Says who holds the cluster's lock.</summary>
    /// <returns>Who, with command and time; null if no run is under way.</returns>
    /// <exception cref="DeisProxyException">The cluster cannot be reached.</exception>
    public Task<string?> RunUnderWayAsync(CancellationToken cancellationToken) => RunLock.DescribeHolderAsync(_etcd, Holder, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Provider.Dispose();
        _etcd.Dispose();
        await _routerNodes.DisposeAsync();
        await _node.DisposeAsync();
    }

    private static async Task<Entrance> EnterAsync(
        ConnectionSettings settings, Task<BalancerFound> found, INodeTransport transport, Action<DeisProxyException> passOver,
        CancellationToken cancellationToken)
    {
        var addresses = settings.Nodes.Count > 0 ? settings.Nodes : AddressesOf(await found.WaitAsync(cancellationToken));
        var node = await FailoverNode.EnterAsync(transport, addresses, passOver, cancellationToken);
        try
        {
            var endpoints = settings.EtcdEndpoints.Count > 0 ? settings.EtcdEndpoints : EtcdClient.DefaultEndpoints;
            var etcd = await EtcdClient.ConnectAsync(node, endpoints, cancellationToken, settings.EtcdTimeout);
            settings.Detail?.Invoke($"Connected to {node.Name}; etcd at {etcd.Endpoint} as seen from there.");
            var routers = new ClusterRouters(node, etcd);
            return new Entrance(node, etcd, routers, await routers.ReadAsync(cancellationToken));
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    private static List<NodeAddress> AddressesOf(BalancerFound found)
    {
        var addresses = found.Nodes.Select(n => n.PublicAddress ?? n.PrivateAddress).OfType<string>().Select(NodeAddress.Parse).ToList();
        return addresses.Count > 0 ? addresses : throw new DeisProxyException(
            "no-node",
            $"The load balancer {found.Key} has no running instance to connect to.",
            "Name a node with --node or DEISCTL_TUNNEL, or check why no instance is registered.");
    }

    private sealed record Entrance(INode Node, EtcdClient Etcd, ClusterRouters Routers, RouterState First) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            Etcd.Dispose();
            return Node.DisposeAsync();
        }
    }
}
