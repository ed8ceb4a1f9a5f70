using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Sandbox.Tests;

public sealed class DataPlaneTests
{
    private const string Certificate = "arn:aws:iam::123456789012:server-certificate/deis";

    [Fact]
    public async Task An_HTTP_listener_tells_the_client_and_passes_no_WebSocket()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var answer = await Raw.GetAsync(sandbox.Port(80));
        Scenes.Seen(answer, "X-Forwarded-For").ShouldBe("203.0.113.9, 10.21.1.5");
        Scenes.Seen(answer, "X-Forwarded-Proto").ShouldBe("http");
        Scenes.Seen(answer, "X-Forwarded-Port").ShouldBe("80");
        (await Scenes.EchoAsync(sandbox.Port(80), "hello")).ShouldBeNull();

        // The load balancer itself answers what is not HTTP: no word of nginx.
        var malformed = await Raw.ExchangeAsync(sandbox.Port(80), "PROXY TCP4 1.2.3.4 5.6.7.8 9 80\r\nGET / HTTP/1.1\r\n\r\n");
        Raw.Status(malformed).ShouldBe(400);
        malformed!.ShouldNotContain("nginx");
        sandbox.Cloud.Routers.ShouldAllBe(router => !router.Log.Any(line => line.Contains(" 400 ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_connection_to_an_HTTP_listener_carries_several_requests()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        using var http = new HttpClient();
        for (var number = 0; number < 4; number++)
        {
            using var content = new StringContent(new string('x', 50_000));
            using var answer = await http.PostAsync(new Uri($"http://127.0.0.1:{sandbox.Port(80)}/post"), content);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        // Every router got its share.
        sandbox.Cloud.Routers.ShouldAllBe(router => router.Log.Any(line => line.Contains("\"POST /post HTTP/1.1\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_TCP_listener_passes_WebSockets_and_loses_the_address()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        (await sandbox.SeenAddressAsync()).ShouldBe("10.21.1.5");
        (await Scenes.EchoAsync(sandbox.Port(80), "hello")).ShouldBe("hello");
    }

    [Fact]
    public async Task With_both_sides_on_the_client_is_seen()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.SendProxyLineAsync(80);
        await sandbox.DemandProxyLineAsync();
        (await sandbox.SeenAddressAsync()).ShouldBe("203.0.113.9");
        (await Scenes.EchoAsync(sandbox.Port(80), "hello")).ShouldBe("hello");
        sandbox.Cloud.Routers.SelectMany(router => router.Log)
            .Count(line => line.Contains("] - 203.0.113.9 - - - 200 - \"GET / HTTP/1.1\" - ", StringComparison.Ordinal)).ShouldBe(1);
        sandbox.Cloud.Routers.SelectMany(router => router.Log).ShouldContain(
            line => line.Contains("] - 203.0.113.9 - - - 101 - \"GET /socket HTTP/1.1\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Plain_load_balancer_and_PROXY_router_closes_without_a_word()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.DemandProxyLineAsync();
        (await Raw.GetAsync(sandbox.Port(80))).ShouldBe("");
        sandbox.Cloud.Routers.SelectMany(router => router.Log).ShouldContain(
            line => line.Contains("[error] 22#0: *1 broken header: \"GET / HTTP/1.1", StringComparison.Ordinal));
        sandbox.Cloud.Routers.SelectMany(router => router.Log).ShouldContain(
            line => line.EndsWith("\" while reading PROXY protocol, client: 10.21.1.5, server: 0.0.0.0:80", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PROXY_load_balancer_and_plain_router_answers_400()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.SendProxyLineAsync(80);
        Raw.Status(await Raw.GetAsync(sandbox.Port(80))).ShouldBe(400);
        var line = sandbox.Cloud.Routers.SelectMany(router => router.Log).Single(line => line.Contains(" - 400 - ", StringComparison.Ordinal));
        line.ShouldMatch("""^\[INFO\] - \[[^]]+\] - 10\.21\.1\.5 - - - 400 - "PROXY TCP4 203\.0\.113\.9 10\.21\.1\.5 [0-9]+ 80" - """);
    }

    [Fact]
    public async Task A_deleted_listener_refuses_and_keeps_what_is_open()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        var port = sandbox.Port(80);
        using var open = new TcpClient();
        await open.ConnectAsync(IPAddress.Loopback, port);
        await using var stream = open.GetStream();
        (await RequestAsync(stream)).ShouldStartWith("HTTP/1.1 200 OK");

        await sandbox.DeleteListenerAsync(80);
        (await Raw.GetAsync(port)).ShouldBeNull();
        (await RequestAsync(stream)).ShouldStartWith("HTTP/1.1 200 OK");

        for (var again = 0; again < 5; again++)
        {
            await sandbox.CreateListenerAsync("TCP", 80, "TCP", 80);
            sandbox.Port(80).ShouldBe(port);
            Raw.Status(await Raw.GetAsync(port)).ShouldBe(200);
            await sandbox.DeleteListenerAsync(80);
            (await Raw.GetAsync(port)).ShouldBeNull();
        }

        static async Task<string> RequestAsync(NetworkStream stream)
        {
            await stream.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            var buffer = new byte[4096];
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, limit.Token));
        }
    }

    [Fact]
    public async Task The_builder_notices_a_PROXY_line()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        (await Raw.ExchangeAsync(sandbox.Port(2222), "SSH-2.0-test\r\n")).ShouldBe("SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2\r\n");
        await sandbox.SendProxyLineAsync(2222);
        (await Raw.ExchangeAsync(sandbox.Port(2222), "SSH-2.0-test\r\n"))!.ShouldEndWith("Protocol mismatch.\n");
    }

    [Fact]
    public async Task Health_checks_over_HTTP_fail_on_a_PROXY_port_and_TCP_ones_do_not()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Elb.InstanceHealth.ShouldAllBe(health => health.State == "InService");
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        await sandbox.DemandProxyLineAsync();
        await Tools.EventuallyAsync(() => sandbox.Elb.InstanceHealth.All(health => health.State == "OutOfService"), "all are out of service");
        sandbox.Elb.InstanceHealth[0].ReasonCode.ShouldBe("Instance");
        (await Raw.GetAsync(sandbox.Port(80))).ShouldBe("");
        await sandbox.CheckHealthAsync("TCP:80");
        await Tools.EventuallyAsync(() => sandbox.Elb.InstanceHealth.All(health => health.State == "InService"), "all are back");
    }

    [Fact]
    public async Task Nobody_in_service_is_a_503_and_a_node_without_a_router_gets_nothing()
    {
        await using var none = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Routers = 0 });
        Raw.Status(await Raw.GetAsync(none.Port(80))).ShouldBe(503);
        await using var one = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Routers = 1 });
        one.Elb.InstanceHealth.Select(health => health.State).ShouldBe(["InService", "OutOfService", "OutOfService"]);
        for (var request = 0; request < 6; request++)
        {
            Raw.Status(await Raw.GetAsync(one.Port(80))).ShouldBe(200);
        }
    }

