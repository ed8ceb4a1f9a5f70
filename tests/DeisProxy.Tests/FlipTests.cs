using DeisProxy.Cluster.Ssh;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>How both ends are switched on a cluster whose load balancer acts late, and what is done where a node does not allow the best way.</summary>
public sealed class FlipTests : IAsyncLifetime
{
    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("deis-proxy-test-");
    private SandboxCloud _sandbox = null!;

    public async Task InitializeAsync() => _sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15 with
    {
        RouterInterval = TimeSpan.FromSeconds(2),
        DataPlaneLag = new LagRange(TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(0.9)),
    });

    public async Task DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        _state.Delete(recursive: true);
    }

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
        run.Json["flipManner"]!.GetValue<string>().ShouldBe("held");
        run.Json["heldMilliseconds"]!.GetValue<long>().ShouldBeInRange(1, 4500);
        run.Json["outageMilliseconds"]!.GetValue<long>().ShouldBeLessThan(3000);
        run.Json["steps"]!.AsArray().Single(s => s!["id"]!.GetValue<string>() == "flip")!["description"]!.GetValue<string>().ShouldContain("new connections wait there meanwhile, 5 s at most");
        _sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine == (command == "setup"));
        _sandbox.Nodes.ShouldNotContain(node => _sandbox.HoldsConnections(node));
    }

    [Fact]
    public async Task The_plan_and_the_end_say_in_words_what_is_held()
    {
        var run = await RunAsync("setup");

        run.Output.ShouldContain("where the nodes allow it (sudo, iptables), new connections wait there meanwhile, 5 s at most");
        run.Output.ShouldContain("The load balancer first, then every router at once, with new connections held for ");
    }

    [Fact]
    public async Task Nothing_is_held_with_no_hold()
    {
        var commands = new List<string>();
        _sandbox.NodeCommands.Add((_, arguments, _) =>
        {
            lock (commands)
            {
                commands.Add(string.Join(' ', arguments));
            }

            return Task.FromResult<CommandResult?>(null);
        });

        var run = await RunAsync("setup", "--no-hold", "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        run.Json["flipManner"]!.GetValue<string>().ShouldBe("watched");
        run.Json["heldMilliseconds"]!.GetValue<long>().ShouldBe(0);
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
        run.Output.ShouldContain("The load balancer first, then every router at once.");
        run.Output.ShouldContain("New connections could not be held: ");
        run.Output.ShouldContain("sudo: a password is required");
    }

    [Fact]
    public async Task Routers_that_cannot_be_told_are_waited_for()
    {
        Refuse("docker", "permission denied while trying to connect to the Docker daemon socket\n");

        var run = await RunAsync("setup");

        run.ExitCode.ShouldBe(ExitCode.Done, run.Error);
        run.Output.ShouldContain("The routers in their own time, the load balancer when half of them had switched.");
        run.Output.ShouldContain("permission denied while trying to connect to the Docker daemon socket");
        _sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine);
    }

    [Fact]
    public async Task A_stuck_router_puts_both_ends_back_and_leaves_nothing_held()
    {
        _sandbox.Faults.Add(new FaultRule(FaultKind.RouterStuck) { Node = _sandbox.Nodes[1] });

        var run = await RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(ExitCode.Failed, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("routers-did-not-switch");
        run.Json["error"]!["message"]!.GetValue<string>().ShouldContain(_sandbox.Nodes[1]);
        _sandbox.EtcdValue("/deis/router/proxyProtocol").ShouldBeNull();
        _sandbox.FindLoadBalancer().BackendPolicies.Values.ShouldAllBe(names => names.Count == 0);
        _sandbox.Nodes.ShouldNotContain(node => _sandbox.HoldsConnections(node));
    }

    private Task<SandboxRun> RunAsync(params string[] arguments) => SandboxRun.StartAsync(_sandbox, _state.FullName, arguments);

    private void Refuse(string program, string message) => _sandbox.NodeCommands.Add((_, arguments, _) =>
        Task.FromResult(arguments.Any(word => word == program || (word.Length > 200 && word.Contains(program, StringComparison.Ordinal))) && !arguments.Contains("logs") ? new CommandResult(1, "", message) : null));
}
