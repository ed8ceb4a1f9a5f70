using System.Text.Json.Nodes;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The main job on real parts, with routers that listen on port 80 only.</summary>
public sealed class SetupTests(PlainCluster cluster) : IClassFixture<PlainCluster>
{
    private static readonly string[] StepFields = ["id", "description", "from", "to", "status", "milliseconds"];

    [Fact]
    public async Task A_v1_5_stack_is_switched_and_a_second_run_changes_nothing()
    {
        await cluster.ResetAsync(StackTemplate.Deis15());
        var name = await cluster.LoadBalancerAsync();

        var before = await cluster.RunAsync("verify");
        before.ExitCode.ShouldBe(4, before.Error);

        var plan = await cluster.RunAsync("setup", "--dry-run", "--detailed-exitcode");
        plan.ExitCode.ShouldBe(5, plan.Error);
        cluster.Aws.Changes.ShouldBeEmpty();

        var first = await cluster.RunAsync("setup");
        first.ExitCode.ShouldBe(0, first.Output + first.Error);

        var balancer = await cluster.ReadLoadBalancerAsync(name);
        balancer.Listeners.ShouldBe(["80 TCP 80 TCP", "443 TCP 443 TCP", "2222 TCP 2222 TCP"]);
        balancer.BackendPolicies.ShouldBe(["80 EnableProxyProtocol", "443 EnableProxyProtocol"]);
        balancer.HealthCheck.ShouldBe("TCP:80 15 5 2 4");
        balancer.IdleTimeout.ShouldBe("1200");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBe("1");
        cluster.Routers.Routers.ShouldAllBe(r => r.DemandsProxy);

        cluster.Aws.Forget();
        var second = await cluster.RunAsync("setup");
        second.ExitCode.ShouldBe(0, second.Error);
        second.Output.ShouldContain("Nothing to do");
        cluster.Aws.Changes.ShouldBeEmpty();
        cluster.Aws.Actions.ShouldContain("DescribeLoadBalancers");

        var pending = await cluster.RunAsync("setup", "--dry-run", "--detailed-exitcode");
        pending.ExitCode.ShouldBe(0, pending.Error);

        var after = await cluster.RunAsync("verify");
        after.ExitCode.ShouldBe(0, after.Output + after.Error);
    }

