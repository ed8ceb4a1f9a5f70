using System.Diagnostics;
using System.Net;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Integration.Tests;

/// <summary>Each check of real traffic, made to pass and to fail on real routers behind a real balancer.</summary>
public sealed class TrafficTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("1.6.0")]
    [InlineData("1.12.3")]
    [InlineData("1.13.4")]
    public async Task Both_sides_on_the_address_arrives(string release)
    {
        await using var bed = await TrafficBed.StartAsync(new() { Release = release });
        var checks = await bed.VerifyAsync(echo: bed.Url());
        Show(checks, "client-address", CheckStatus.Pass).Seen.ShouldContain("saw 127.0.0.1 (http://127.0.0.1:");
        Show(checks, "forwarded-for", CheckStatus.Pass).Seen.ShouldStartWith("X-Forwarded-For \"127.0.0.1\"");
        Show(checks, "builder-port", CheckStatus.Pass).Seen.ShouldContain("\"SSH-2.0-OpenSSH");
    }

    [Fact]
    public async Task Policy_off()
    {
        await using var bed = await TrafficBed.StartAsync(new() { SendProxy = false });
        var check = Show(await bed.VerifyAsync(), "client-address", CheckStatus.Fail);
        check.Seen.ShouldContain("demands the PROXY line and the load balancer did not send it");
        check.Remedy.ShouldBe("Run deis-proxy setup.");
    }

    [Fact]
    public async Task Key_off()
    {
        await using var bed = await TrafficBed.StartAsync(new() { ProxyProtocol = null });
        var checks = await bed.VerifyAsync(echo: bed.Url());
        Show(checks, "client-address", CheckStatus.Fail).Seen.ShouldContain("gets a PROXY line and does not expect it");
        Show(checks, "forwarded-for", CheckStatus.Fail).Seen.ShouldContain("HTTP 400");
    }

    [Fact]
    public async Task Both_off()
    {
        await using var bed = await TrafficBed.StartAsync(new() { SendProxy = false, ProxyProtocol = null });
        var checks = await bed.VerifyAsync(echo: bed.Url());
        var check = Show(checks, "client-address", CheckStatus.Fail);
        check.Seen.ShouldContain("saw 127.1.9.9, the load balancer's own address: neither side");
        check.Remedy.ShouldBe("Run deis-proxy setup.");
        Show(checks, "forwarded-for", CheckStatus.Fail).Seen.ShouldContain("the load balancer's own address");
    }

    [Fact]
    public async Task Http_listener()
    {
        await using var bed = await TrafficBed.StartAsync(new() { HttpMode = true, SendProxy = false });
        Show(await bed.VerifyAsync(), "client-address", CheckStatus.Fail).Seen.ShouldContain(
            "demands the PROXY line and the load balancer did not send it");
    }

    [Fact]
    public async Task Wrong_network()
    {
        await using var bed = await TrafficBed.StartAsync(new() { Release = "1.13.4", RealIpCidr = "10.0.0.0/8" });
        var checks = await bed.VerifyAsync(echo: bed.Url());
        Show(checks, "client-address", CheckStatus.Fail).Remedy.ShouldStartWith(
            "The routers' side is wrong: they read the PROXY line but do not trust it");
        Show(checks, "forwarded-for", CheckStatus.Fail).Seen.ShouldContain("127.1.9.9");
    }

    [Fact]
    public async Task One_router_stuck()
    {
        await using var bed = await TrafficBed.StartAsync(new() { ProxyProtocol = null });
        bed.Routers.Routers[0].Stuck = true;
        await bed.Etcd.SetAsync("/deis/router/proxyProtocol", "1", Cluster.Etcd.EtcdCondition.Absent, timeToLive: null, CancellationToken.None);
        await bed.Routers.Routers[1].RenderNowAsync();
        var state = await bed.RouterControl.ReadAsync(CancellationToken.None);
        CheckResult check;
        var clock = Stopwatch.StartNew();
        do
        {
            check = await RouterChecks.RunAsync(bed.RouterControl, state, [80], RouterMode.Proxy, CancellationToken.None);
        }
        while (check.Seen.Contains(bed.Routers.Routers[1].Address, StringComparison.Ordinal) && clock.Elapsed < TimeSpan.FromSeconds(60));
        Write(check);
        check.Status.ShouldBe(CheckStatus.Fail);
        check.Seen.ShouldBe($"{bed.Routers.Routers[0].Address}:80 answers plain requests (a plain request was answered with HTTP/1.1 200 OK)");
    }

    [Fact]
    public async Task Policy_on_the_builders_port()
    {
        await using var bed = await TrafficBed.StartAsync(new() { SendProxyToBuilder = true });
        Show(await bed.VerifyAsync(), "builder-port", CheckStatus.Fail).Seen.ShouldContain("it got something before our line");
    }

    [Fact]
    public async Task Another_address()
    {
        await using var bed = await TrafficBed.StartAsync();
        Show(await bed.VerifyAsync(expected: IPAddress.Parse("198.51.100.7")), "client-address", CheckStatus.Fail).Expected.ShouldStartWith(
            "198.51.100.7");
        Show(await bed.VerifyAsync(bed.Url(port: bed.NatPort)), "client-address", CheckStatus.Warn).Seen.ShouldContain(
            "saw 127.1.8.8; the nodes see this machine as 127.0.0.1; a NAT");
        Show(await bed.VerifyAsync(bed.Url(port: bed.NatPort), expected: IPAddress.Parse("127.1.8.8")), "client-address", CheckStatus.Pass);
    }

    [Fact]
    public async Task A_log_that_is_gone_rotated_late_or_strange()
    {
        await using var bed = await TrafficBed.StartAsync();
        bed.Docker("echo 'Error: No such container: deis-router' >&2; exit 1");
        Show(await bed.VerifyAsync(), "client-address", CheckStatus.Warn).Seen.ShouldContain("no container deis-router that docker shows the log of");

        bed.Docker("echo '[INFO] - nothing of it'");
        Show(await bed.VerifyAsync(), "client-address", CheckStatus.Fail).Seen.ShouldContain("was not found in a router's log");

        bed.Docker($"cat {bed.Routers.Routers[0].AccessLog} {bed.Routers.Routers[1].AccessLog} | sed 's/.*verify=/\\x1b[31m/'");
        Show(await bed.VerifyAsync(), "client-address", CheckStatus.Warn).Seen.ShouldContain("not in the router's format");

        // The router restarts: no container for a moment, then one with the log.
        var since = DateTimeOffset.UtcNow.AddSeconds(2).ToUnixTimeSeconds();
        bed.Docker($"[ $(date +%s) -lt {since} ] && exit 1\ncat {bed.Routers.Routers[0].AccessLog} {bed.Routers.Routers[1].AccessLog}");
        Show(await bed.VerifyAsync(), "client-address", CheckStatus.Pass);
    }

    [Fact]
    public async Task Web_sockets()
    {
        await using var bed = await TrafficBed.StartAsync();
        await using var application = new EchoApplication();
        var (http, tcp, tls, dead) = (RealProcess.FreePort(), RealProcess.FreePort(), RealProcess.FreePort(), RealProcess.FreePort());
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["pem"], SelfSigned());
        await using var balancer = await HaproxyBalancer.StartAsync(
            new HaproxyOptions(),
            new HaproxyListener(http, ("127.0.0.1", application.Port)) { Http = true },
            new HaproxyListener(tcp, ("127.0.0.1", application.Port)),
            new HaproxyListener(tls, ("127.0.0.1", application.Port)) { CertificateFile = directory["pem"] });

        async Task<CheckResult> TryAsync(string url, CheckStatus status) => Show(await bed.VerifyAsync(socket: new Uri(url)), "websocket", status);
        (await TryAsync($"ws://127.0.0.1:{tcp}/ws", CheckStatus.Pass)).Seen.ShouldContain("a message came back");
        (await TryAsync($"ws://127.0.0.1:{http}/ws", CheckStatus.Fail)).Seen.ShouldContain("HTTP 426 instead of 101");
        (await TryAsync($"ws://127.0.0.1:{tcp}/echo", CheckStatus.Fail)).Seen.ShouldContain("HTTP 200 instead of 101");
        (await TryAsync($"ws://127.0.0.1:{tcp}/loop", CheckStatus.Fail)).Seen.ShouldContain("a redirect to");
        (await TryAsync($"ws://127.0.0.1:{tcp}/mute", CheckStatus.Fail)).Seen.ShouldContain("did not come back: \"closed with status 1008 no\"");
        (await TryAsync($"wss://127.0.0.1:{tls}/ws", CheckStatus.Fail)).Seen.ShouldContain("TLS failed");
        (await TryAsync($"ws://127.0.0.1:{dead}/ws", CheckStatus.Fail)).Seen.ShouldContain("no connection");
        (await TryAsync($"ws://127.0.0.1:{bed.BuilderPort}/ws", CheckStatus.Fail)).Seen.ShouldContain("not what the protocol allows");

        var trusted = await Traffic.WebSocketTraffic.EchoAsync(
            new Uri($"wss://127.0.0.1:{tls}/ws"), "token", (_, certificate, _, _) => certificate?.Subject == "CN=localhost", CancellationToken.None);
        ApplicationChecks.WebSocket(trusted).Status.ShouldBe(CheckStatus.Pass);
    }

    [Fact]
    public async Task Applications_that_misbehave()
    {
        await using var bed = await TrafficBed.StartAsync();
        await using var application = new EchoApplication();
        Show(await bed.VerifyAsync(echo: bed.Url("/gigabyte", application.Port)), "forwarded-for", CheckStatus.Fail).Seen.ShouldContain(
            "in the first 65536 characters");
        application.Sent.ShouldBeLessThan(64 * 1024 * 1024);

        var loop = await bed.VerifyAsync(bed.Url("/loop", application.Port));
        Show(loop, "https-redirect", CheckStatus.Fail).Seen.ShouldContain("redirects forever");
        Show(loop, "client-address", CheckStatus.Fail).Seen.ShouldContain("was not found in a router's log (1 log searched)");

        Show(await bed.VerifyAsync(echo: bed.Url("/", application.Port)), "forwarded-for", CheckStatus.Fail).Seen.ShouldContain(
            "shows no X-Forwarded-For");
        var dead = RealProcess.FreePort();
        var refused = await bed.VerifyAsync(bed.Url(port: dead), bed.Url(port: dead));
        Show(refused, "client-address", CheckStatus.Fail).Seen.ShouldContain("no connection (Connection refused)");
        Show(refused, "forwarded-for", CheckStatus.Fail);
        Show(await bed.VerifyAsync(new Uri("http://no-such-host.invalid/")), "client-address", CheckStatus.Fail).Seen.ShouldContain(
            "does not resolve here");
        Show(await bed.VerifyAsync(bed.Url(port: bed.BuilderPort)), "client-address", CheckStatus.Fail).Seen.ShouldContain(
            "not what the protocol allows");
    }

    [Fact]
    public async Task Enforced_https_that_nobody_serves()
    {
        await using var bed = await TrafficBed.StartAsync(
            new() { Keys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/enforceHTTPS"] = "true" } });
        var checks = await bed.VerifyAsync(bed.Url());
        Show(checks, "https-redirect", CheckStatus.Fail).Seen.ShouldContain("redirects, and https://127.0.0.1/");
        Show(checks, "client-address", CheckStatus.Pass);
    }

    [Theory]
    [InlineData("--url", "app.example.com")]
    [InlineData("--url", "ftp://app.example.com/")]
    [InlineData("--url", "/etc/passwd")]
    [InlineData("--url", "http://app.example.com:0/")]
    [InlineData("--url", "http://app.example.com:99999/")]
    [InlineData("--url", "http:///path")]
    [InlineData("--url", "http://app.example.com/a b")]
    [InlineData("--echo-url", "ws://app.example.com/")]
    [InlineData("--websocket-url", "http://app.example.com/")]
    [InlineData("--expect-ip", "1")]
    [InlineData("--expect-ip", "300.1.1.1")]
    [InlineData("--expect-ip", "host")]
    public async Task What_is_no_url_or_address_is_refused_before_anything_is_contacted(string option, string value)
    {
        var run = await ToolRun.StartAsync(
            ["verify", option, value],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9/" },
            TimeSpan.FromSeconds(30));
        run.ExitCode.ShouldBe(2, run.Error);
        run.Error.ShouldStartWith($"error: \"{value}\" is not");
    }

    [Fact]
    public async Task A_password_in_a_url_is_refused_and_not_repeated()
    {
        var run = await ToolRun.StartAsync(
            ["verify", "--url", "http://user:secret@app.example.com/"],
            new Dictionary<string, string>(StringComparer.Ordinal),
            TimeSpan.FromSeconds(30));
        run.ExitCode.ShouldBe(2, run.Error);
        (run.Output + run.Error).ShouldNotContain("secret");
    }

    private CheckResult Show(IReadOnlyDictionary<string, CheckResult> checks, string id, CheckStatus status)
    {
        Write(checks[id]);
        checks[id].Status.ShouldBe(status, $"{checks[id]}");
        checks[id].Seen.Any(char.IsControl).ShouldBeFalse();
        return checks[id];
    }

    private void Write(CheckResult check) =>
        output.WriteLine($"{check.Status} {check.Id}: {check.Seen}\n  expected: {check.Expected}\n  {check.Remedy}");

    private static string SelfSigned()
    {
        using var key = System.Security.Cryptography.RSA.Create(2048);
        var request = new System.Security.Cryptography.X509Certificates.CertificateRequest(
            "CN=localhost", key, System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
