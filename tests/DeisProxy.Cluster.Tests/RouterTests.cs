using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Router;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

public sealed class RouterTests(ClusterFixture cluster, ITestOutputHelper output) : IClassFixture<ClusterFixture>, IAsyncLifetime, IDisposable
{
    private readonly EtcdClient _etcd = new(cluster.Node, cluster.Etcd.Endpoint);

    private static CancellationToken Limit => SshServers.Limit;

    private ClusterRouters Store => new(cluster.Node, _etcd);

    private Task WriteAsync(string? expected, string? value) => Store.WriteAsync(RouterSetting.ProxyProtocol, expected, value, Limit);

    public Task InitializeAsync() => cluster.Etcd.DeleteAsync("/deis");

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _etcd.Dispose();

    [Theory]
    [InlineData("1.5.2", "1", false)]
    [InlineData("1.6.0", null, false)]
    [InlineData("1.6.0", "1", true)]
    [InlineData("1.12.3", "false", true)]
    [InlineData("1.12.3", "", true)]
    [InlineData("1.13.4", "false", false)]
    [InlineData("1.13.4", "", false)]
    [InlineData("1.13.4", "0", true)]
    public async Task Real_routers_are_recognized_plain_and_tls(string version, string? value, bool demands)
    {
        if (value is not null)
        {
            await cluster.Etcd.SetAsync("/deis/router/proxyProtocol", value);
        }

        await using var routers = await NginxRouters.StartAsync(
            cluster.Etcd, new NginxRouterOptions { DeisVersion = version, Count = 1, WithCertificate = true });
        var router = routers.Routers[0];
        router.DemandsProxy.ShouldBe(demands);
        foreach (var port in (int[])[router.HttpPort, router.HttpsPort])
        {
            var clock = Stopwatch.StartNew();
            var result = await RouterProbe.ProbeAsync(cluster.Node, router.Address, port, Limit);
            output.WriteLine($"{port}: {result.Mode}, {result.Seen} ({clock.ElapsedMilliseconds} ms)");
            result.Mode.ShouldBe(demands ? RouterMode.Proxy : RouterMode.Plain);
        }
    }

    [Fact]
    public async Task A_router_that_switches_to_plain_between_the_two_connections_is_plain()
    {
        // What nginx answers to a PROXY line that it does not expect.
        await using var routers = await NginxRouters.StartAsync(cluster.Etcd, new NginxRouterOptions { Count = 1 });
        var router = routers.Routers[0];
        var answers = new Queue<string?>([null, await AskAsync(router.Address, router.HttpPort, "PROXY TCP4 127.0.0.1 127.0.0.1 1 80\r\n")]);
        await using var node = new ScriptedNode(answers);
        var result = await RouterProbe.ProbeAsync(node, router.Address, router.HttpPort, Limit);
        result.Mode.ShouldBe(RouterMode.Plain);
        result.Seen.ShouldContain("400");
    }

    [Fact]
    public async Task What_does_not_answer_is_unreachable_within_two_seconds()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var closing = new CannedServer("");
        using var garbage = new CannedServer("SSH-2.0-x\u001b[31m\r\n");

        // What answers, though not as a router does, has more time: a busy machine must not turn its answer into silence.
        var patience = TimeSpan.FromSeconds(10);
        var clock = Stopwatch.StartNew();
        var results = await Task.WhenAll(
            RouterProbe.ProbeAsync(cluster.Node, "127.0.0.1", RealProcess.FreePort(), Limit, patience),
            RouterProbe.ProbeAsync(cluster.Node, "127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, Limit),
            RouterProbe.ProbeAsync(cluster.Node, "127.0.0.1", closing.Port, Limit, patience),
            RouterProbe.ProbeAsync(cluster.Node, "127.0.0.1", garbage.Port, Limit, patience));
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
        results.ShouldAllBe(result => result.Mode == RouterMode.Unreachable && !result.Seen.Any(char.IsControl));
        results[0].Seen.ShouldContain("could not connect");
        results[1].Seen.ShouldBe("no answer within 2 s");
        results[2].Seen.ShouldContain("with and without");
        results[3].Seen.ShouldContain("SSH-2.0-x");
    }

