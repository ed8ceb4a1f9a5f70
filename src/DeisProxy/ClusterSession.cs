using DeisProxy.Aws;
using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Traffic;

namespace DeisProxy;

/// <summary>Connections to the provider and, through a node, to the cluster, for the length of one command.</summary>
internal sealed class ClusterSession : IAsyncDisposable
{
    private readonly AwsClients _clients;
    private readonly INode _node;
    private readonly EtcdClient _etcd;
    private readonly string _loadBalancerName;
    private readonly StackInfo _stack;
    private readonly ValueList<Node> _nodes;
    private readonly ValueList<string> _networks;
    private readonly Surroundings _surroundings;
    private readonly string? _stateFolder;
    private readonly TimeProvider _time;

    private readonly RouterNodes _routerNodes;

    private ClusterSession(
        AwsClients clients,
        INode node,
        EtcdClient etcd,
        string loadBalancerName,
        StackInfo stack,
        ValueList<Node> nodes,
        ValueList<string> networks,
        Surroundings surroundings,
        RouterLogs logs,
        RouterNodes routerNodes,
        Connect? connect,
        string? stateFolder,
        TimeProvider time)
    {
        (_clients, _node, _etcd, _loadBalancerName, _stack, _nodes, _networks, _surroundings, _stateFolder, _time) =
            (clients, node, etcd, loadBalancerName, stack, nodes, networks, surroundings, stateFolder, time);
        LoadBalancer = new ClassicLoadBalancer(clients, loadBalancerName, time);
        Routers = new ClusterRouters(node, etcd);
        Logs = logs;
        Traffic = new BalancerTraffic(connect, node.OpenStreamAsync);
        _routerNodes = routerNodes;
    }

    /// <summary>The load balancer.</summary>
    public ILoadBalancerControl LoadBalancer { get; }

    /// <summary>The routers.</summary>
    public IRouterControl Routers { get; }

    /// <summary>The routers' logs.</summary>
    public RouterLogs Logs { get; }

    /// <summary>Traffic through the load balancer.</summary>
    public IBalancerTraffic Traffic { get; }

    /// <summary>The routers' nodes.</summary>
    public IRouterNodes RouterNodes => _routerNodes;

    /// <summary>User and host, as the lock and the journal name whoever runs this.</summary>
    public static string Holder => $"{Environment.UserName}@{Environment.MachineName}";

    /// <summary>The node that the cluster is entered by, for people.</summary>
    public string EnteredBy => _node.Name;

    /// <summary>Reads the journal of this load balancer, and writes it.</summary>
    public Journal OpenJournal(Action<string> warn) => new(
        new EtcdRecordStore(_etcd, _loadBalancerName), new LocalRecordStore($"{_stack.Account}-{_stack.Region}-{_loadBalancerName}", _stateFolder), warn);

    /// <summary>Takes the cluster's lock.</summary>
    public Task<RunLock> LockAsync(string command, CancellationToken cancellationToken) =>
        RunLock.AcquireAsync(_etcd, LockHolder.OfThisProcess(Holder, command, _time.GetUtcNow()), _time, cancellationToken);

    /// <summary>Says who holds the cluster's lock.</summary>
    /// <returns>Who, with command and time; null if no run is under way.</returns>
    public Task<string?> RunUnderWayAsync(CancellationToken cancellationToken) => RunLock.DescribeHolderAsync(_etcd, Holder, cancellationToken);

    /// <summary>Finds the load balancer, then enters the cluster.</summary>
    /// <param name="passOver">Is told why a node was passed over in favor of the next one.</param>
    /// <param name="connect">Connects to the load balancer's DNS name from here; null if it leads nowhere.</param>
    public static async Task<ClusterSession> OpenAsync(
        ConnectionSettings settings,
        INodeTransport transport,
        Action<DeisProxyException> passOver,
        Connect? connect,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var clients = AwsClients.Create(settings.Aws);
        INode? node = null;
        try
        {
            var reader = new StackReader(clients);
            var (stack, loadBalancer) = await reader.FindAsync(settings.Stack, settings.LoadBalancer, cancellationToken);
            var (nodes, networks) = await reader.ReadNodesAsync(loadBalancer, cancellationToken);
            var surroundings = await new SurroundingsReader(clients).ReadAsync(loadBalancer, nodes, cancellationToken);
            node = await FailoverNode.EnterAsync(
                transport, settings.Nodes.Count > 0 ? settings.Nodes : AddressesOf(nodes, loadBalancer), passOver, cancellationToken);
            var endpoints = settings.EtcdEndpoints.Count > 0 ? settings.EtcdEndpoints : EtcdClient.DefaultEndpoints;
            var etcd = await EtcdClient.ConnectAsync(node, endpoints, cancellationToken, settings.Aws.CallTimeout);
            var logs = new RouterLogs(node, settings.Nodes, transport);
            var routerNodes = new RouterNodes(node, settings.Nodes, nodes, transport);
            return new ClusterSession(clients, node, etcd, loadBalancer, stack, nodes, networks, surroundings, logs, routerNodes, connect, settings.StateFolder, time);
        }
        catch
        {
            clients.Dispose();
            if (node is not null)
            {
                await node.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Reads everything that is planned on.</summary>
    public async Task<ClusterSnapshot> ObserveAsync(CancellationToken cancellationToken)
    {
        var balancer = LoadBalancer.ReadAsync(cancellationToken);
        var router = Routers.ReadAsync(cancellationToken);
        await Task.WhenAll(balancer, router);
        return new ClusterSnapshot
        {
            Stack = _stack,
            LoadBalancer = await balancer,
            Nodes = _nodes,
            LoadBalancerNetworks = _networks,
            Router = await router,
            Surroundings = _surroundings,
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _clients.Dispose();
        _etcd.Dispose();
        await _routerNodes.DisposeAsync();
        await _node.DisposeAsync();
    }

    private static List<NodeAddress> AddressesOf(ValueList<Node> nodes, string loadBalancer)
    {
        var addresses = nodes.Select(n => n.PublicAddress ?? n.PrivateAddress).OfType<string>().Select(NodeAddress.Parse).ToList();
        return addresses.Count > 0 ? addresses : throw new DeisProxyException(
            "no-node",
            $"The load balancer {loadBalancer} has no running instance to enter the cluster by.",
            "Name a node with --node or DEISCTL_TUNNEL, or look why no instance is registered.");
    }
}