    [Fact]
    public async Task The_idle_timeout_cuts()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { IdleTimeScale = 0.0001 });
        await sandbox.SwapAsync(80, "TCP", "TCP", 80);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, sandbox.Port(80));
        await using var stream = client.GetStream();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        (await stream.ReadAsync(new byte[1], limit.Token)).ShouldBe(0);
    }

    [Fact]
    public async Task A_change_takes_effect_after_the_lag()
    {
        // Long enough for a busy machine to ask once before it is over.
        var lag = TimeSpan.FromSeconds(3);
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            DataPlaneLagByOperation = new Dictionary<string, LagRange>(StringComparer.Ordinal) { ["DeleteLoadBalancerListeners"] = new(lag, lag) },
        });
        await sandbox.DeleteListenerAsync(80);
        sandbox.Elb.Listeners.ShouldNotContain(listener => listener.LoadBalancerPort == 80);
        Raw.Status(await Raw.GetAsync(sandbox.Port(80))).ShouldBe(200);
        await Tools.EventuallyAsync(async () => await Raw.GetAsync(sandbox.Port(80)) is null, "the port is closed", 30);
    }

    [Fact]
    public async Task TLS_ends_at_the_load_balancer_and_a_redirect_loops_behind_SSL()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/enforceHTTPS"] = "true" },
        });
        var redirected = await Raw.GetAsync(sandbox.Port(80), "/path?q=1");
        Raw.Status(redirected).ShouldBe(301);
        redirected!.ShouldContain("Location: https://app.example.org/path?q=1\r\n");

        await sandbox.SwapAsync(443, "HTTPS", "HTTP", 80, Certificate);
        var https = await SecureGetAsync(sandbox.Port(443));
        Scenes.Seen(https, "X-Forwarded-Proto").ShouldBe("https");
        Scenes.Seen(https, "X-Forwarded-Port").ShouldBe("443");

        await sandbox.SwapAsync(443, "SSL", "TCP", 80, Certificate);
        Raw.Status(await SecureGetAsync(sandbox.Port(443))).ShouldBe(301);
    }

    [Fact]
    public async Task The_routers_own_TLS_is_there_only_with_a_certificate()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        (await Raw.GetAsync(sandbox.Port(443))).ShouldBe("");
        sandbox.Cloud.SetEtcdValue("/deis/router/sslCert", "a certificate");
        foreach (var router in sandbox.Cloud.Routers)
        {
            router.Render();
        }

        var port = sandbox.Port(443);
        await Tools.EventuallyAsync(
            async () =>
            {
                try
                {
                    return Raw.Status(await SecureGetAsync(port)) == 200;
                }
                catch (Exception error) when (error is IOException or SocketException)
                {
                    return false;
                }
            },
            "TLS is served");
        Scenes.Seen(await SecureGetAsync(port), "X-Forwarded-Proto").ShouldBe("https");
    }

    private static async Task<string> SecureGetAsync(int port)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
#pragma warning disable CA5359, MA0039 // The sandbox makes its certificate itself.
        await using var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359, MA0039
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "app.example.org" }, limit.Token);
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: app.example.org\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
