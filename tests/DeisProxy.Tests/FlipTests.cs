using System.Text.Json.Nodes;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>
/// How both ends are switched on a cluster whose load balancer acts late, and what is done where a node does not allow the best way.
/// </summary>
public sealed class FlipTests : IAsyncLifetime
{
    private Scene _scene = null!;

    private SandboxCloud Sandbox => _scene.Sandbox;

    public async Task InitializeAsync() => _scene = await Scene.StartAsItIsAsync(SandboxOptions.DeisV15 with
    {
        RouterInterval = TimeSpan.FromSeconds(2),
        DataPlaneLag = new LagRange(TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.9)),
    });

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Theory]
    [InlineData("setup")]
    [InlineData("teardown")]
    public async Task Connections_are_held_while_both_ends_switch(string command)
    {
        if (command == "teardown")
        {
            (await RunAsync("setup")).ExitCode.ShouldBe(ExitCode.Done);
        }

        var run = await RunAsync(command, "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        Json(run)["flipManner"]!.GetValue<string>().ShouldBe("held-by-content");
        Json(run)["heldMilliseconds"]!.GetValue<long>().ShouldBeGreaterThan(0);
        Json(run)["machines"]!.GetValue<int>().ShouldBe(1);
        Json(run)["requestsSent"]!.GetValue<int>().ShouldBeGreaterThan(0);
        Json(run)["requestsFailed"]!.GetValue<int>().ShouldBe(0, run.Output);
        Json(run)["longestWaitMilliseconds"]!.GetValue<long>().ShouldBeGreaterThan(0);
        Json(run)["steps"]!.AsArray().Single(s => s!["id"]!.GetValue<string>() == "flip")!["description"]!.GetValue<string>().ShouldContain(
            "new connections wait there until both have switched");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine == (command == "setup"));
        Sandbox.Nodes.ShouldNotContain(node => Sandbox.HoldsConnections(node));
    }

    [Fact]
    public async Task The_plan_and_the_end_say_in_words_what_is_held()
    {
        var run = await RunAsync("setup");

        run.Output.ShouldContain("where the nodes allow it (sudo, iptables), new connections wait there until both have switched");
        run.Output.ShouldContain("Switched the load balancer first, then the routers; connections that did not fit waited at the nodes for ");
    }

    [Fact]
    public async Task Nothing_is_held_with_no_hold()
    {
        var commands = new List<string>();
        Sandbox.NodeCommands.Add((_, arguments, _) =>
        {
            lock (commands)
            {
                commands.Add(string.Join(' ', arguments));
            }

            return Task.FromResult<CommandResult?>(null);
        });

        var run = await RunAsync("setup", "--no-hold", "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        Json(run)["flipManner"]!.GetValue<string>().ShouldBe("watched");
        Json(run)["heldMilliseconds"]!.GetValue<long>().ShouldBe(0);
        run.Output.ShouldNotContain("new connections");
        commands.ShouldNotContain(command => command.Contains("iptables", StringComparison.Ordinal));
        commands.ShouldContain(command => command.Contains("confd", StringComparison.Ordinal), 3, "each router is told");
    }

    [Fact]
    public async Task A_user_without_sudo_switches_without_a_hold_and_is_told_so()
    {
        Refuse("iptables", "sudo: a password is required\n");

        var run = await RunAsync("setup");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        run.Output.ShouldContain("Switched the load balancer first, then every router at once.");
        run.Output.ShouldContain("New connections could not be held: ");
        run.Output.ShouldContain("sudo: a password is required");
    }

    [Fact]
    public async Task Nodes_that_cannot_look_into_connections_hold_all_of_them()
    {
        Sandbox.NodeCommands.CannotHoldByContent = "iptables: No chain/target/match by that name.";

        var run = await RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        Json(run)["flipManner"]!.GetValue<string>().ShouldBe("held");
        Json(run)["flipReason"]!.GetValue<string>().ShouldContain("No chain/target/match");
        Sandbox.Nodes.ShouldNotContain(node => Sandbox.HoldsConnections(node));
    }

    [Fact]
    public async Task Routers_that_cannot_be_told_are_waited_for_while_connections_are_held()
    {
        Refuse("docker", "permission denied while trying to connect to the Docker daemon socket\n");

        var run = await RunAsync("setup");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        run.Output.ShouldContain("connections that did not fit waited at the nodes");
        run.Output.ShouldContain("permission denied while trying to connect to the Docker daemon socket");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine);
    }

    [Fact]
    public async Task Routers_that_cannot_be_told_are_waited_for_without_a_hold_too()
    {
        Refuse("docker", "permission denied while trying to connect to the Docker daemon socket\n");

        var run = await RunAsync("setup", "--no-hold");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        run.Output.ShouldContain("Routers switched in their own time, the load balancer when half of them had switched.");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine);
    }

    [Fact]
    public async Task A_stuck_router_puts_both_ends_back_and_leaves_nothing_held()
    {
        Sandbox.Faults.Add(new FaultRule(FaultKind.RouterStuck) { Node = Sandbox.Nodes[1] });

        var run = await RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Failed, run.Error);
        Json(run)["error"]!["code"]!.GetValue<string>().ShouldBe("routers-did-not-switch");
        Json(run)["error"]!["message"]!.GetValue<string>().ShouldContain(Sandbox.Nodes[1]);
        _scene.ShouldBeAsAtFirst();
        Sandbox.Nodes.ShouldNotContain(node => Sandbox.HoldsConnections(node));
    }

    private Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments) => _scene.RunAsync(arguments);

    private static JsonNode Json((int ExitCode, string Output, string Error) run) => OutputSchema.Valid(run.Output);

    private void Refuse(string program, string message) => Sandbox.NodeCommands.Add((_, arguments, _) =>
        Task.FromResult(
            arguments.Any(word => word == program || (word.Length > 200 && word.Contains(program, StringComparison.Ordinal)))
            && !arguments.Contains("logs")
                ? new CommandResult(1, "", message)
                : null));
}
