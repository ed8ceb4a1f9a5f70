using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>
/// etcd loses its majority half-way through the flip: only the load balancer is left to bring traffic back. A class a command, because each mostly
/// waits.
/// </summary>
public abstract class LostClusterTests(string command) : IAsyncLifetime
{
    private Scene _scene = null!;

    private SandboxCloud Sandbox => _scene.Sandbox;

    private bool SendsProxyLine => Sandbox.FindLoadBalancer().BackendPolicies.Any(b => b.Key == 80 && b.Value.Count > 0);

    public async Task InitializeAsync() => _scene = await Scene.StartAsItIsAsync(SandboxOptions.DeisV15 with
    {
        RouterInterval = TimeSpan.FromSeconds(2),
        DataPlaneLag = new LagRange(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(1.6)),
    });

    public async Task DisposeAsync() => await _scene.DisposeAsync();

    [Fact]
    public async Task One_that_stays_out_of_reach_is_served_all_the_same()
    {
        await ReadyAsync();
        _scene.RollbackLimit = TimeSpan.FromSeconds(20);
        var run = _scene.RunAsync(command);
        var unreachable = await LoseEtcdInFlipAsync(run);

        var (exitCode, output, error) = await run;

        exitCode.ShouldBe(ExitCode.NotPutBack, output + error);
        error.ShouldContain("the load balancer was made to send what the routers expect");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine == (command == "teardown"));
        SendsProxyLine.ShouldBe(command == "teardown", "the routers never heard of the change");
        Sandbox.Nodes.ShouldNotContain(node => Sandbox.HoldsConnections(node));

        Sandbox.Faults.Remove(unreachable);
        _scene.RollbackLimit = TimeSpan.FromSeconds(60);
        await LockEndsAsync();
        var again = await _scene.RunAsync(command);
        again.ExitCode.ShouldBe(ExitCode.Done, again.Output + again.Error);
        SendsProxyLine.ShouldBe(command == "setup");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine == (command == "setup"));
    }

    [Fact]
    public async Task One_that_comes_back_is_put_back()
    {
        await ReadyAsync();
        var run = _scene.RunAsync(command);
        var unreachable = await LoseEtcdInFlipAsync(run);
        await UntilAsync(() => SendsProxyLine == (command == "teardown"), run);
        Sandbox.Faults.Remove(unreachable);

        var (exitCode, output, error) = await run;

        exitCode.ShouldBe(ExitCode.Failed, output + error);
        SendsProxyLine.ShouldBe(command == "teardown");
        Sandbox.Routers.ShouldAllBe(router => router.DemandsProxyLine == (command == "teardown"));
        if (command == "setup")
        {
            _scene.ShouldBeAsAtFirst();
        }
    }

    private async Task ReadyAsync()
    {
        if (command == "teardown")
        {
            (await _scene.RunAsync("setup")).ExitCode.ShouldBe(ExitCode.Done);
        }
    }

    /// <summary>It is lost when the load balancer has been told, and before that shows.</summary>
    private async Task<FaultRule> LoseEtcdInFlipAsync(Task run)
    {
        var before = SendsProxyLine;
        await UntilAsync(() => SendsProxyLine != before, run);
        return Sandbox.Faults.Add(new FaultRule(FaultKind.NoLeader) { Service = "etcd" });
    }

    /// <summary>The lock could not be given back; of a process that lives, as this one does, it ends with its time.</summary>
    private async Task LockEndsAsync()
    {
        using var http = new HttpClient();
        using var answer = await http.DeleteAsync(new Uri(Sandbox.EtcdEndpoint, "/v2/keys/deis-proxy/lock"));
        answer.EnsureSuccessStatusCode();
    }

    private static async Task UntilAsync(Func<bool> isSo, Task run)
    {
        while (!isSo())
        {
            run.IsCompleted.ShouldBeFalse("the run has ended");
            await Task.Delay(2);
        }
    }
}

public sealed class SetupLosesClusterTests() : LostClusterTests("setup");

public sealed class TeardownLosesClusterTests() : LostClusterTests("teardown");
