using System.Net;
using System.Security.Cryptography;
using System.Xml.Linq;

namespace DeisProxy.RealParts;

/// <summary>How a testbed is to be.</summary>
public sealed record TestbedOptions
{
    /// <summary>Nodes, each with a router.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Machines that the load balancer consists of; its name resolves to all their addresses.</summary>
    public int Balancers { get; init; } = 1;

    public string DeisVersion { get; init; } = "1.12.3";

    /// <summary>How often each router reads etcd.</summary>
    public TimeSpan RouterTick { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>How slow AWS is.</summary>
public sealed record CloudPace(TimeSpan ApiDelay, TimeSpan MinimumLag, TimeSpan MaximumLag)
{
    /// <summary>
    /// A call costs nothing, and balancers follow after a tenth of a second. With none at all they would take over the moment between a listener's
    /// end and its
    /// replacement, as no control plane does, and pay for it with a reload more, which takes longer than the moment did.
    /// </summary>
    public static CloudPace Immediate { get; } = new(TimeSpan.Zero, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.1));

    /// <summary>Half a second for a call, up to two for the balancers.</summary>
    public static CloudPace Lagging { get; } = new(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2));

    /// <summary>A call costs nothing, and each balancer follows in its own time, up to one and a half seconds apart.</summary>
    public static CloudPace Apart { get; } = new(TimeSpan.Zero, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1.6));

    internal TimeSpan NextLag() => MinimumLag + ((MaximumLag - MinimumLag) * (RandomNumberGenerator.GetInt32(1001) / 1000.0));
}

/// <summary>
/// A Deis cluster on AWS of real parts, each a machine of its own in a <see cref="PrivateNetwork"/>: nodes with nginx, sshd and iptables, haproxy
/// as the
/// load balancer, etcd; and moto as AWS's API, which the balancers follow. Made for watching the traffic while something changes.
/// </summary>
public sealed class Testbed : IAsyncDisposable
{
    public const string Stack = "deis";

    /// <summary>An address on the internet that is neither the operator's, nor a balancer's, nor a node's; sockets may be bound to it.</summary>
    public const string ClientAddress = "203.0.113.7";

    /// <summary>Where an application may listen that routers pass requests for /echo on to.</summary>
    public const string Application = $"{EtcdAddress}:8081";

    private const string OperatorAddress = "203.0.113.1";
    private const string ClusterBridge = "cluster";
    private const string InternetBridge = "internet";
    private const string OperatorBridge = "operators";
    private const string EtcdAddress = "10.21.1.2";

    private static readonly string[] Keys = ["/deis/router/proxyProtocol", "/deis/router/proxyRealIpCidr", "/deis-proxy"];

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly List<string> _bridges = [];
    private readonly TemporaryDirectory _directory = new();
    private readonly TestbedOptions _options;
    private TemporaryDirectory? _state;
    private Moto _moto = null!;
    private int? _inUse;

    private Testbed(TestbedOptions options) => _options = options;

    public EtcdServer Etcd { get; private set; } = null!;

    public RecordingProxy Aws { get; private set; } = null!;

    public IReadOnlyList<TestbedNode> Nodes { get; private set; } = [];

    public IReadOnlyList<TestbedBalancer> Balancers { get; private set; } = [];

    /// <summary>Those that the load balancer's name leads to.</summary>
    public IEnumerable<TestbedBalancer> BalancersInUse => Balancers.Take(_inUse ?? Balancers.Count);

    /// <summary>Name of the load balancer of the present stack.</summary>
    public string LoadBalancer { get; private set; } = "";

    /// <summary>The key that opens every node.</summary>
    public string IdentityFile => _directory["identity"];

    /// <summary>Knows every node.</summary>
    public string KnownHostsFile => _directory["known_hosts"];

    /// <summary>How slow AWS is from now on.</summary>
    public CloudPace Pace
    {
        get;
        set
        {
            field = value;
            Aws.Delay = value.ApiDelay;
        }
    } = CloudPace.Immediate;

