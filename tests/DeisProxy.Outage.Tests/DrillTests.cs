using Xunit.Abstractions;

namespace DeisProxy.Outage.Tests;

/// <summary>What goes wrong while both ends are switched. In several classes, because each drill mostly waits.</summary>
public abstract class DrillTests(ITestOutputHelper output)
{
    /// <summary>A minute on a quiet machine.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    protected async Task RunAsync(params string[] drills)
    {
        var (exitCode, text) = await BenchProcess.RunAsync(Limit, "--drill", string.Join(',', drills));
        output.WriteLine(text);
        exitCode.ShouldBe(0, text);
        foreach (var drill in drills)
        {
            text.ShouldContain($"{drill}");
        }
    }
}

public sealed class EarlyKillTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task Killed_when_or_soon_after_the_first_PROXY_line_comes_it_leaves_nothing_held_and_a_second_setup_finishes_the_job() =>
        RunAsync("kill-0", "kill-30", "kill-60", "kill-90");
}

public sealed class LateKillTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task Killed_later_or_surely_while_connections_are_held_it_leaves_nothing_held_and_a_second_setup_finishes_the_job() =>
        RunAsync("kill-120", "kill-150", "kill-180", "kill-210", "kill-armed", "kill-held");
}

public sealed class RightsTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task Where_one_node_allows_less_the_next_best_order_is_taken_and_setup_is_done() =>
        RunAsync("no-sudo", "no-iptables", "no-u32", "no-docker");
}

public sealed class HindranceTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task Nodes_that_lose_the_operator_let_connections_go() => RunAsync("freeze-held", "cut-one-held", "cut-all-held");
}

public sealed class RouterTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task A_router_that_never_follows_has_all_put_back() => RunAsync("confd-idle", "confd-hangs");
}

public sealed class WebSocketTests(ITestOutputHelper output) : DrillTests(output)
{
    [Fact]
    public Task WebSockets_that_are_open_echo_all_through_setup_and_teardown() => RunAsync("websocket");
}
