using System.Text.Json.Nodes;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>Auto scaling that ends nodes by the load balancer's word, end to end on the sandbox.</summary>
public sealed class AutoScalingTests
{
    private const string Option = "--suspend-auto-scaling";

    private static readonly string[] Processes = ["HealthCheck", "ReplaceUnhealthy"];

    private static readonly SandboxOptions ByElb = SandboxOptions.DeisV15 with { AutoScalingHealthCheck = "ELB" };

    [Fact]
    public async Task It_is_said_and_suspended_only_on_demand()
    {
        await using var scene = await Scene.StartAsync(ByElb);

        foreach (var command in new[] { "setup", "teardown" })
        {
            (await scene.WarnedAsync("auto-scaling-ends-nodes", command)).ShouldSatisfyAllConditions(
                m => m.ShouldContain("The auto scaling group deis-CoreOSServerAutoScale-1E2AZ3PLEX1Y replaces nodes"), m => m.ShouldContain(Option));
            (await scene.WarningsAsync(command, Option)).ShouldNotContain("auto-scaling-ends-nodes");
            var plan = (await scene.RunAsync(command, Option, "--dry-run")).Output;
            plan.ShouldContain("auto-scaling-suspend");
            plan.ShouldContain("HealthCheck, ReplaceUnhealthy suspended");
            plan.ShouldContain("auto-scaling-resume");

            scene.Sandbox.CallLog.Clear();
            (await scene.RunAsync(command, Option)).ExitCode.ShouldBe(0);
            var changes = scene.Changes.Select(c => c.Operation).ToList();
            (changes[0], changes[^1]).ShouldBe(("SuspendProcesses", "ResumeProcesses"));
            changes.Count(c => c is "SuspendProcesses" or "ResumeProcesses").ShouldBe(2);
            scene.Sandbox.SuspendedProcesses.ShouldBeEmpty();
        }

        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task What_somebody_has_suspended_stays_so()
    {
        await using var scene = await Scene.StartAsync(ByElb with { SuspendedProcesses = ["AZRebalance", "ReplaceUnhealthy"] });

        (await scene.RunAsync("setup", Option)).ExitCode.ShouldBe(0);

        scene.Changes.Where(c => c.Service == "autoscaling").ShouldAllBe(c => c.Parameters["ScalingProcesses.member.1"] == "HealthCheck" && !c.Parameters.ContainsKey("ScalingProcesses.member.2"));
        scene.Sandbox.SuspendedProcesses.ShouldBe(["AZRebalance", "ReplaceUnhealthy"]);
    }

    [Fact]
    public async Task A_run_that_fails_resumes_too()
    {
        await using var scene = await Scene.StartAsync(ByElb);
        scene.Sandbox.Faults.Add(new FaultRule(FaultKind.AccessDenied) { Service = "elasticloadbalancing", Operation = "SetLoadBalancerPoliciesForBackendServer" });

        var run = await scene.RunAsync("setup", Option, "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        JsonNode.Parse(run.Output)!["steps"]!.AsArray()[0]!["status"]!.GetValue<string>().ShouldBe("undone");
        scene.ShouldBeAsAtFirst();
    }

    [Theory]
    [InlineData("SuspendProcesses", 1)]
    [InlineData("ResumeProcesses", 3)]
    [InlineData("ResumeProcesses", 3, "--no-rollback")]
    public async Task Without_the_permission(string operation, int exitCode, params string[] options)
    {
        await using var scene = await Scene.StartAsync(ByElb);
        var denied = scene.Sandbox.Faults.Add(new FaultRule(FaultKind.AccessDenied) { Service = "autoscaling", Operation = operation });

        scene.RollbackLimit = TimeSpan.FromSeconds(5);

        var run = await scene.RunAsync(["setup", Option, .. options]);

        run.ExitCode.ShouldBe(exitCode, run.Error);
        run.Error.ShouldContain($"AWS refuses autoscaling:{operation}");
        scene.Sandbox.SuspendedProcesses.ShouldBe(operation == "SuspendProcesses" ? [] : Processes);

        // The journal knows what is owed: with the permission the next run makes it good, option or not.
        scene.Sandbox.Faults.Remove(denied);
        (await scene.RunAsync("setup")).ExitCode.ShouldBe(0);
        scene.Sandbox.SuspendedProcesses.ShouldBeEmpty();
        (await scene.RunAsync("setup")).Output.ShouldContain("Nothing to do");
    }

    [Fact]
    public async Task Groups_that_may_not_be_read_cannot_be_suspended()
    {
        await using var scene = await Scene.StartAsync(ByElb);
        scene.Sandbox.Faults.Add(new FaultRule(FaultKind.AccessDenied) { Service = "autoscaling", Operation = "DescribeAutoScalingGroups" });

        (await scene.RefusedAsync("auto-scaling-unreadable", "setup", Option)).ShouldContain("autoscaling:DescribeAutoScalingGroups");
    }

    [Fact]
    public async Task A_group_that_goes_by_ec2_is_left_alone()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);

        (await scene.RunAsync("setup", Option)).ExitCode.ShouldBe(0);
        scene.Changes.ShouldNotContain(c => c.Service == "autoscaling");
    }
}
