using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

public sealed class SetupPlannerTests
{
    private static Plan Plan(ClusterSnapshot snapshot, SetupGoal? goal = null) => SetupPlanner.Plan(snapshot, goal ?? SetupGoal.Default);

    private static T Only<T>(Plan plan)
        where T : Step => plan.Steps.OfType<T>().ShouldHaveSingleItem();

    [Fact]
    public void A_v1_5_stack_gets_every_step_in_the_safe_order()
    {
        var plan = Plan(Snapshots.Deis15);

        plan.Blockers.ShouldBeEmpty();
        plan.Warnings.Select(w => w.Id).ShouldBe(["cloudformation-drift"]);
        plan.Steps.Select(s => $"{s.Id}: {s.FromText} → {s.ToText}").ShouldBe(
        [
            "health-check: HTTP:80/health-check → TCP:80",
            "idle-timeout: 60 s → 1200 s",
            "policy: none → EnableProxyProtocol (ProxyProtocolPolicyType: ProxyProtocol=true)",
            "listener-80: HTTP:80→HTTP:80 → TCP:80→TCP:80",
            "flip: proxyProtocol not set; instance port 80: none; instance port 443: none → proxyProtocol = 1; instance port 80: "
                + "EnableProxyProtocol; instance port 443: EnableProxyProtocol",
        ]);
        Only<HealthCheckStep>(plan).To.ShouldBe(Snapshots.Deis15.LoadBalancer.HealthCheck with { Target = new(ListenerProtocol.Tcp, 80, null) });
    }

    [Fact]
    public void A_v1_6_stack_lacks_only_the_key()
    {
        var start = Snapshots.Deis15.After(Plan(Snapshots.Deis15).Steps).WithRouter(r => r with { ProxyProtocol = null });

        var flip = Plan(start).Steps.ShouldHaveSingleItem().ShouldBeOfType<FlipStep>();

        flip.To.ShouldBe(new FlipState("1", []));
    }

    [Theory]
    [InlineData("HTTP:80/health-check", "TCP:80")]
    [InlineData("HTTPS:443/health-check", "TCP:443")]
    [InlineData("SSL:443", "TCP:443")]
    [InlineData("TCP:80", "TCP:80")]
    [InlineData("HTTP:9090/health-check", "HTTP:9090/health-check")]
    [InlineData("TCP:2222", "TCP:2222")]
    public void Health_check_targets(string before, string after)
    {
        var start = Snapshots.Deis15.With(l => l with { HealthCheck = l.HealthCheck with { Target = HealthCheckTarget.Parse(before) } });

        start.After(Plan(start).Steps).LoadBalancer.HealthCheck.ShouldBe(
            start.LoadBalancer.HealthCheck with { Target = HealthCheckTarget.Parse(after) });
    }

    [Theory]
    [InlineData(60, 1200, 1200)]
    [InlineData(3600, 1200, 3600)]
    [InlineData(60, null, 60)]
    [InlineData(60, 300, 300)]
    public void Idle_timeout_is_only_ever_raised(int before, int? wanted, int after)
    {
        var start = Snapshots.Deis15.With(l => l with { IdleTimeoutSeconds = before });
        var plan = Plan(start, SetupGoal.Default with { IdleTimeoutSeconds = wanted });

        start.After(plan.Steps).LoadBalancer.IdleTimeoutSeconds.ShouldBe(after);
    }

    [Fact]
    public void Https_becomes_ssl_with_the_same_certificate_and_ciphers_and_says_that_stickiness_is_lost()
    {
        var start = Snapshots.Deis15.With(l => l with
        {
            Listeners = [Snapshots.Http(80, 80), Snapshots.Https(443, 80, Snapshots.Ciphers.Name, Snapshots.Sticky.Name), Snapshots.Tcp(2222, 2222)],
            Policies = [Snapshots.Ciphers, Snapshots.Sticky],
        });

        var plan = Plan(start);

        plan.Steps.OfType<ListenerStep>().Single(s => s.LoadBalancerPort == 443).To
            .ShouldBe(new Listener(443, ListenerProtocol.Ssl, 80, ListenerProtocol.Tcp, Snapshots.Certificate, [Snapshots.Ciphers.Name]));
        Only<FlipStep>(plan).To.BackendPolicies.ShouldBe([new(80, ["EnableProxyProtocol"])]);
        plan.Warnings.Select(w => w.Id).ShouldBe(["stickiness-lost", "scheme-lost", "cloudformation-drift"]);
    }

