using DeisProxy.Commands;

namespace DeisProxy.Tests;

/// <summary>A command that is printed to be run must not hit another cluster.</summary>
public sealed class CommandTextTests
{
    private static readonly CommandText Commands = new(["--stack", "deis prod", "--profile", "it's", "--node", "10.0.0.1:22"]);

    [Fact]
    public void Options_are_repeated_and_quoted_for_a_shell() =>
        Commands.Of("teardown").ShouldBe("""deis-proxy teardown --stack 'deis prod' --profile 'it'\''s' --node 10.0.0.1:22""");

    [Fact]
    public void Commands_inside_a_text_get_them_and_other_words_do_not()
    {
        new CommandText(["--stack", "prod"]).Complete("deis-proxy leaves it. Run deis-proxy setup --real-ip-cidr auto, then deis-proxy verify.")
            .ShouldBe("deis-proxy leaves it. Run deis-proxy setup --stack prod --real-ip-cidr auto, then deis-proxy verify --stack prod");
        new CommandText([]).Complete("Run deis-proxy setup.").ShouldBe("Run deis-proxy setup.");
    }

    /// <summary>Without --websocket-only it would change the load balancer that was to stay as it is.</summary>
    [Fact]
    public async Task What_finishes_a_run_has_the_options_that_say_what_is_wanted()
    {
        await using var scene = await Scene.StartAsync(new Sandbox.Rackspace.RackspaceOptions());
        scene.Sandbox.Faults.Add(new Sandbox.FaultRule(Sandbox.FaultKind.AccessDenied) { Operation = "CreateLoadBalancer" });

        var run = await scene.RunAsync(
            "setup", "--load-balancer", "deis", "--websocket-only", "8080", "--no-hold", "--drop-session-persistence", "--yes", "--no-rollback");

        run.ExitCode.ShouldBe(ExitCode.NotPutBack, run.Error);
        run.Error.ShouldContain("To finish it, run again: deis-proxy setup --provider rackspace --load-balancer deis --websocket-only 8080 "
            + "--drop-session-persistence --no-hold\n");
        run.Error.ShouldContain("To go back: deis-proxy teardown --provider rackspace --load-balancer deis\n");
    }

    [Fact]
    public async Task What_setup_and_a_dry_run_print_names_the_cluster_that_was_meant()
    {
        await using var scene = await Scene.StartAsync(Sandbox.SandboxOptions.DeisV15);

        (await scene.WarnedAsync("cloudformation-drift", "setup", "--router-ports", "80,443"))
            .ShouldEndWith(": deis-proxy template --region us-east-1 --router-ports 80,443");
        var setup = await scene.RunAsync("setup", "--stack", "deis", "--yes");

        setup.ExitCode.ShouldBe(ExitCode.Done, setup.Error);
        setup.Output.ShouldContain("deis-proxy verify --stack deis --region us-east-1");
    }
}
