using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>Which load balancer it is: found through the stack's resources, or an error that lists what there is.</summary>
public sealed class FindingTests(RouterlessCluster cluster) : IClassFixture<RouterlessCluster>
{
    [Fact]
    public async Task The_Deis_load_balancer_is_chosen_among_several_and_on_the_second_page_of_resources()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer().WithManyResources(110)
            .LoadBalancer("OtherELB", "TCP:80", policy: false, (80, "TCP", 80)).LoadBalancer("DeisWebELB", "TCP:80", policy: false, (80, "TCP", 80)));
        var name = await cluster.LoadBalancerAsync();
        cluster.Aws.Forget();

        var run = await cluster.RunAsync("verify", "--output", "json");

        Check(run, "load-balancer").ShouldStartWith($"pass {name} ({name}-1234567890.");
        cluster.Aws.Actions.Count(a => a == "ListStackResources").ShouldBe(2);
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("verify")]
    public async Task Several_without_the_Deis_one_are_listed(string command)
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer()
            .LoadBalancer("FirstELB", "TCP:80", policy: false, (80, "TCP", 80)).LoadBalancer("SecondELB", "TCP:80", policy: false, (80, "TCP", 80)));
        var (first, second) = (await cluster.LoadBalancerAsync("FirstELB"), await cluster.LoadBalancerAsync("SecondELB"));

        var run = await cluster.RunAsync(command, "--output", "json");

        if (command == "setup")
        {
            run.ExitCode.ShouldBe(1, run.Error);
            run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("load-balancer-ambiguous");
            run.Error.ShouldContain($"FirstELB ({first})");
            run.Error.ShouldContain($"SecondELB ({second})");
            run.Error.ShouldContain("--load-balancer");
        }
        else
        {
            run.ExitCode.ShouldBe(4, run.Error);
            Check(run, "load-balancer").ShouldStartWith("fail ");
            Check(run, "load-balancer").ShouldContain($"FirstELB ({first})");
        }
    }

    [Fact]
    public async Task One_of_several_can_be_named_by_logical_id_and_by_name()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer()
            .LoadBalancer("FirstELB", "TCP:80", policy: false, (80, "TCP", 80)).LoadBalancer("SecondELB", "TCP:80", policy: false, (80, "TCP", 80)));
        var second = await cluster.LoadBalancerAsync("SecondELB");

        foreach (var named in new[] { "SecondELB", second })
        {
            var run = await cluster.RunAsync("verify", "--output", "json", "--load-balancer", named);
            Check(run, "load-balancer").ShouldStartWith($"pass {second} ");
        }

        var missing = await cluster.RunAsync("setup", "--load-balancer", "ThirdELB");
        missing.ExitCode.ShouldBe(1);
        missing.ErrorLine.ShouldContain("\"ThirdELB\"");
        missing.ErrorLine.ShouldContain("FirstELB (");
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_stack_without_one_says_so()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer());

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("load-balancer-not-found");
        run.Json["loadBalancer"].ShouldBeNull();
        run.Json["steps"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task One_of_the_second_generation_needs_none_of_this()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer().SecondGeneration("WebALB"));

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("load-balancer-not-classic");
        run.Error.ShouldContain("WebALB");
        run.Error.ShouldContain("ELBv2");
    }

    [Theory]
    [InlineData("setup", 1)]
    [InlineData("verify", 4)]
    public async Task A_missing_stack_says_where_it_was_looked_for(string command, int exitCode)
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync(command, "--stack", "dies");

        run.ExitCode.ShouldBe(exitCode, run.Output + run.Error);
        (run.Output + run.Error).ShouldContain("There is no CloudFormation stack \"dies\" in us-east-1.");
        (run.Output + run.Error).ShouldContain("--region");
    }

    [Fact]
    public async Task A_deleted_stack_says_so()
    {
        await cluster.ResetAsync(StackTemplate.NoLoadBalancer());
        var stacks = await cluster.CallAsync("cloudformation", "DescribeStacks", "2010-05-15", ("StackName", RealCluster.Stack));
        var id = stacks.Descendants().Single(e => e.Name.LocalName == "StackId").Value;
        await cluster.CallAsync("cloudformation", "DeleteStack", "2010-05-15", ("StackName", RealCluster.Stack));

        var run = await cluster.RunAsync("setup", "--stack", id, "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("stack-deleted");
    }

    [Fact]
    public async Task Without_a_live_router_nothing_is_changed()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("no-live-router");
        run.Error.ShouldContain("deisctl start router");
        cluster.Aws.Changes.ShouldBeEmpty();
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
    }

    private static string Check(ToolRun run, string id)
    {
        var check = run.Json["checks"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == id)!;
        return $"{check["status"]} {check["seen"]}";
    }
}
