using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary><c>--provider none</c>: a cluster that clients reach directly.</summary>
public sealed class NoBalancerTests
{
    [Fact]
    public async Task Setup_explains_that_nothing_has_to_be_done_and_verify_proves_it()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisWithoutBalancer);
        var application = $"127.0.0.1:{scene.Sandbox.Routers[0].Port}/";

        (await scene.DoneAsync("setup")).ShouldContain("Nothing to do: without a load balancer WebSockets reach the routers as they are");
        var (exitCode, checks) = await scene.VerifyAsync(
            "--url", $"http://{application}", "--echo-url", $"http://{application}", "--websocket-url", $"ws://{application}",
            "--expect-ip", "127.0.0.1");

        exitCode.ShouldBe(ExitCode.Done, string.Join('\n', checks));
        foreach (var id in (string[])["router-flag", "routers", "client-address", "forwarded-for", "websocket"])
        {
            checks[id].Status.ShouldBe("pass", $"{id}: {checks[id].Seen}");
        }

        scene.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_key_that_breaks_every_request_is_told_by_setup_and_deleted_by_teardown()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisWithoutBalancer with
        {
            EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/proxyProtocol"] = "1" },
        });

        (await scene.RefusedAsync("router-key", "setup")).ShouldContain("deis-proxy teardown --provider none --node 10.21.1.11");
        var (exitCode, checks) = await scene.VerifyAsync();
        exitCode.ShouldBe(ExitCode.CheckFailed);
        checks["router-flag"].Status.ShouldBe("fail");
        checks["routers"].Status.ShouldBe("fail");

        await scene.DoneAsync("teardown");
        scene.Sandbox.EtcdValue("/deis/router/proxyProtocol").ShouldBeNull();
        (await scene.DoneAsync("teardown")).ShouldContain("Nothing to do");
    }
}