    [Fact]
    public void Other_backend_policies_are_merged()
    {
        var start = Snapshots.Deis15.With(l => l with
        {
            Policies = [Snapshots.BackendAuthentication],
            BackendPolicies = [new(443, [Snapshots.BackendAuthentication.Name])],
        });

        Only<FlipStep>(Plan(start)).To.BackendPolicies.ShouldBe(
            [new(80, ["EnableProxyProtocol"]), new(443, ["EnableProxyProtocol", "backend-auth"])]);
    }

    [Fact]
    public void A_policy_is_found_by_its_type_whatever_its_name()
    {
        var kubernetes = new LoadBalancerPolicy("k8s-proxyprotocol-enabled", LoadBalancerPolicy.ProxyProtocolType, [new("ProxyProtocol", "True")]);
        var plan = Plan(Snapshots.Deis15.With(l => l with { Policies = [kubernetes] }));

        plan.Steps.OfType<PolicyStep>().ShouldBeEmpty();
        Only<FlipStep>(plan).To.BackendPolicies[0].PolicyNames.ShouldBe([kubernetes.Name]);
    }

    [Theory]
    [InlineData("10.21.0.0/16", null, null)]
    [InlineData("172.31.0.0/16", null, "172.31.0.0/16")]
    [InlineData("172.31.0.0/16", "172.16.0.0/12", "172.16.0.0/12")]
    [InlineData("10.21.0.0/16", "192.168.0.0/16", "10.21.0.0/16")]
    [InlineData("10.21.0.0/16", "nonsense", "10.21.0.0/16")]
    [InlineData("172.30.8.0/24 172.30.9.0/24", null, "172.30.8.0/23")]
    public void Real_ip_network_follows_the_load_balancers(string networks, string? before, string? after)
    {
        var start = Snapshots.Deis15.WithRouter(r => r with { ProxyRealIpCidr = before }).WithElb(
            s => s with { Networks = [.. networks.Split(' ')] });

        start.After(Plan(start).Steps).Router.ProxyRealIpCidr.ShouldBe(after);
    }

    [Fact]
    public void Real_ip_network_can_be_kept_or_named()
    {
        var start = Snapshots.Deis15.WithElb(s => s with { Networks = ["172.31.0.0/16"] });

        Plan(start, SetupGoal.Default with { RealIpCidr = RealIpGoal.Keep }).Steps.OfType<RealIpCidrStep>().ShouldBeEmpty();
        Only<RealIpCidrStep>(Plan(start, SetupGoal.Default with { RealIpCidr = new RealIpGoal("172.0.0.0/8") })).To.ShouldBe("172.0.0.0/8");
    }

    [Fact]
    public void A_wide_or_unknown_load_balancer_network_is_said()
    {
        Plan(Snapshots.Deis15.WithElb(s => s with { Networks = ["10.21.0.0/16", "172.31.0.0/16"] })).Warnings.Select(w => w.Id).ShouldBe(
            ["real-ip-network-wide", "cloudformation-drift"]);
        Plan(Snapshots.Deis15.WithElb(s => s with { Networks = [] })).Warnings.Select(w => w.Id).ShouldBe(
            ["load-balancer-network-unknown", "cloudformation-drift"]);
    }

    [Fact]
    public void Blockers()
    {
        Blocked(Snapshots.Deis15.WithRouter(r => r with { Version = new DeisVersion(1, 5, 2) })).ShouldBe("router-too-old");
        Blocked(Snapshots.Deis15.WithRouter(r => r with { Version = null })).ShouldBe("router-version-unknown");
        Blocked(Snapshots.Deis15.WithElb(s => s with { Stack = s.Stack with { Status = "UPDATE_IN_PROGRESS" } })).ShouldBe("stack-busy");
        Blocked(Snapshots.Deis15.WithRouter(r => r with { LiveRouters = [] })).ShouldBe("no-live-router");
        Blocked(Snapshots.Deis15.With(l => l with { Listeners = [Snapshots.Tcp(2222, 2222)] })).ShouldBe("no-router-listener");
        Blocked(Snapshots.Deis15.With(l => l with { Listeners = [Snapshots.Tcp(443, 443) with { InstanceProtocol = ListenerProtocol.Ssl }] }))
            .ShouldBe("backend-encrypted");
        Blocked(Snapshots.Deis15.With(l => l with
        {
            Policies = [new("EnableProxyProtocol", LoadBalancerPolicy.ProxyProtocolType, [new("ProxyProtocol", "false")])],
        }))
            .ShouldBe("policy-name-taken");

        static string Blocked(ClusterSnapshot snapshot) => Plan(snapshot).Blockers.ShouldHaveSingleItem().Id;
    }

