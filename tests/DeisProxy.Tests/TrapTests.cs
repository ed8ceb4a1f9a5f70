using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>Every trap, provoked end to end: the sandbox is in the state, and the real command line meets it.</summary>
public sealed class TrapTests
{
    private static readonly SandboxOptions Deis15 = SandboxOptions.DeisV15;

    private static readonly Policy Proxy = new("EnableProxyProtocol", "ProxyProtocolPolicyType", [new("ProxyProtocol", "true")]);

    private static readonly LoadBalancerOptions WithCertificate = LoadBalancerOptions.DeisV15 with
    {
        Listeners =
        [
            new("HTTP", 80, "HTTP", 80),
            new("HTTPS", 443, "HTTP", 80, "arn:aws:iam::123456789012:server-certificate/deis"),
            new("TCP", 2222, "TCP", 2222),
        ],
    };

    [Theory]
    [InlineData("1.6.0", "/deis/router/enforceHTTPS", "enforceHTTPS")]
    [InlineData("1.8.0", "/deis/router/hsts/enabled", "hsts/enabled")]
    public async Task Redirect_loop(string version, string key, string named)
    {
        await using var scene = await Scene.StartAsync(
            Deis15 with { PlatformVersion = version, LoadBalancers = [WithCertificate], EtcdKeys = Keys((key, "true")) });

        (await scene.RefusedAsync("redirect-loop", "setup")).ShouldSatisfyAllConditions(
            m => m.ShouldContain("on port 443"), m => m.ShouldContain($"({named})"));
        var error = (await scene.RunAsync("setup")).Error;
        foreach (var way in new[] { "certificate on the routers", "turn enforcing off", "keep the HTTPS listeners", "--allow-redirect-loop" })
        {
            error.ShouldContain(way);
        }

        (await scene.WarnedAsync("redirect-loop", "setup", "--allow-redirect-loop")).ShouldContain("redirect it forever");
        (await scene.RunAsync("setup", "--allow-redirect-loop")).ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task Tls_that_ends_at_the_load_balancer_without_enforcing()
    {
        await using var scene = await Scene.StartAsync(Deis15 with { LoadBalancers = [WithCertificate] });

        (await scene.WarnedAsync("scheme-lost", "setup")).ShouldContain("X-Forwarded-Proto http");
        scene.ShouldBeUntouched();
    }

    [Theory]
    [InlineData("/deis/router/controller/whitelist", "203.0.113.9", "controller/whitelist is 203.0.113.9")]
    [InlineData("/deis/router/enforceWhitelist", "true", "enforceWhitelist is true")]
    [InlineData("/deis/config/shop/deis_whitelist", "203.0.113.9:office", "1 application has a whitelist")]
    public async Task Whitelist_with_a_wrong_network(string key, string value, string named)
    {
        await using var scene = await Scene.StartAsync(Deis15 with
        {
            PlatformVersion = "1.11.0",
            VpcCidr = "172.31.0.0/16",
            EtcdKeys = Keys((key, value), ("/deis/config/shop/database_url", "SECRET")),
        });

        (await scene.RefusedAsync("whitelist-locks-out", "setup", "--real-ip-cidr", "keep")).ShouldSatisfyAllConditions(
            m => m.ShouldContain("Routers trust 10.0.0.0/8 (default), the load balancer is in 172.31.0.0/16"),
            m => m.ShouldContain(named),
            m => m.ShouldContain("deny everybody"));
        (await scene.WarnedAsync("whitelist-address-changes", "setup")).ShouldContain("the client's own address");

        // Not even asked for: what else is in an application's configuration.
        scene.Sandbox.CallLog.Calls.Where(c => c.Service == "etcd").ShouldAllBe(c =>
            !c.Parameters["key"].StartsWith("/deis/config/", StringComparison.Ordinal)
            || c.Parameters["key"].EndsWith("/deis_whitelist", StringComparison.Ordinal));
        scene.Sandbox.CallLog.Calls.Where(c => c.Service == "etcd").ShouldAllBe(
            c => !c.Parameters.Any(p => p.Key == "recursive" && p.Value == "true"));
    }

    [Fact]
    public async Task Wrong_network_without_whitelists()
    {
        await using var scene = await Scene.StartAsync(Deis15 with { VpcCidr = "172.31.0.0/16" });

        (await scene.WarnedAsync("real-ip-network-wrong", "setup", "--real-ip-cidr", "keep")).ShouldContain("--real-ip-cidr auto");
        (await scene.WarningsAsync("setup")).ShouldBe(["cloudformation-drift"], "auto chooses the right one");
    }

    [Theory]
    [InlineData("172.30.0.0/16", "172.30.7.0/24", "172.30.0.0/15", false)]
    [InlineData("100.64.0.0/16", "100.64.7.0/24", "0.0.0.0/0", true)]
    [InlineData("100.64.0.0/16", null, "172.31.0.0/16", false)]
    public async Task A_vpc_with_several_networks(string second, string? subnet, string chosen, bool wide)
    {
        await using var scene = await Scene.StartAsync(
            Deis15 with { VpcCidr = "172.31.0.0/16", AdditionalVpcCidrs = [second], SecondSubnetCidr = subnet });

        var plan = OutputSchema.Valid((await scene.RunAsync("setup", "--dry-run", "--output", "json")).Output);
        plan["steps"]!.AsArray().Single(s => s!["id"]!.GetValue<string>() == "real-ip-cidr")!["to"]!.GetValue<string>().ShouldBe(chosen);
        if (wide)
        {
            (await scene.WarnedAsync("real-ip-network-wide", "setup")).ShouldContain("(100.64.0.0/16, 172.31.0.0/16) is 0.0.0.0/0");
        }
        else
        {
            (await scene.WarningsAsync("setup")).ShouldNotContain("real-ip-network-wide");
        }
    }

    [Fact]
    public async Task Stale_policy_behind_an_http_listener()
    {
        await using var scene = await Scene.StartAsync(Policies(80));

        (await scene.RefusedAsync("proxy-policy-stale", "setup")).ShouldContain("Instance port 80 already has");
    }

    [Theory]
    [InlineData(2222, "proxy-policy-on-builder", "git push over SSH fails")]
    [InlineData(8080, "proxy-policy-elsewhere", "not one of the routers' ports")]
    [InlineData(443, "proxy-policy-without-listener", "the next one that does will send the PROXY line")]
    public async Task Stale_policy_elsewhere(int port, string id, string text)
    {
        await using var scene = await Scene.StartAsync(Policies(port));

        (await scene.WarnedAsync(id, "setup")).ShouldSatisfyAllConditions(
            m => m.ShouldContain(text), m => m.ShouldContain($"--instance-port {port} "));
        (await scene.RunAsync("setup")).ExitCode.ShouldBe(0);
        scene.Sandbox.FindLoadBalancer().BackendPolicies[port].ShouldBe(["EnableProxyProtocol"], "it is left as it is");
    }

    [Fact]
    public async Task Another_classic_load_balancer()
    {
        await using var scene = await Scene.StartAsync(
            Deis15 with { LoadBalancers = [LoadBalancerOptions.DeisV15, LoadBalancerOptions.DeisV15 with { Name = "inside", LogicalId = null }] });

        (await scene.RefusedAsync("other-load-balancer", "setup")).ShouldSatisfyAllConditions(
            m => m.ShouldContain("The load balancer inside"), m => m.ShouldContain("HTTP:80→HTTP:80"));
    }

    [Fact]
    public async Task What_may_not_be_read()
    {
        await using var scene = await Scene.StartAsync(Deis15);
        scene.Sandbox.Faults.Add(new FaultRule(FaultKind.AccessDenied) { Service = "ec2", Operation = "DescribeSecurityGroups" });

        (await scene.WarnedAsync("not-checked", "setup")).ShouldSatisfyAllConditions(
            m => m.ShouldContain("security groups admit"), m => m.ShouldContain("AWS denied ec2:DescribeSecurityGroups"));
    }

    [Fact]
    public async Task Security_group_without_the_health_checks_port()
    {
        await using var scene = await Scene.StartAsync(Deis15 with { AdmittedPorts = [443, 2222] });
        scene.Sandbox.FindLoadBalancer().InstanceHealth.ShouldAllBe(h => h.State == "OutOfService");

        (await scene.RefusedAsync("security-group-closed", "setup")).ShouldStartWith("No node admits port 80 from the load balancer");
        (await scene.RunAsync("setup")).Error.ShouldContain(
            "aws ec2 authorize-security-group-ingress --group-id sg-0de1500d --protocol tcp --port 80 --source-group sg-0de15e1b");
    }

    [Fact]
    public async Task A_stack_that_is_being_updated()
    {
        await using var scene = await Scene.StartAsync(Deis15 with { StackStatus = "UPDATE_IN_PROGRESS" });

        (await scene.RefusedAsync("stack-busy", "setup")).ShouldContain("UPDATE_IN_PROGRESS");
    }

    [Fact]
    public async Task Drift()
    {
        await using var scene = await Scene.StartAsync(Deis15);

        (await scene.WarnedAsync("cloudformation-drift", "setup")).ShouldContain("deis-proxy template");
        (await scene.RunAsync("setup")).ExitCode.ShouldBe(0);
        var template = await scene.RunProcessAsync("template");
        template.ExitCode.ShouldBe(0, template.Error);
        template.Output.ShouldContain("EnableProxyProtocol");
    }

    [Fact]
    public async Task The_plan_names_where_it_is_about_to_change_something()
    {
        await using var scene = await Scene.StartAsync(Deis15 with { Account = "210987654321" });

        var plan = (await scene.RunAsync("setup", "--dry-run", "--node", scene.Sandbox.Nodes[1])).Output;

        plan.ShouldContain("deis, account 210987654321, us-east-1");
        plan.ShouldContain($"{scene.Sandbox.FindLoadBalancer().Name} ({scene.Sandbox.FindLoadBalancer().DnsName})");
        plan.ShouldContain($"read through {scene.Sandbox.Nodes[1]}");
        plan.IndexOf("account", StringComparison.Ordinal).ShouldBeLessThan(plan.IndexOf("Plan", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Ends_that_disagree()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV16);

        (await scene.WarnedAsync("ends-disagree", "setup")).ShouldContain("every request is answered with 400");
        (await scene.RunAsync("setup")).ExitCode.ShouldBe(0);
        (await scene.WarnedAsync("ends-disagree", "teardown")).ShouldContain("both ends are off after this");
        (await scene.RunAsync("teardown")).ExitCode.ShouldBe(0);

        scene.Sandbox.FindLoadBalancer().BackendPolicies.ShouldNotContain(b => b.Value.Count > 0);
        scene.Sandbox.EtcdValue("/deis/router/proxyProtocol").ShouldBeNull();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{scene.Sandbox.FindLoadBalancer().DataPlanePort(80)}/"));
        answer.StatusCode.ShouldBe(System.Net.HttpStatusCode.OK, "a working cluster stays one");
        (await scene.RunAsync("teardown")).Output.ShouldContain("Nothing to do");
    }

    private static Dictionary<string, string> Keys(params (string Key, string Value)[] keys) =>
        keys.ToDictionary(k => k.Key, k => k.Value, StringComparer.Ordinal);

    private static SandboxOptions Policies(int port) => Deis15 with
    {
        LoadBalancers =
        [
            LoadBalancerOptions.DeisV15 with
            {
                Listeners = port == 2222 ? LoadBalancerOptions.DeisV15.Listeners : [new("HTTP", 80, "HTTP", 80), new("TCP", 8080, "TCP", 8080)],
                Policies = [Proxy],
                BackendPolicies = new Dictionary<int, IReadOnlyList<string>> { [port] = [Proxy.Name] },
            },
        ],
    };
}