    [Fact]
    public async Task Without_an_ssh_program_and_a_home_a_key_and_known_hosts_are_enough()
    {
        await cluster.ResetAsync(StackTemplate.Deis15());
        var bare = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = "/nowhere", ["HOME"] = "" };
        foreach (var command in new[] { "setup", "verify", "teardown" })
        {
            var run = await cluster.RunAsync(bare, command);
            run.ExitCode.ShouldBe(0, run.Output + run.Error);
        }
    }

    [Fact]
    public async Task A_dry_run_changes_nothing_and_its_document_is_the_plan()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync("setup", "--dry-run", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json.Select(p => p.Key).ShouldBe(
            [
                "command", "stack", "provider", "loadBalancer", "dryRun", "changed", "steps", "warnings", "flipManner", "flipReason",
                "outageMilliseconds", "heldMilliseconds", "machines", "machinesApartMilliseconds", "requestsSent", "requestsFailed",
                "longestWaitMilliseconds", "error",
            ],
            ignoreOrder: true);
        run.Json["command"]!.GetValue<string>().ShouldBe("setup");
        run.Json["stack"]!.GetValue<string>().ShouldBe("deis");
        run.Json["provider"]!.GetValue<string>().ShouldBe("aws");
        run.Json["loadBalancer"]!.AsObject().Select(p => p.Key).ShouldBe(["name", "dnsName"], ignoreOrder: true);
        run.Json["loadBalancer"]!["name"]!.GetValue<string>().ShouldBe(await cluster.LoadBalancerAsync());
        run.Json["dryRun"]!.GetValue<bool>().ShouldBeTrue();
        run.Json["changed"]!.GetValue<bool>().ShouldBeFalse();
        run.Json["error"].ShouldBeNull();
        var steps = run.Json["steps"]!.AsArray();
        steps.ShouldAllBe(s => s!.AsObject().Select(p => p.Key).SequenceEqual(StepFields));
        Texts(steps, "id").ShouldBe(["health-check", "idle-timeout", "policy", "listener-80", "flip"]);
        Texts(steps, "status").Distinct(StringComparer.Ordinal).ShouldBe(["planned"]);
        Texts(steps, "from")[3].ShouldBe("HTTP:80→HTTP:80");
        Texts(steps, "to")[3].ShouldBe("TCP:80→TCP:80");
        cluster.Aws.Changes.ShouldBeEmpty();
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
    }

    [Fact]
    public async Task The_document_of_a_change_says_what_was_done()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync("setup", "-o", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        run.Json["dryRun"]!.GetValue<bool>().ShouldBeFalse();
        run.Json["changed"]!.GetValue<bool>().ShouldBeTrue();
        Texts(run.Json["steps"]!.AsArray(), "status").ShouldBe(["done", "done", "done", "done", "done"]);
        run.Json["steps"]!.AsArray().Sum(s => s!["milliseconds"]!.GetValue<long>()).ShouldBeGreaterThan(0);

        // The first creation is refused as a duplicate: it proves that the listener could come back before the old one is deleted. The last overlaps
        // with the delete, and there may be several of it.
        var changes = cluster.Aws.Changes;
        var seen = changes.Where((change, i) => change != "CreateLoadBalancerListeners" || i == 0 || changes[i - 1] != change).ToList();

        // The first four need nothing of each other and are made side by side.
        seen.Take(4).ShouldBe(
            ["ConfigureHealthCheck", "ModifyLoadBalancerAttributes", "CreateLoadBalancerPolicy", "CreateLoadBalancerListeners"], ignoreOrder: true);
        seen.Skip(4).ShouldBe(
            [
                "DeleteLoadBalancerListeners", "CreateLoadBalancerListeners",
                "SetLoadBalancerPoliciesForBackendServer", "SetLoadBalancerPoliciesForBackendServer",
            ]);
    }

    [Fact]
    public async Task A_v1_6_stack_needs_the_key_only()
    {
        await cluster.ResetAsync(StackTemplate.Deis16());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "ModifyLoadBalancerAttributes", ("LoadBalancerName", name), ("LoadBalancerAttributes.ConnectionSettings.IdleTimeout", "1200"));
        cluster.Aws.Forget();

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        Texts(run.Json["steps"]!.AsArray(), "id").ShouldBe(["flip"]);
        cluster.Aws.Changes.ShouldBeEmpty();
        cluster.Aws.Actions.ShouldContain("DescribeLoadBalancerPolicies");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBe("1");
        cluster.Routers.Routers.ShouldAllBe(r => r.DemandsProxy);
    }

    [Fact]
    public async Task A_router_port_that_is_left_out_stays_as_it_was()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer().LoadBalancer(
            "DeisWebELB", "TCP:80", policy: false, (80, "HTTP", 80), (443, "TCP", 443), (8080, "HTTP", 8080), (2222, "TCP", 2222)));
        var name = await cluster.LoadBalancerAsync();

        var run = await cluster.RunAsync("setup", "--router-ports", "80");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        var balancer = await cluster.ReadLoadBalancerAsync(name);
        balancer.Listeners.ShouldBe(["80 TCP 80 TCP", "443 TCP 443 TCP", "2222 TCP 2222 TCP", "8080 HTTP 8080 HTTP"]);
        balancer.BackendPolicies.ShouldBe(["80 EnableProxyProtocol"]);
    }

    [Fact]
    public async Task Policies_that_are_on_an_instance_port_stay_there()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "CreateLoadBalancerPolicy",
            ("LoadBalancerName", name),
            ("PolicyName", "Trust"),
            ("PolicyTypeName", "BackendServerAuthenticationPolicyType"));
        await cluster.ElbAsync(
            "SetLoadBalancerPoliciesForBackendServer", ("LoadBalancerName", name), ("InstancePort", "443"), ("PolicyNames.member.1", "Trust"));

        var run = await cluster.RunAsync("setup");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        (await cluster.ReadLoadBalancerAsync(name)).BackendPolicies.ShouldBe(["80 EnableProxyProtocol", "443 EnableProxyProtocol Trust"]);
    }

    [Fact]
    public async Task A_ProxyProtocol_policy_of_another_name_is_used()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "CreateLoadBalancerPolicy",
            ("LoadBalancerName", name), ("PolicyName", "k8s-proxyprotocol-enabled"), ("PolicyTypeName", "ProxyProtocolPolicyType"),
            ("PolicyAttributes.member.1.AttributeName", "ProxyProtocol"), ("PolicyAttributes.member.1.AttributeValue", "True"));
        cluster.Aws.Forget();

        var run = await cluster.RunAsync("setup");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        cluster.Aws.Changes.ShouldNotContain("CreateLoadBalancerPolicy");
        (await cluster.ReadLoadBalancerAsync(name)).BackendPolicies.ShouldBe(["80 k8s-proxyprotocol-enabled", "443 k8s-proxyprotocol-enabled"]);
    }

    [Fact]
    public async Task An_internal_load_balancer_is_found_although_its_DNS_name_begins_otherwise()
    {
        await cluster.ResetAsync(StackTemplate.Http().Internal("DeisWebELB"));
        var name = await cluster.LoadBalancerAsync();
        (await cluster.ReadLoadBalancerAsync(name)).DnsName.ShouldStartWith("internal-");

        var run = await cluster.RunAsync("setup");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        (await cluster.ReadLoadBalancerAsync(name)).BackendPolicies.ShouldBe(["80 EnableProxyProtocol", "443 EnableProxyProtocol"]);
    }

    [Theory]
    [InlineData("300", "60", "300")]
    [InlineData("keep", "60", "60")]
    [InlineData("300", "3600", "3600")]
    public async Task The_idle_timeout_is_raised_and_never_lowered(string option, string before, string after)
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "ModifyLoadBalancerAttributes", ("LoadBalancerName", name), ("LoadBalancerAttributes.ConnectionSettings.IdleTimeout", before));

        var run = await cluster.RunAsync("setup", "--idle-timeout", option);

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        (await cluster.ReadLoadBalancerAsync(name)).IdleTimeout.ShouldBe(after);
    }

    [Fact]
    public async Task The_network_that_routers_trust_is_set_when_it_does_not_cover_the_load_balancers()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        await cluster.Etcd.SetAsync("/deis/router/proxyRealIpCidr", "192.168.0.0/16");

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        Texts(run.Json["steps"]!.AsArray(), "id").ShouldContain("real-ip-cidr");
        (await cluster.Etcd.GetAsync("/deis/router/proxyRealIpCidr")).ShouldBe("10.21.0.0/16");
    }

    private static List<string> Texts(JsonArray items, string field) => [.. items.Select(i => i![field]!.GetValue<string>())];
}
