using System.Collections.Concurrent;

using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Sandbox.Aws;
using DeisProxy.Sandbox.Etcd;
using DeisProxy.Sandbox.Rackspace;
using DeisProxy.Sandbox.Router;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox;

/// <summary>
/// A Deis cluster on AWS in this process: CloudFormation, EC2, classic load balancers with a data plane, etcd, routers and an application.
/// Everything listens on 127.0.0.1 only. Disposing ends all of it and frees every port.
/// </summary>
public sealed class SandboxCloud : IAsyncDisposable
{
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<Exception> _defects = new();
    private readonly EtcdStore _store;
    private readonly CloudState _cloud;
    private readonly TrafficContext _traffic;
    private readonly List<DeisRouter> _routers = [];
    private TcpServer? _aws;
    private TcpServer? _etcd;
    private Task _expiring = Task.CompletedTask;
    private int _disposed;

    private SandboxCloud(SandboxOptions options)
    {
        Options = options;
        Network = new NetworkMap(options.Time);
        _cloud = new CloudState(options);
        _store = new EtcdStore(options.Time);
        var certificate = new Lazy<System.Security.Cryptography.X509Certificates.X509Certificate2>(() => Certificates.SelfSigned("sandbox"));
        _traffic = new TrafficContext(options, _cloud, Network, certificate, _defects.Enqueue);
        NodeCommands = new NodeCommands(node => _routers.Find(router => router.Node == node), Network, options);
    }

    /// <summary>What it was started with.</summary>
    public SandboxOptions Options { get; }

    /// <summary>The URL of all AWS services, for <c>AWS_ENDPOINT_URL</c>.</summary>
    public Uri AwsEndpoint { get; private set; } = null!;

    /// <summary>The URL of etcd as this machine sees it; a node sees it as <c>http://127.0.0.1:4001</c> too.</summary>
    public Uri EtcdEndpoint { get; private set; } = null!;

    /// <summary>The Rackspace account; null if the sandbox has none.</summary>
    public SandboxRackspace? Rackspace { get; private set; }

    /// <summary>The classic load balancers.</summary>
    public IReadOnlyList<LoadBalancer> LoadBalancers => _cloud.LoadBalancers;

    /// <summary>The stack's status, such as <c>UPDATE_IN_PROGRESS</c>.</summary>
    public string StackStatus
    {
        get => _cloud.StackStatus;
        set
        {
            lock (_cloud.Sync)
            {
                _cloud.StackStatus = value;
            }
        }
    }

    /// <summary>The routers, by node.</summary>
    public IReadOnlyList<DeisRouter> Routers => _routers;

    /// <summary>Private addresses of the nodes.</summary>
    public IReadOnlyList<string> Nodes => [.. _cloud.Instances.Select(instance => instance.PrivateAddress)];

    /// <summary>Faults on demand.</summary>
    public Faults Faults { get; } = new();

    /// <summary>Every remote call so far.</summary>
    public CallLog CallLog { get; } = new();

    /// <summary>The commands that the nodes know.</summary>
    public NodeCommands NodeCommands { get; }

    /// <summary>Errors of the sandbox itself, which no client can cause: always empty, or it is a bug.</summary>
    public IReadOnlyCollection<Exception> Defects => _defects;

    internal NetworkMap Network { get; }

    /// <summary>Starts it. When it returns, every port is open, every router serves and every instance has been checked once.</summary>
    /// <exception cref="DeisProxyException"><c>port-in-use</c>.</exception>
    public static async Task<SandboxCloud> StartAsync(SandboxOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var sandbox = new SandboxCloud(options);
        try
        {
            await sandbox.StartAsync(cancellationToken);
            return sandbox;
        }
        catch
        {
            await sandbox.DisposeAsync();
            throw;
        }
    }

    /// <summary>The load balancer of the stack's template (<c>DeisWebELB</c>), or the one with this logical id or name.</summary>
    public LoadBalancer FindLoadBalancer(string idOrName = "DeisWebELB") =>
        LoadBalancers.FirstOrDefault(candidate => candidate.LogicalId == idOrName || candidate.Name == idOrName)
        ?? throw new InvalidOperationException($"The sandbox has no load balancer '{idOrName}'.");

