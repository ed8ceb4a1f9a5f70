using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Sandbox.Tests;

public sealed class RouterTests
{
    [Theory]
    [InlineData("1.5.2", "1", false, null)] // Too old to know the key.
    [InlineData("1.6.0", "1", true, "203.0.113.9")]
    [InlineData("1.6.0", "false", true, "10.21.1.5")] // Demands the line and does not use it.
    [InlineData("1.12.3", "", true, "10.21.1.5")]
    [InlineData("1.12.3", "0", true, "203.0.113.9")]
    [InlineData("1.13.0", "false", false, null)]
    [InlineData("1.13.4", "off", true, "203.0.113.9")]
    public async Task The_key_means_what_it_means_in_each_version(string version, string value, bool demands, string? address)
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { PlatformVersion = version });
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.SendProxyLineAsync(80);
        await sandbox.DemandProxyLineAsync(value, demands);
        var answer = await Raw.GetAsync(sandbox.Port(80));
        Raw.Status(answer).ShouldBe(demands ? 200 : 400);
        if (demands)
        {
            Scenes.Seen(answer, "X-Forwarded-For").ShouldBe(address);
        }
    }

    [Theory]
    [InlineData("1.12.3", "203.0.113.9")]
    [InlineData("1.13.4", "10.21.1.5")]
    public async Task A_wrong_network_shows_the_load_balancer_from_1_13_on(string version, string address)
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            PlatformVersion = version,
            EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/proxyRealIpCidr"] = "172.16.0.0/12" },
        });
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.SendProxyLineAsync(80);
        await sandbox.DemandProxyLineAsync();
        (await sandbox.SeenAddressAsync()).ShouldBe(address);
    }

    [Fact]
    public async Task A_whitelist_tests_the_address_that_the_router_sees()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            PlatformVersion = "1.13.4",
            EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/config/app/deis_whitelist"] = "203.0.113.0/24:office" },
        });
        Raw.Status(await Raw.GetAsync(sandbox.Port(80))).ShouldBe(200);
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        Raw.Status(await Raw.GetAsync(sandbox.Port(80))).ShouldBe(403);
    }

    [Fact]
    public async Task Port_9090_answers_plainly_from_1_11_on()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { PlatformVersion = "1.11.0" });
        await sandbox.CheckHealthAsync("HTTP:9090/health-check");
        await sandbox.DemandProxyLineAsync();
        await Task.Delay(1000);
        sandbox.Elb.InstanceHealth.ShouldAllBe(health => health.State == "InService");
        await using var old = await RunningSandbox.StartAsync();
        await old.CheckHealthAsync("HTTP:9090/health-check");
        await Tools.EventuallyAsync(() => old.Elb.InstanceHealth.All(health => health.State == "OutOfService"), "nothing listens on 9090 before");
    }

    [Fact]
    public async Task Routers_register_themselves_and_read_etcd_on_their_own_tick()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { RouterInterval = TimeSpan.FromMilliseconds(300) });
        foreach (var router in sandbox.Cloud.Routers)
        {
            sandbox.Cloud.EtcdValue($"/deis/router/hosts/{router.Node}").ShouldBe($"127.0.0.1:{router.Port}");
        }

        using var http = new HttpClient { BaseAddress = sandbox.Cloud.EtcdEndpoint };
        (await http.GetStringAsync("/v2/keys/deis/router/hosts")).ShouldContain("\"ttl\":20");
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.RouterStuck) { Node = sandbox.Cloud.Nodes[1] });
        sandbox.Cloud.SetEtcdValue("/deis/router/proxyProtocol", "1");
        await Tools.EventuallyAsync(() => sandbox.Cloud.Routers.Count(router => router.DemandsProxyLine) == 2, "two of three have switched");
        await Task.Delay(400);
        sandbox.Cloud.Routers[1].DemandsProxyLine.ShouldBeFalse();
        sandbox.Cloud.Faults.Clear();
        await Tools.EventuallyAsync(() => sandbox.Cloud.Routers[1].DemandsProxyLine, "the third follows");
    }

    [Fact]
    public async Task A_node_sees_etcd_and_routers_and_runs_commands()
    {
        await using var sandbox = await RunningSandbox.StartAsync(
            SandboxOptions.DeisV15 with { Routers = 2, RouterInterval = TimeSpan.FromHours(1) });
        await using var node = await sandbox.Cloud.ConnectNodeAsync("198.51.100.11");
        var own = sandbox.Cloud.Nodes[0];

        (await AskAsync(node, "127.0.0.1", 4001, "/version")).ShouldContain("etcdserver");
        (await AskAsync(node, "127.0.0.1", 2379, "/v2/keys/deis/platform/version")).ShouldContain("v1.6.0");
        (await AskAsync(node, sandbox.Cloud.Nodes[1], 80, "/health-check")).ShouldStartWith("HTTP/1.1 200");
        (await AskAsync(node, "127.0.0.1", sandbox.Cloud.Routers[1].Port, "/health-check")).ShouldStartWith("HTTP/1.1 200");
        await Should.ThrowAsync<IOException>(() => node.OpenStreamAsync(sandbox.Cloud.Nodes[2], 80, CancellationToken.None));
        await Should.ThrowAsync<IOException>(() => node.OpenStreamAsync("192.0.2.1", 80, CancellationToken.None));

        (await node.RunAsync(["true"], CancellationToken.None)).ExitCode.ShouldBe(0);
        (await node.RunAsync(["nonsense"], CancellationToken.None)).ExitCode.ShouldBe(127);
        (await node.RunAsync(["hostname"], CancellationToken.None)).StandardOutput.ShouldBe($"ip-{own.Replace('.', '-')}.ec2.internal\n");
        (await AskAsync(node, "127.0.0.1", 80, "/token-1")).ShouldContain("/token-1");
        var logs = await node.RunAsync(["sudo", "-n", "docker", "logs", "--tail", "1", "deis-router"], CancellationToken.None);
        logs.StandardOutput.ShouldContain("\"GET /token-1 HTTP/1.1\"");

        sandbox.Cloud.SetEtcdValue("/deis/router/proxyProtocol", "1");
        var rendered = await node.RunAsync(
            ["docker", "exec", "deis-router", "sh", "-c", "confd -node $HOST:4001 -onetime --log-level error"], CancellationToken.None);
        rendered.ExitCode.ShouldBe(0);
        await Tools.EventuallyAsync(() => sandbox.Cloud.Routers[0].DemandsProxyLine, "this router has switched");
        sandbox.Cloud.Routers[1].DemandsProxyLine.ShouldBeFalse();

        sandbox.Cloud.NodeCommands.Add(
            (address, arguments, _) => Task.FromResult(arguments is ["uptime"] ? new CommandResult(0, address, "") : null));
        (await node.RunAsync(["uptime"], CancellationToken.None)).StandardOutput.ShouldBe(own);
        await using var other = await sandbox.Cloud.ConnectNodeAsync($"core@{sandbox.Cloud.Nodes[2]}:22");
        (await other.RunAsync(["docker", "logs", "deis-router"], CancellationToken.None)).ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task A_node_can_refuse_and_be_lost()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var rule = sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.NodeRefuses) { Node = sandbox.Cloud.Nodes[0] });
        (await Should.ThrowAsync<DeisProxyException>(() => sandbox.Cloud.ConnectNodeAsync(sandbox.Cloud.Nodes[0]))).Code.ShouldBe("ssh-unreachable");
        await using (await sandbox.Cloud.ConnectNodeAsync(sandbox.Cloud.Nodes[1]))
        {
            sandbox.Cloud.Faults.Remove(rule);
        }

        await using var node = await sandbox.Cloud.ConnectNodeAsync(sandbox.Cloud.Nodes[0]);
        await using var stream = await node.OpenStreamAsync("127.0.0.1", 4001, CancellationToken.None);
        var ran = 0;
        sandbox.Cloud.NodeCommands.Add((_, arguments, _) => Task.FromResult(arguments is ["count"] ? new CommandResult(++ran, "", "") : null));
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.CloseAfter) { Service = "ssh", Operation = "run", Times = 1 });
        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["count"], CancellationToken.None))).Code.ShouldBe("ssh-connection-lost");
        ran.ShouldBe(1);
        (await Should.ThrowAsync<IOException>(async () => await stream.ReadExactlyAsync(new byte[1]))).InnerException
            .ShouldBeOfType<DeisProxyException>().Code.ShouldBe("ssh-connection-lost");
        await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["count"], CancellationToken.None));
        ran.ShouldBe(1);
        await using var again = await sandbox.Cloud.ConnectNodeAsync(sandbox.Cloud.Nodes[0]);
        (await again.RunAsync(["count"], CancellationToken.None)).ExitCode.ShouldBe(2);
    }

    private static async Task<string> AskAsync(INode node, string host, int port, string path)
    {
        await using var stream = await node.OpenStreamAsync(host, port, CancellationToken.None);
        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }
}
