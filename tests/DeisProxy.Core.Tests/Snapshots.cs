using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using FsCheck;
using FsCheck.Fluent;

namespace DeisProxy.Core.Tests;

/// <summary>Snapshots by hand and at random.</summary>
internal static class Snapshots
{
    public const string Certificate = "arn:aws:iam::123456789012:server-certificate/deis";

    public static readonly LoadBalancerPolicy Ciphers = new("deis-ciphers", LoadBalancerPolicy.SslNegotiationType, [new("Protocol-TLSv1.2", "true")]);
    public static readonly LoadBalancerPolicy Sticky = new("sticky", "LBCookieStickinessPolicyType", []);
    public static readonly LoadBalancerPolicy BackendAuthentication = new("backend-auth", "BackendServerAuthenticationPolicyType", []);

    /// <summary>What the v1.5.0 template makes, with routers of v1.6.0.</summary>
    public static ClusterSnapshot Deis15 { get; } = new()
    {
        Balancer = new ElbState
        {
            Stack = new StackInfo("deis", "arn:aws:cloudformation:us-east-1:123456789012:stack/deis/1", "CREATE_COMPLETE", "us-east-1"),
            LoadBalancer = new LoadBalancer
            {
                Name = "deis-DeisWebE-17PGCR3KPJC54",
                DnsName = "deis-DeisWebE-17PGCR3KPJC54-1234567890.us-east-1.elb.amazonaws.com",
                Listeners = [Http(80, 80), Tcp(443, 443), Tcp(2222, 2222)],
                Policies = [],
                BackendPolicies = [],
                HealthCheck = new HealthCheck(HealthCheckTarget.Parse("HTTP:80/health-check"), 15, 5, 2, 4),
                IdleTimeoutSeconds = 60,
                Instances = [new("i-1", "InService", ""), new("i-2", "InService", ""), new("i-3", "OutOfService", "")],
            },
            Networks = ["10.21.0.0/16"],
        },
        Nodes = [new("i-1", "10.21.1.1", "198.51.100.1"), new("i-2", "10.21.1.2", null), new("i-3", "10.21.2.3", null)],
        Router = new RouterState
        {
            Version = new DeisVersion(1, 6, 0),
            ProxyProtocol = null,
            ProxyRealIpCidr = null,
            EnforcesHttps = false,
            HstsEnabled = false,
            HasCertificate = false,
            LiveRouters = [new("10.21.1.1", "10.21.1.1", 80), new("10.21.1.2", "10.21.1.2", 80)],
        },
    };

    public static Listener Http(int port, int instancePort) => new(port, ListenerProtocol.Http, instancePort, ListenerProtocol.Http, null, []);

    public static Listener Tcp(int port, int instancePort) => new(port, ListenerProtocol.Tcp, instancePort, ListenerProtocol.Tcp, null, []);

    public static Listener Https(int port, int instancePort, params string[] policies) =>
        new(port, ListenerProtocol.Https, instancePort, ListenerProtocol.Http, Certificate, [.. policies]);

    public static ClusterSnapshot With(this ClusterSnapshot snapshot, Func<LoadBalancer, LoadBalancer> change) =>
        snapshot.WithLoadBalancer(change(snapshot.LoadBalancer));

    public static ClusterSnapshot WithRouter(this ClusterSnapshot snapshot, Func<RouterState, RouterState> change) =>
        snapshot with { Router = change(snapshot.Router) };

    public static ClusterSnapshot WithElb(this ClusterSnapshot snapshot, Func<ElbState, ElbState> change) =>
        snapshot with { Balancer = change((ElbState)snapshot.Balancer!) };

    /// <summary>Plans the way back from what setup with this goal makes of the original.</summary>
    public static Plan Teardown(ClusterSnapshot current, ClusterSnapshot? original, SetupGoal goal) =>
        TeardownPlanner.Plan(current, original, original?.After(SetupPlanner.Plan(original, goal).Steps), goal);

    public static ClusterSnapshot After(this ClusterSnapshot snapshot, IEnumerable<Step> steps) =>
        steps.Aggregate(snapshot, (state, step) => step.ApplyTo(state));
}

/// <summary>Any load balancer that AWS would accept, in front of any routers.</summary>
public static class AnyCluster
{
    private static readonly (ListenerProtocol Front, ListenerProtocol Back)[] Pairs =
    [
        (ListenerProtocol.Http, ListenerProtocol.Http), (ListenerProtocol.Https, ListenerProtocol.Http), (
            ListenerProtocol.Http, ListenerProtocol.Https),
        (ListenerProtocol.Https, ListenerProtocol.Https), (ListenerProtocol.Tcp, ListenerProtocol.Tcp), (ListenerProtocol.Ssl, ListenerProtocol.Tcp),
        (ListenerProtocol.Tcp, ListenerProtocol.Ssl), (ListenerProtocol.Ssl, ListenerProtocol.Ssl),
    ];