    [Theory]
    [InlineData(ListenerProtocol.Http, null, true)]
    [InlineData(ListenerProtocol.Http, "1", false)]
    [InlineData(ListenerProtocol.Tcp, null, false)]
    public void A_policy_that_waits_behind_an_HTTP_listener_blocks(ListenerProtocol protocol, string? key, bool blocked)
    {
        var start = Snapshots.Deis15.WithRouter(r => r with { ProxyProtocol = key }).With(l => l with
        {
            Listeners = [Snapshots.Http(80, 80) with { Protocol = protocol, InstanceProtocol = protocol }],
            Policies = [LoadBalancerPolicy.EnableProxyProtocol, Snapshots.BackendAuthentication],
            BackendPolicies = [new(80, ["EnableProxyProtocol", "backend-auth"])],
        });

        var plan = Plan(start);

        plan.Blockers.Select(b => b.Id).ShouldBe(blocked ? ["proxy-policy-stale"] : []);
        plan.Blockers.ShouldAllBe(b => b.Remedy.EndsWith("--policy-names backend-auth", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_router_port_cannot_be_left_out_while_something_listens_there(bool certificate, bool blocked)
    {
        var start = Snapshots.Deis15.WithRouter(r => r with { HasCertificate = certificate });

        Plan(start, SetupGoal.Default with { RouterPorts = [80] }).Blockers.Select(b => b.Id).ShouldBe(blocked ? ["router-port-left-out"] : []);
    }

    [Theory]
    [InlineData("1.6.0", true, false, true)]
    [InlineData("1.7.3", false, true, false)]
    [InlineData("1.8.0", false, true, true)]
    [InlineData("1.13.4", false, false, false)]
    public void Redirect_loop(string version, bool enforce, bool hsts, bool loops)
    {
        var start = Snapshots.Deis15
            .With(l => l with { Listeners = [Snapshots.Https(443, 80)] })
            .WithRouter(r => r with { Version = DeisVersion.TryParse(version), EnforcesHttps = enforce, HstsEnabled = hsts });

        Plan(start).Blockers.Select(b => b.Id).ShouldBe(loops ? ["redirect-loop"] : []);

        var allowed = Plan(start, SetupGoal.Default with { AllowRedirectLoop = true });
        allowed.Blockers.ShouldBeEmpty();
        allowed.Warnings.Select(w => w.Id).ShouldBe([loops ? "redirect-loop" : "scheme-lost", "cloudformation-drift"]);

        // A second run must not fail because of what the first was told to accept.
        Plan(start.After(allowed.Steps)).ShouldSatisfyAllConditions(p => p.Blockers.ShouldBeEmpty(), p => p.Steps.ShouldBeEmpty());
        Plan(start.After(allowed.Steps), SetupGoal.Default with { IdleTimeoutSeconds = 3000 }).Blockers.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("1.6.0", "false", true)]
    [InlineData("1.12.3", "", true)]
    [InlineData("1.13.0", "false", false)]
    [InlineData("1.13.0", "", false)]
    [InlineData("1.13.0", "0", true)]
    [InlineData("1.6.0", null, false)]
    [InlineData("1.5.2", "1", false)]
    public void When_routers_demand_the_line(string version, string? value, bool demands)
    {
        var router = Snapshots.Deis15.Router with { Version = DeisVersion.TryParse(version) };

        router.Demands(value).ShouldBe(demands);
    }

    [Theory]
    [InlineData("v1.6.0", "v1.6.0")]
    [InlineData("1.13.4", "v1.13.4")]
    [InlineData("v1.13.4-rc1", "v1.13.4")]
    [InlineData("git-abc1234", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void Versions(string? text, string? version) => DeisVersion.TryParse(text)?.ToString().ShouldBe(version);

    [Theory]
    [InlineData("TCP80")]
    [InlineData(":80")]
    [InlineData("FTP:80")]
    [InlineData("HTTP:/80")]
    public void What_is_no_health_check_target_is_refused(string text) => Should.Throw<FormatException>(() => HealthCheckTarget.Parse(text));
}