    /// <summary>Enters a node in the process, as SSH would.</summary>
    /// <exception cref="DeisProxyException"><c>ssh-unreachable</c>: there is no such node, or a fault keeps it from answering.</exception>
    public async Task<INode> ConnectNodeAsync(string node, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        var host = node.Split('@')[^1].Split(':')[0];
        var instance = _cloud.Instances.FirstOrDefault(candidate => candidate.PrivateAddress == host || candidate.PublicAddress == host)
            ?? throw new DeisProxyException(
                "ssh-unreachable",
                $"{node} cannot be reached: connect to host {host} port 22: No route to host.",
                "Name a node of the cluster with --node.");
        var connected = new InProcessNode(this, node, instance.PrivateAddress);
        await connected.EnterAsync(cancellationToken);
        return connected;
    }

    /// <summary>Keeps an error of the sandbox itself.</summary>
    internal void Defect(Exception error) => _defects.Enqueue(error);

    /// <summary>Whether new connections from elsewhere are held at a node now.</summary>
    public bool HoldsConnections(string node) => Network.IsHeld(node);

    /// <summary>Reads a key of etcd without a remote call.</summary>
    /// <returns>Its value; null when it is absent or a directory.</returns>
    public string? EtcdValue(string key) => _store.Value(EtcdStore.Clean(key));

    /// <summary>Writes or deletes a key of etcd without a remote call.</summary>
    /// <param name="value">Its value; null deletes it, with everything below.</param>
    public void SetEtcdValue(string key, string? value)
    {
        var write = new EtcdWrite(EtcdStore.Clean(key)) { Value = value ?? "" };
        if (value is not null)
        {
            _store.Put(write);
        }
        else if (_store.Exists(write.Path))
        {
            _store.Delete(write, recursive: true);
        }
    }

    /// <summary>Cuts every connection that is open to the AWS endpoint and to etcd: a network that goes away for a moment.</summary>
    public void CutServiceConnections()
    {
        _aws?.CutConnections();
        Rackspace?.CutConnections();
        _etcd?.CutConnections();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _expiring;
        var parts = new List<IAsyncDisposable?> { _aws, _etcd, Rackspace };
        parts.AddRange(LoadBalancers.Select(loadBalancer => loadBalancer.Traffic));
        parts.AddRange(_routers);
        await Task.WhenAll(parts.OfType<IAsyncDisposable>().Select(part => part.DisposeAsync().AsTask()));
        if (_traffic.Certificate.IsValueCreated)
        {
            _traffic.Certificate.Value.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _etcd = TcpServer.Start(
            Options.EtcdPort, new ServiceServer(new EtcdServer(_store, Options.Time), CallLog, Faults).ServeAsync, _defects.Enqueue);
        EtcdEndpoint = new Uri($"http://127.0.0.1:{_etcd.Port}");
        SetEtcdValue("/deis/platform/version", $"v{Options.PlatformVersion.TrimStart('v')}");
        foreach (var (key, value) in Options.EtcdKeys)
        {
            SetEtcdValue(key, value);
        }

        _expiring = ExpireAsync();
        var routers = new RouterContext(Options, _store, Network, Faults, _traffic.Certificate, _defects.Enqueue);
        foreach (var instance in _cloud.Instances.Take(Options.Routers))
        {
            cancellationToken.ThrowIfCancellationRequested();
            _routers.Add(new DeisRouter(instance.PrivateAddress, Options.RouterInterval * _cloud.Random.NextDouble(), routers));
        }

        foreach (var loadBalancer in Options.LoadBalancers)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _cloud.LoadBalancers = _cloud.LoadBalancers.Add(CreateLoadBalancer(loadBalancer));
        }

        _aws = TcpServer.Start(Options.AwsPort, new ServiceServer(new AwsEndpoint(_cloud), CallLog, Faults).ServeAsync, _defects.Enqueue);
        AwsEndpoint = new Uri($"http://127.0.0.1:{_aws.Port}");
        Rackspace = Options.Rackspace is { } rackspace ? new SandboxRackspace(rackspace, _traffic, CallLog, Faults) : null;
        await Task.WhenAll(_cloud.LoadBalancers.Select(loadBalancer => loadBalancer.Traffic.FirstChecks)).WaitAsync(cancellationToken);
        await (Rackspace?.FirstChecks ?? Task.CompletedTask).WaitAsync(cancellationToken);
    }

    private LoadBalancer CreateLoadBalancer(LoadBalancerOptions options)
    {
        var state = LoadBalancerFactory.InitialState(_cloud, options);
        var traffic = new LoadBalancerTraffic(_traffic, state);
        return new LoadBalancer(options, $"{Options.Region}.{Options.DnsZone}", Options.Time.GetUtcNow(), state, traffic);
    }

    private async Task ExpireAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await Task.Delay(ExpiryInterval, Options.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _store.RemoveExpired();
        }
    }
}
