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
        plan.Json["steps"]!.AsArray().Select(s => s!["id"]!.GetValue<string>()).ShouldBe(["flip", "listener-80", "health-check", "real-ip-cidr", "idle-timeout", "policy"]);
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
    public async Task Auto_scaling_by_the_load_balancers_word_is_said()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var group = await GroupAsync();
        await cluster.CallAsync(
            "autoscaling", "UpdateAutoScalingGroup", "2011-01-01", ("AutoScalingGroupName", group), ("HealthCheckType", "ELB"), ("HealthCheckGracePeriod", "300"));

        Warnings(await cluster.RunAsync("setup", "--dry-run", "--output", "json")).ShouldContain("auto-scaling-ends-nodes");

        await cluster.CallAsync(
            "autoscaling", "SuspendProcesses", "2011-01-01", ("AutoScalingGroupName", group), ("ScalingProcesses.member.1", "HealthCheck"), ("ScalingProcesses.member.2", "ReplaceUnhealthy"));
        Warnings(await cluster.RunAsync("setup", "--dry-run", "--output", "json")).ShouldNotContain("auto-scaling-ends-nodes");
    }

    [Fact]
    public async Task Auto_scaling_is_suspended_on_demand_and_resumed()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var group = await GroupAsync();
        await cluster.CallAsync(
            "autoscaling", "UpdateAutoScalingGroup", "2011-01-01", ("AutoScalingGroupName", group), ("HealthCheckType", "ELB"), ("HealthCheckGracePeriod", "300"));
        cluster.Aws.Forget();

        var run = await cluster.RunAsync("setup", "--suspend-auto-scaling", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Error);
        var steps = run.Json["steps"]!.AsArray().Select(s => s!["id"]!.GetValue<string>()).ToList();
        (steps[0], steps[^1]).ShouldBe(("auto-scaling-suspend", "auto-scaling-resume"));
        (cluster.Aws.Changes[0], cluster.Aws.Changes[^1]).ShouldBe(("SuspendProcesses", "ResumeProcesses"));
        var after = await cluster.CallAsync("autoscaling", "DescribeAutoScalingGroups", "2011-01-01");
        after.Descendants().Count(e => e.Name.LocalName == "ProcessName").ShouldBe(0);
    }

    [Fact]
    public async Task An_application_load_balancer_in_front_of_the_same_routers_blocks()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var instances = await cluster.CallAsync("ec2", "DescribeInstances", "2016-11-15");
        string Of(string name) => instances.Descendants().First(e => e.Name.LocalName == name).Value;
        var subnets = (await cluster.CallAsync("ec2", "DescribeSubnets", "2016-11-15")).Descendants()
            .Where(e => e.Name.LocalName == "subnetId" && e.Parent!.Elements().Any(v => v.Name.LocalName == "vpcId" && v.Value == Of("vpcId"))).Select(e => e.Value).ToList();
        var balancer = await ElbV2Async(
            "CreateLoadBalancer", "LoadBalancerArn", [("Name", "web-2"), .. subnets.Select((id, index) => ($"Subnets.member.{index + 1}", id))]);
        var group = await ElbV2Async(
            "CreateTargetGroup", "TargetGroupArn", ("Name", "web"), ("Protocol", "HTTP"), ("Port", "80"), ("VpcId", Of("vpcId")), ("TargetType", "instance"));
        await ElbV2Async("RegisterTargets", answer: null, ("TargetGroupArn", group), ("Targets.member.1.Id", Of("instanceId")));

        var unused = await cluster.RunAsync("setup", "--dry-run", "--output", "json");
        unused.ExitCode.ShouldBe(0, unused.Error);
        await ElbV2Async(
            "CreateListener", answer: null, ("LoadBalancerArn", balancer), ("Protocol", "HTTP"), ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"), ("DefaultActions.member.1.TargetGroupArn", group));
        cluster.Aws.Forget();
        var setup = await cluster.RunAsync("setup", "--output", "json");

        setup.ExitCode.ShouldBe(1, setup.Error);
        setup.Json["error"]!["code"]!.GetValue<string>().ShouldBe("other-load-balancer");
        setup.Error.ShouldContain("The application load balancer web-2 sends traffic to the same routers (target group web, port 80)");
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

    [Fact]
    public async Task What_may_not_be_read_is_said_and_stops_nothing()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        cluster.Aws.Refuse("DescribeAutoScalingGroups", System.Net.HttpStatusCode.Forbidden, "AccessDenied", "User: arn:aws:iam::1:user/ci is not authorized");

        var run = await cluster.RunAsync("setup", "--dry-run", "--output", "json");

        Warnings(run).ShouldContain("not-checked");
        run.Json["warnings"]!.AsArray().Select(w => w!["message"]!.GetValue<string>()).ShouldContain(m => m.Contains("autoscaling:DescribeAutoScalingGroups", StringComparison.Ordinal));
    }

    private async Task<string> GroupAsync()
    {
        var groups = await cluster.CallAsync("autoscaling", "DescribeAutoScalingGroups", "2011-01-01");
        return groups.Descendants().Single(e => e.Name.LocalName == "AutoScalingGroupName" && e.Parent!.Parent!.Name.LocalName == "AutoScalingGroups").Value;
    }

    private async Task<string> ElbV2Async(string action, string? answer, params (string Name, string Value)[] parameters)
    {
        var document = await cluster.CallAsync("elasticloadbalancing", action, "2015-12-01", parameters);
        return answer is null ? "" : document.Descendants().First(e => e.Name.LocalName == answer).Value;
    }

    private static List<string> Warnings(ToolRun run)
    {
        run.ExitCode.ShouldBe(0, run.Error);
        return [.. run.Json["warnings"]!.AsArray().Select(w => w!["id"]!.GetValue<string>())];
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