    /// <summary>Options that lead deis-proxy to this cluster. The nodes' addresses it has from the API.</summary>
    public IReadOnlyList<string> ToolOptions =>
    [
        "--ssh-user", Nodes[0].Ssh.User, "--identity", IdentityFile, "--known-hosts", KnownHostsFile, "--ssh-config", "/dev/null",
        "--etcd-endpoint", Etcd.Endpoint.ToString(),
    ];

    /// <summary>What deis-proxy needs in its environment.</summary>
    public IReadOnlyDictionary<string, string> ToolEnvironment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = Aws.Endpoint.ToString(),
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["AWS_DEFAULT_REGION"] = "us-east-1",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["XDG_STATE_HOME"] = _state?.Path ?? _directory.Path,
    };

    /// <summary>Builds it; a stack comes with <see cref="ResetAsync"/>.</summary>
    public static async Task<Testbed> StartAsync(TestbedOptions? options = null)
    {
        var bed = new Testbed(options ?? new TestbedOptions());
        try
        {
            var moto = Moto.StartAsync();
            await bed.AddBridgeAsync(ClusterBridge, EtcdAddress);
            await bed.AddBridgeAsync(InternetBridge, OperatorAddress, ClientAddress);
            await bed.AddBridgeAsync(OperatorBridge, "192.0.2.1");
            bed.Etcd = bed.Keep(await EtcdServer.StartAsync(address: EtcdAddress));
            await bed.Etcd.SetAsync("/deis/platform/version", bed._options.DeisVersion);
            await SshServer.NewKeyAsync(bed.IdentityFile);
            bed.Nodes = await Task.WhenAll(Enumerable.Range(1, bed._options.Nodes).Select(bed.StartNodeAsync));
            await File.WriteAllTextAsync(bed.KnownHostsFile, string.Concat(bed.Nodes.Select(node => File.ReadAllText(node.Ssh.KnownHostsFile))));
            bed._moto = bed.Keep(await moto);
            bed.Aws = bed.Keep(new RecordingProxy(bed._moto.Endpoint, RealProcess.FreePort())
            {
                InstanceAddresses = [.. bed.Nodes.Select(node => (node.Address, node.OperatorAddress))],
                Changed = bed.Follow,
            });
            bed.Balancers = await Task.WhenAll(Enumerable.Range(1, bed._options.Balancers).Select(bed.StartBalancerAsync));
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// A new stack as Deis v1.5's template makes it, without port 443 on which no router listens; plain routers that read etcd in new phases; and
    /// the load
    /// balancer in step with the API.
    /// </summary>
    public async Task ResetAsync()
    {
        await SettledAsync();
        Pace = CloudPace.Immediate;
        _state?.Dispose();
        _state = new TemporaryDirectory();
        await _moto.ResetAsync();
        await Task.WhenAll(Keys.Select(Etcd.DeleteAsync));
        foreach (var node in Nodes)
        {
            node.OnConfd = ConfdBehavior.Renders;
            node.Rights = NodeRights.Root;
            node.Router.Stuck = false;
            node.ForgetLogs();
            await RestoreOperatorAsync(node);
            await node.Router.RenderNowAsync();
            await node.Router.RestartTicksAsync(_options.RouterTick * (RandomNumberGenerator.GetInt32(1000) / 1000.0));
        }

        var template = StackTemplate.NoLoadBalancer().WithInstances(_options.Nodes).LoadBalancer(
            "DeisWebELB", "HTTP:80/health-check", policy: false, (80, "HTTP", 80), (2222, "TCP", 2222));
        await AwsQuery.CallAsync(
            Aws.Endpoint, "cloudformation", "CreateStack", "2010-05-15", ("StackName", Stack), ("TemplateBody", template.ToString()));
        var resource = await AwsQuery.CallAsync(
            Aws.Endpoint, "cloudformation", "DescribeStackResource", "2010-05-15", ("StackName", Stack), ("LogicalResourceId", "DeisWebELB"));
        LoadBalancer = resource.Descendants().Single(e => e.Name.LocalName == "PhysicalResourceId").Value;
        await SetHostsAsync();
        Follow("CreateLoadBalancer");
        await SettledAsync();
        Aws.Forget();
    }

    /// <summary>Lets the load balancer's name lead to so many of its machines.</summary>
    public Task UseAsync(int balancers)
    {
        _inUse = balancers;
        return SetHostsAsync();
    }

    /// <summary>Waits until the balancers are in step with the API.</summary>
    public Task SettledAsync() => Task.WhenAll(Balancers.Select(balancer => balancer.SettledAsync()));

    /// <summary>The rules that hold connections, as <c>iptables-save</c> prints them on a node.</summary>
    public static Task<string> NodeRulesAsync(TestbedNode node) =>
        node.Network.RunAsync(RealProcess.Find("iptables-save", "install the Debian package iptables"));

    /// <summary>What deis-proxy has put into a node's /run, by name.</summary>
    public static IReadOnlyList<string> NodeFiles(TestbedNode node) =>
        [.. Directory.EnumerateFileSystemEntries($"/proc/{node.Ssh.ProcessId}/root/run", "deis-proxy*").Select(path => Path.GetFileName(path))];

    /// <summary>Cuts a node off from the operators: packets get lost, connections stay as they are. Clients still reach its router.</summary>
    public static Task CutOperatorAsync(TestbedNode node) => node.Network.PlugAsync(TestbedNode.OperatorDevice, connected: false);

    public static Task RestoreOperatorAsync(TestbedNode node) => node.Network.PlugAsync(TestbedNode.OperatorDevice, connected: true);

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Balancers.Concat<IAsyncDisposable>(Nodes))
        {
            await part.DisposeAsync();
        }

        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        foreach (var network in Nodes.Select(node => node.Network).Concat(Balancers.Select(balancer => balancer.Network)))
        {
            await network.DeleteAsync();
        }

        foreach (var bridge in _bridges)
        {
            await NetworkNamespace.IpAsync("link", "delete", "dev", bridge);
        }

        _state?.Dispose();
        _directory.Dispose();
    }

    private Task SetHostsAsync() =>
        PrivateNetwork.SetHostsAsync(BalancersInUse.Select(balancer => (balancer.Address, RecordingProxy.DnsName(LoadBalancer))));

    /// <summary>
    /// Adds a bridge with a hardware address of its own. Without one it takes the lowest of its ports', and loses what nodes send to the address
    /// that it had before a port was added.
    /// </summary>
    private async Task AddBridgeAsync(string name, params string[] addresses)
    {
        var hardware = string.Join(
            ':', IPAddress.Parse(addresses[0]).GetAddressBytes().Prepend((byte)0).Prepend((byte)2).Select(part => $"{part:x2}"));
        await NetworkNamespace.IpAsync("link", "add", "name", name, "address", hardware, "type", "bridge");
        _bridges.Add(name);
        foreach (var address in addresses)
        {
            await NetworkNamespace.IpAsync("address", "add", $"{address}/24", "dev", name);
        }

        await NetworkNamespace.IpAsync("link", "set", "dev", name, "up");
    }

    private Task<TestbedNode> StartNodeAsync(int number) => TestbedNode.StartAsync(
        new TestbedNodePlace(
            $"node{number}", $"10.21.1.{10 + number}", $"192.0.2.{10 + number}", ClusterBridge, OperatorBridge, WithSystemd: number > 1),
        Etcd,
        Version.Parse(_options.DeisVersion),
        _options.RouterTick,
        IdentityFile);

    private async Task<TestbedBalancer> StartBalancerAsync(int number)
    {
        var network = await NetworkNamespace.AddAsync($"elb{number}");
        var (address, source) = ($"203.0.113.{10 + number}", $"10.21.1.{200 + number}");
        await network.ConnectAsync(InternetBridge, "internet", $"{address}/24");
        await network.ConnectAsync(ClusterBridge, "cluster", $"{source}/24");
        return await TestbedBalancer.StartAsync(network, address, source, [.. Nodes.Select(node => node.Address)], DescribeAsync);
    }

    private Task<XDocument> DescribeAsync() => Aws.ReadLoadBalancerAsync(LoadBalancer);

    private void Follow(string action)
    {
        // While the stack is being made there is nothing to follow yet.
        if (action.Contains("LoadBalancer", StringComparison.Ordinal) || action == "ConfigureHealthCheck")
        {
            foreach (var balancer in Balancers)
            {
                balancer.ChangeAfter(Pace.NextLag());
            }
        }
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
