using System.Net;
using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>How the bed for traffic is to be.</summary>
internal sealed record TrafficBedOptions
{
    public string Release { get; init; } = "1.12.3";

    /// <summary>Value of the routers' key; null: absent.</summary>
    public string? ProxyProtocol { get; init; } = "1";

    /// <summary>The network that the routers trust; null: the load balancer's.</summary>
    public string? RealIpCidr { get; init; }

    /// <summary>Whether the load balancer's listener for the web is in HTTP mode.</summary>
    public bool HttpMode { get; init; }

    public bool SendProxy { get; init; } = true;

    public bool SendProxyToBuilder { get; init; }

    public IReadOnlyDictionary<string, string> Keys { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>
/// Real routers (nginx) behind a real balancer (haproxy) that has an address of its own, with sshd as the node and as the builder, and on the node a
/// program named docker that shows the routers' logs.
/// </summary>
internal sealed class TrafficBed : IAsyncDisposable
{
    /// <summary>The load balancer's own address towards the routers; the routers are in another network.</summary>
    private const string BalancerAddress = "127.1.9.9";

    private const string BalancerNetwork = "127.1.9.0/24";

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly TemporaryDirectory _directory = new();

    public int WebPort { get; } = RealProcess.FreePort();

    public int BuilderPort { get; } = RealProcess.FreePort();

    /// <summary>Leads to the load balancer from another address than this machine's, as NAT does.</summary>
    public int NatPort { get; } = RealProcess.FreePort();

    public NginxRouters Routers { get; private set; } = null!;

    public SshServer Ssh { get; private set; } = null!;

    public INode Node { get; private set; } = null!;

    public EtcdClient Etcd { get; private set; } = null!;

    public ClusterSnapshot Snapshot { get; private set; } = null!;

    public static async Task<TrafficBed> StartAsync(TrafficBedOptions? options = null)
    {
        var settings = options ?? new TrafficBedOptions();
        var bed = new TrafficBed();
        try
        {
            var etcd = bed.Keep(await EtcdServer.StartAsync());
            if (settings.ProxyProtocol is { } value)
            {
                await etcd.SetAsync("/deis/router/proxyProtocol", value);
            }

            await etcd.SetAsync("/deis/router/proxyRealIpCidr", settings.RealIpCidr ?? BalancerNetwork);
            foreach (var (key, text) in settings.Keys)
            {
                await etcd.SetAsync(key, text);
            }

            bed.Routers = bed.Keep(await NginxRouters.StartAsync(etcd, new NginxRouterOptions { Count = 2, DeisVersion = settings.Release }));
            bed.Ssh = bed.Keep(await SshServer.StartAsync($"SetEnv PATH={bed._directory.Path}:/usr/bin:/bin SHLVL=5"));
            bed.ShowLogs();
            var servers = bed.Routers.Routers.Select(r => (r.Address, r.HttpPort)).ToArray();
            bed.Keep(await HaproxyBalancer.StartAsync(
                new HaproxyOptions { Source = BalancerAddress, HealthChecked = servers },
                new HaproxyListener(bed.WebPort, servers) { Http = settings.HttpMode, SendProxy = settings.SendProxy },
                new HaproxyListener(bed.BuilderPort, ("127.0.0.1", bed.Ssh.Port)) { SendProxy = settings.SendProxyToBuilder }));
            bed.Keep(await HaproxyBalancer.StartAsync(
                new HaproxyOptions { Source = "127.1.8.8" }, new HaproxyListener(bed.NatPort, ("127.0.0.1", bed.WebPort))));
            bed.Node = bed.Keep(await bed.Transport.ConnectAsync(NodeAddress.Parse(bed.Ssh.Address), CancellationToken.None));
            bed.Etcd = await EtcdClient.ConnectAsync(bed.Node, [etcd.Endpoint], CancellationToken.None);
            bed.Snapshot = bed.SnapshotOf(settings, await bed.RouterControl.ReadAsync(CancellationToken.None));
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    public ClusterRouters RouterControl => new(Node, Etcd);

    private OpenSshTransport Transport =>
        new(new SshOptions { User = Ssh.User, IdentityFile = Ssh.IdentityFile, KnownHostsFile = Ssh.KnownHostsFile, ConfigFile = "/dev/null" });

    public Uri Url(string path = "/", int? port = null) => new($"http://127.0.0.1:{port ?? WebPort}{path}");

    /// <summary>The part of verify under test, by the id of its checks.</summary>
    public async Task<IReadOnlyDictionary<string, CheckResult>> VerifyAsync(
        Uri? url = null, Uri? echo = null, Uri? socket = null, IPAddress? expected = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var logs = new RouterLogs(Node, [NodeAddress.Parse(Ssh.Address)], Transport);
        var goal = SetupGoal.Default;
        var (seen, checks) = await new VerifyTraffic(
            logs,
            Snapshot,
            goal.RouterPorts,
            RouterMode.Proxy,
            new TrafficSettings(url, echo, socket, expected),
            TimeProvider.System).RunAsync(limit.Token);
        return ElbChecks.Run(Snapshot, goal, made: null, seen).Concat(checks).ToDictionary(c => c.Id, StringComparer.Ordinal);
    }

    /// <summary>The node's docker shows what the routers have logged.</summary>
    public void ShowLogs() => Docker(
        $"""
        cat {string.Join(' ', Routers.Routers.Select(r => r.AccessLog))}
        sed 's/^/[INFO] - /' {string.Join(' ', Routers.Routers.Select(r => r.ErrorLog))}
        """);

    /// <summary>Replaces what the node's docker does for <c>docker logs</c>.</summary>
    public void Docker(string script) => _directory.WriteScript("docker", $"[ \"$1\" = logs ] || exit 1\n{script}");

    public async ValueTask DisposeAsync()
    {
        Etcd?.Dispose();
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        _directory.Dispose();
    }

    private ClusterSnapshot SnapshotOf(TrafficBedOptions settings, RouterState router)
    {
        var web = settings.HttpMode ? ListenerProtocol.Http : ListenerProtocol.Tcp;
        int[] ports = [.. settings.SendProxy ? [80] : Array.Empty<int>(), .. settings.SendProxyToBuilder ? [2222] : Array.Empty<int>()];
        return new ClusterSnapshot
        {
            Balancer = new ElbState
            {
                Stack = new StackInfo("deis", "arn:aws:cloudformation:us-east-1:123456789012:stack/deis/1", "CREATE_COMPLETE", "us-east-1"),
                LoadBalancer = new LoadBalancer
                {
                    Name = "deis",
                    DnsName = "127.0.0.1",
                    Listeners = [new(WebPort, web, 80, web, null, []), new(BuilderPort, ListenerProtocol.Tcp, 2222, ListenerProtocol.Tcp, null, [])],
                    Policies = [LoadBalancerPolicy.EnableProxyProtocol],
                    BackendPolicies = ports.Select(port => new BackendPolicies(port, [LoadBalancerPolicy.EnableProxyProtocol.Name])).ToValueList(),
                    HealthCheck = new HealthCheck(HealthCheckTarget.Parse("TCP:80"), 15, 5, 2, 4),
                    IdleTimeoutSeconds = 1200,
                    Instances = [new("i-1", "InService", "")],
                },
                Networks = [BalancerNetwork],
            },
            Nodes = [new Node("i-1", "127.0.0.1", null)],

            // The one node shows the logs of all routers.
            Router = router with { LiveRouters = [router.LiveRouters[0] with { Name = "127.0.0.1" }] },
        };
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}
