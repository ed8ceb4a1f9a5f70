using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The way back, the traps around the change, and the template, on real parts.</summary>
public sealed class TeardownTests(PlainCluster cluster) : IClassFixture<PlainCluster>
{
    [Fact]
    public async Task Teardown_gives_back_what_was_there_before_setup()
    {
        await cluster.ResetAsync(StackTemplate.Deis15());
        await cluster.Etcd.SetAsync("/deis/router/proxyRealIpCidr", "192.168.0.0/16");
        var before = await StateAsync();
        (await cluster.RunAsync("teardown")).Output.ShouldContain("Nothing to do");

        var setup = await cluster.RunAsync("setup", "--idle-timeout", "3000");
        setup.ExitCode.ShouldBe(0, setup.Error);
        (await StateAsync()).ShouldNotBe(before);

        cluster.Aws.Forget();
        var plan = await cluster.RunAsync("teardown", "--dry-run", "--detailed-exitcode", "--output", "json");
        plan.ExitCode.ShouldBe(5, plan.Error);
        plan.Json["steps"]!.AsArray().Select(s => s!["id"]!.GetValue<string>()).ShouldBe(
            ["flip", "listener-80", "health-check", "real-ip-cidr", "idle-timeout", "policy"]);
        cluster.Aws.Changes.ShouldBeEmpty();

        var teardown = await cluster.RunAsync("teardown");
        teardown.ExitCode.ShouldBe(0, teardown.Output + teardown.Error);
        (await StateAsync()).ShouldBe(before);
        cluster.Routers.Routers.ShouldAllBe(r => !r.DemandsProxy);

        cluster.Aws.Forget();
        (await cluster.RunAsync("teardown")).ShouldSatisfyAllConditions(r => r.ExitCode.ShouldBe(0), r => r.Output.ShouldContain("Nothing to do"));
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_load_balancer_in_front_of_the_same_routers_blocks()
    {
        await cluster.ResetAsync(StackTemplate.Http().LoadBalancer("Second", "TCP:80", policy: false, (80, "TCP", 80)));

        var setup = await cluster.RunAsync("setup", "--output", "json");

        setup.ExitCode.ShouldBe(1, setup.Error);
        setup.Json["error"]!["code"]!.GetValue<string>().ShouldBe("other-load-balancer");
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_template_after_setup_says_what_setup_did_and_the_stack_takes_it()
    {
        await cluster.ResetAsync(StackTemplate.Deis15());
        var planned = await cluster.RunAsync("template", "--planned");
        (await cluster.RunAsync("setup")).ExitCode.ShouldBe(0);
        var made = await StateAsync();

        var template = await cluster.RunAsync("template");

        template.ExitCode.ShouldBe(0, template.Error);
        template.Error.ShouldBeEmpty();
        template.Output.ShouldBe(planned.Output);
        await cluster.CallAsync(
            "cloudformation", "UpdateStack", "2010-05-15", ("StackName", RealCluster.Stack), ("TemplateBody", template.Output),
            ("Parameters.member.1.ParameterKey", "KeyPair"), ("Parameters.member.1.ParameterValue", "deis"));

        // moto makes every load balancer of a stack with an idle timeout of 60 s.
        (await StateAsync()).ShouldBe(made.Replace("| 1200 |", "| 60 |", StringComparison.Ordinal));
    }

    /// <summary>Everything that setup may change, asked without any code under test.</summary>
    private async Task<string> StateAsync()
    {
        var balancer = await cluster.ReadLoadBalancerAsync(await cluster.LoadBalancerAsync());
        var policies = await cluster.ElbAsync("DescribeLoadBalancerPolicies", ("LoadBalancerName", await cluster.LoadBalancerAsync()));
        return string.Join(
            " | ",
            string.Join(", ", balancer.Listeners),
            string.Join(", ", balancer.BackendPolicies),
            balancer.HealthCheck,
            balancer.IdleTimeout,
            string.Join(", ", policies.Descendants().Where(e => e.Name.LocalName == "PolicyName").Select(e => e.Value)),
            await cluster.Etcd.GetAsync("/deis/router/proxyProtocol") ?? "absent",
            await cluster.Etcd.GetAsync("/deis/router/proxyRealIpCidr") ?? "absent");
    }
}