    public static Arbitrary<ClusterSnapshot> Snapshot() => Arb.From(
        from balancer in LoadBalancer()
        from router in Router()
        from networks in Gen.SubListOf("10.21.0.0/16", "172.31.0.0/16", "172.30.8.0/24", "192.168.7.0/24")
        from surroundings in Gen.Frequency((3, Gen.Constant(new Surroundings())), (1, Surroundings()))
        select Snapshots.Deis15 with
        {
            Balancer = new ElbState
            {
                Stack = Snapshots.Deis15.Stack,
                LoadBalancer = balancer,
                Networks = networks.ToValueList(),
                Surroundings = surroundings,
            },
            Router = router,
        });

    private static Gen<Surroundings> Surroundings() =>
        from port in Gen.Elements(80, 443, 2222)
        from proxied in Gen.SubListOf(80, 443)
        select new Surroundings
        {
            OtherLoadBalancers = [new("other", [Snapshots.Tcp(port, port)], proxied.ToValueList())],
            LoadBalancerSecurityGroups = ["sg-elb"],
            NodeSecurityGroups = [new("sg-node", [new("tcp", 80, 80, ["sg-elb"], [], AdmitsOthers: false)])],
            Unread = [new("the weather", "There is no window.")],
        };

    private static Gen<LoadBalancer> LoadBalancer() =>
        from ports in Gen.SubListOf(80, 443, 2222, 8080, 8443, 9000)
        from listeners in Gen.CollectToList(ports, Listener)
        from proxyPolicy in Gen.Elements(
            null,
            LoadBalancerPolicy.EnableProxyProtocol,
            new("k8s-proxyprotocol-enabled", LoadBalancerPolicy.ProxyProtocolType, [new("ProxyProtocol", "True")]),
            new("EnableProxyProtocol", LoadBalancerPolicy.ProxyProtocolType, [new("ProxyProtocol", "false")]))
        let policies = new[] { Snapshots.Ciphers, Snapshots.Sticky, Snapshots.BackendAuthentication, proxyPolicy }.OfType<LoadBalancerPolicy>()
        from backend in Gen.CollectToList(listeners.Select(l => l.InstancePort).Distinct().Order(), port =>
            from names in Gen.SubListOf(policies
                .Where(p => p.TypeName is LoadBalancerPolicy.ProxyProtocolType or "BackendServerAuthenticationPolicyType")
                .Select(p => p.Name))
            select new BackendPolicies(port, names.Order(StringComparer.Ordinal).ToValueList()))
        from target in Gen.Elements("HTTP:80/health-check", "TCP:80", "SSL:443", "HTTPS:443/", "HTTP:9090/health-check", "TCP:2222")
        from idle in Gen.Elements(1, 60, 1199, 1200, 3600)
        select Snapshots.Deis15.LoadBalancer with
        {
            Listeners = listeners.ToValueList(),
            Policies = policies.OrderBy(p => p.Name, StringComparer.Ordinal).ToValueList(),
            BackendPolicies = backend.Where(b => b.PolicyNames.Count > 0).ToValueList(),
            HealthCheck = Snapshots.Deis15.LoadBalancer.HealthCheck with { Target = HealthCheckTarget.Parse(target) },
            IdleTimeoutSeconds = idle,
        };

    private static Gen<Listener> Listener(int port) =>
        from pair in Gen.Frequency(
            (9, Gen.Elements(Pairs.Where(p => p.Back is ListenerProtocol.Http or ListenerProtocol.Tcp).ToArray())), (1, Gen.Elements(Pairs)))
        from instancePort in Gen.Elements(80, 443, 2222, 9000)
        from policies in pair.Front switch
        {
            ListenerProtocol.Https => Gen.SubListOf(Snapshots.Ciphers.Name, Snapshots.Sticky.Name),
            ListenerProtocol.Http => Gen.SubListOf(Snapshots.Sticky.Name),
            ListenerProtocol.Ssl => Gen.SubListOf(Snapshots.Ciphers.Name),
            _ => Gen.Constant(new List<string>()),
        }
        let certificate = pair.Front is ListenerProtocol.Https or ListenerProtocol.Ssl ? Snapshots.Certificate : null
        select new Listener(port, pair.Front, instancePort, pair.Back, certificate, policies.Order(StringComparer.Ordinal).ToValueList());

    private static Gen<RouterState> Router() =>
        from version in Gen.Frequency(
            (1, Gen.Constant<DeisVersion?>(new DeisVersion(1, 5, 2))),
            (9, Gen.Elements<DeisVersion?>(new DeisVersion(1, 6, 0), new DeisVersion(1, 8, 0), new DeisVersion(1, 13, 4))))
        from key in Gen.Elements(null, "", "false", "1", "true")
        from cidr in Gen.Elements(null, "10.0.0.0/8", "172.31.0.0/16", "0.0.0.0/0", "nonsense")
        from enforce in Gen.Elements(true, false)
        from hsts in Gen.Elements(true, false)
        from certificate in Gen.Elements(true, false)
        from routers in Gen.Frequency((1, Gen.Constant(Array.Empty<LiveRouter>())), (9, Gen.Constant(Snapshots.Deis15.Router.LiveRouters.ToArray())))
        select new RouterState
        {
            Version = version,
            ProxyProtocol = key,
            ProxyRealIpCidr = cidr,
            EnforcesHttps = enforce,
            HstsEnabled = hsts,
            HasCertificate = certificate,
            LiveRouters = routers.ToValueList(),
        };
}