    [Fact]
    public async Task Cancelling_a_probe_is_no_result()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var cancel = new CancellationTokenSource(100);
        await Should.ThrowAsync<OperationCanceledException>(
            () => RouterProbe.ProbeAsync(cluster.Node, "127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, cancel.Token));
    }

    [Fact]
    public async Task A_lost_node_is_not_a_dead_router()
    {
        await using var server = await SshServer.StartAsync();
        await using var node = await server.ConnectAsync();
        await server.StopAsync();
        (await Should.ThrowAsync<DeisProxyException>(() => RouterProbe.ProbeAsync(node, "127.0.0.1", 80, Limit))).Code.ShouldStartWith("ssh-");
    }

    [Fact]
    public async Task An_empty_cluster_has_no_settings() => (await Store.ReadAsync(Limit)).ShouldBe(new RouterState
    {
        Version = null,
        ProxyProtocol = null,
        ProxyRealIpCidr = null,
        EnforcesHttps = false,
        HstsEnabled = false,
        HasCertificate = false,
        LiveRouters = [],
    });

    [Fact]
    public async Task Reads_everything_and_keeps_no_secret()
    {
        foreach (var (key, value) in new (string, string)[]
        {
            ("/deis/platform/version", "1.12.3"), ("/deis/router/image", "me/router:1"), ("/deis/router/proxyProtocol", ""),
            ("/deis/router/proxyRealIpCidr", "172.16.0.0/12"), ("/deis/router/enforceHTTPS", "false"), ("/deis/router/hsts/enabled", "true"),
            ("/deis/router/sslCert", "CERTIFICATE"), ("/deis/router/sslKey", "SECRET"), ("/deis/router/controller/whitelist", "1.2.3.4:me"),
            ("/deis/router/enforceWhitelist", "true"),
            ("/deis/certs/www.example.com/cert", "APPCERT"), ("/deis/certs/www.example.com/key", "APPSECRET"), (
                "/deis/certs/unused.example.com/cert", "X"),
            ("/deis/domains/www.example.com", "app"), ("/deis/domains/plain.example.com", "app"),
            ("/deis/router/hosts/10.21.1.6", "10.21.1.6:80"), ("/deis/router/hosts/10.21.1.5", "10.21.1.5:80"),
            ("/deis/router/hosts/10.21.1.7", "10.21.1.7"), ("/deis/router/hosts/-oX", "10.21.1.8:80"), (
                "/deis/router/hosts/10.21.1.9", "\u001b[31m:80"),
        })
        {
            await cluster.Etcd.SetAsync(key, value);
        }

        var settings = await Store.ReadAsync(Limit);
        settings.ShouldBe(new RouterState
        {
            Version = new DeisVersion(1, 12, 3),
            ProxyProtocol = "",
            ProxyRealIpCidr = "172.16.0.0/12",
            EnforcesHttps = false,
            HstsEnabled = true,
            HasCertificate = true,
            ControllerWhitelist = "1.2.3.4:me",
            EnforcesWhitelist = true,
            LiveRouters = [new("10.21.1.5", "10.21.1.5", 80), new("10.21.1.6", "10.21.1.6", 80)],
        });
        var shown = settings.ToString();
        shown.ShouldNotContain("SECRET");
        shown.ShouldNotContain("CERTIFICATE", Case.Sensitive);
        shown.ShouldNotContain("APPCERT");

        var clock = Stopwatch.StartNew();
        await Store.ReadAsync(Limit);
        output.WriteLine($"all settings on warm connections: {clock.ElapsedMilliseconds} ms");
    }

    [Fact]
    public async Task Whitelists_of_applications_are_counted_without_reading_their_configuration()
    {
        foreach (var (key, value) in new (string, string)[]
        {
            ("/deis/config/one/deis_whitelist", "192.0.2.7:me"), ("/deis/config/one/database_url", "SECRET"), (
                "/deis/config/two/deis_whitelist", " "),
            ("/deis/config/three/deis_whitelist", "192.0.2.0/24"), ("/deis/config/four/database_url", "SECRET"),
        })
        {
            await cluster.Etcd.SetAsync(key, value);
        }

        var routers = Store;
        (await routers.ReadAsync(Limit)).ApplicationWhitelists.ShouldBe(2);

        // What the list of applications holds: names, and nothing of what is in them.
        var listed = (await _etcd.GetAsync("/deis/config", recursive: false, Limit))!.Nodes;
        listed.Select(entry => entry.Name).Order(StringComparer.Ordinal).ShouldBe(["four", "one", "three", "two"]);
        listed.ShouldAllBe(entry => entry.IsDirectory && entry.Value == null && entry.Nodes.Count == 0);

        // Once is enough: later reads are about what changes during a run.
        await cluster.Etcd.SetAsync("/deis/config/five/deis_whitelist", "192.0.2.7");
        (await routers.ReadAsync(Limit)).ApplicationWhitelists.ShouldBe(2);
    }

    [Fact]
    public async Task Running_routers_are_read_from_etcd()
    {
        await using var routers = await NginxRouters.StartAsync(cluster.Etcd);
        var settings = await Store.ReadAsync(Limit);
        settings.Version.ShouldBe(new DeisVersion(1, 12, 3));
        settings.LiveRouters.ShouldBe(routers.Routers.Select(router => new LiveRouter(router.Address, router.Address, router.HttpPort)));
    }

    [Fact]
    public async Task A_setting_is_changed_only_if_it_is_what_was_read()
    {
        const string key = "/deis/router/proxyProtocol";
        await WriteAsync(null, "1");
        (await cluster.Etcd.GetAsync(key)).ShouldBe("1");
        await ChangedAsync(null, "2");
        await ChangedAsync(null, null);
        await ChangedAsync("x", "2");
        await ChangedAsync("", "2");
        await ChangedAsync("x", null);
        (await cluster.Etcd.GetAsync(key)).ShouldBe("1");
        await WriteAsync("1", "");
        (await cluster.Etcd.GetAsync(key)).ShouldBe("");
        await WriteAsync("", "1");
        await WriteAsync("1", "");
        await WriteAsync("", null);
        (await cluster.Etcd.GetAsync(key)).ShouldBeNull();
        await ChangedAsync("1", null);
        await ChangedAsync("", null);
        await WriteAsync(null, null);

        async Task ChangedAsync(string? expected, string? value)
        {
            var error = await Should.ThrowAsync<DeisProxyException>(() => WriteAsync(expected, value));
            error.Code.ShouldBe("etcd-key-changed");
            output.WriteLine(error.Message);
        }
    }

    [Fact]
    public async Task The_harness_routers_switch_on_their_own_tick_and_at_once()
    {
        await using var routers = await NginxRouters.StartAsync(cluster.Etcd, new NginxRouterOptions { Tick = TimeSpan.FromMilliseconds(300) });
        routers.Routers[2].Stuck = true;
        await WriteAsync(null, "1");
        await UntilAsync(routers.Routers.Take(2), RouterMode.Proxy);
        (await RouterProbe.ProbeAsync(cluster.Node, routers.Routers[2].Address, routers.Routers[2].HttpPort, Limit)).Mode.ShouldBe(RouterMode.Plain);
        await routers.RenderNowAsync();
        await UntilAsync(routers.Routers, RouterMode.Proxy);

        var router = routers.Routers[0];
        (await AskAsync(router.Address, router.HttpPort, "PROXY TCP4 203.0.113.9 10.21.1.5 5000 80\r\nGET /x HTTP/1.1\r\nHost: "
            + "app.example.com\r\nConnection: close\r\n\r\n"))
            .ShouldContain("X-Forwarded-For: 203.0.113.9\n");
        (await File.ReadAllTextAsync(router.AccessLog)).ShouldContain("] - 203.0.113.9 - - - 200 - \"GET /x HTTP/1.1\" - ");

        await WriteAsync("1", null);
        await routers.RenderNowAsync();
        await UntilAsync(routers.Routers, RouterMode.Plain);
    }

    [Fact]
    public async Task Moto_starts()
    {
        await using var moto = await Moto.StartAsync();
        using var http = new HttpClient();
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        (await http.GetStringAsync(new Uri(moto.Endpoint, "/moto-api/data.json"))).ShouldStartWith("{");
        await moto.ResetAsync();
    }

    private async Task UntilAsync(IEnumerable<NginxRouter> routers, RouterMode mode)
    {
        var limit = Limit;
        foreach (var router in routers)
        {
            while ((await RouterProbe.ProbeAsync(cluster.Node, router.Address, router.HttpPort, limit)).Mode != mode)
            {
                router.LastFailure.ShouldBeNull();
                await Task.Delay(20, limit);
            }
        }
    }

    private static async Task<string> AskAsync(string address, int port, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address, port, Limit);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(text), Limit);
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadToEndAsync(Limit);
    }
}
