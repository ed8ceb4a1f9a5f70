using System.Xml.Linq;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>verify on a cluster that is as it should be, and with one thing wrong at a time.</summary>
public sealed class VerifyTests(CertifiedCluster cluster) : IClassFixture<CertifiedCluster>
{
    private static readonly string[] Ids =
    [
        "stack", "load-balancer", "listeners", "backend-policies", "builder-port", "health-check", "instances", "idle-timeout",
        "router-flag", "real-ip-cidr",
        "https-redirect", "routers", "client-address", "forwarded-for", "websocket",
    ];

    [Fact]
    public async Task A_cluster_that_is_as_it_should_be_passes_and_nothing_is_changed()
    {
        await GoodAsync();

        var run = await cluster.RunAsync("verify", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Json.Select(p => p.Key).ShouldBe(["command", "stack", "provider", "ok", "checks", "error"], ignoreOrder: true);
        run.Json["command"]!.GetValue<string>().ShouldBe("verify");
        run.Json["ok"]!.GetValue<bool>().ShouldBeTrue();
        run.Json["error"].ShouldBeNull();
        var checks = run.Json["checks"]!.AsArray();
        checks.ShouldAllBe(c => c!.AsObject().Select(p => p.Key).SequenceEqual(new[] { "id", "status", "seen", "expected", "remedy" }));
        checks.Select(c => c!["id"]!.GetValue<string>()).ShouldBe(Ids);
        // The name that moto gives leads nowhere, and no URL is given.
        checks.Take(12).Where(c => c!["status"]!.GetValue<string>() != "pass").Select(c => c!["id"]!.GetValue<string>()).ShouldBe(["builder-port"]);
        checks[4]!["status"]!.GetValue<string>().ShouldBe("skip");
        checks.Skip(12).Select(c => c!["status"]!.GetValue<string>()).ShouldBe(["warn", "skip", "skip"]);
        checks[12]!["seen"]!.GetValue<string>().ShouldStartWith("could not be tested from here: ");
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Routers_are_not_probed_when_told_so()
    {
        await GoodAsync();

        var run = await cluster.RunAsync("verify", "--no-probe");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("11 passed, 4 skipped");
    }

    [Fact]
    public async Task A_JUnit_report_is_written()
    {
        var name = await GoodAsync();
        await cluster.ElbAsync("SetLoadBalancerPoliciesForBackendServer", ("LoadBalancerName", name), ("InstancePort", "80"), ("PolicyNames", ""));
        using var directory = new TemporaryDirectory();

        var run = await cluster.RunAsync("verify", "--no-probe", "--junit", directory["report.xml"]);

        run.ExitCode.ShouldBe(4, run.Output + run.Error);
        var suite = XDocument.Load(directory["report.xml"]).Root!;
        suite.Name.LocalName.ShouldBe("testsuite");
        suite.Attribute("tests")!.Value.ShouldBe("15");
        suite.Attribute("failures")!.Value.ShouldBe("1");
        suite.Attribute("skipped")!.Value.ShouldBe("4");
        suite.Elements().Single(c => c.Element("failure") is not null).Attribute("name")!.Value.ShouldBe("backend-policies");
    }

    [Fact]
    public async Task A_JUnit_report_is_written_too_when_nothing_could_be_checked()
    {
        await GoodAsync();
        using var directory = new TemporaryDirectory();

        var run = await cluster.RunAsync("verify", "--junit", directory["report.xml"], "--node", $"127.0.0.1:{RealProcess.FreePort()}");

        run.ExitCode.ShouldBe(1, run.Output + run.Error);
        var suite = XDocument.Load(directory["report.xml"]).Root!;
        suite.Attribute("errors")!.Value.ShouldBe("1");
        suite.Descendants("error").Single().Attribute("type")!.Value.ShouldBe("ssh-unreachable");
    }

    [Fact]
    public async Task A_JUnit_report_that_cannot_be_written_is_an_error()
    {
        await GoodAsync();

        var run = await cluster.RunAsync("verify", "--no-probe", "--output", "json", "--junit", "/dev/full");

        run.ExitCode.ShouldBe(1, run.Output + run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("report-not-written");
        run.Json["checks"]!.AsArray().Count.ShouldBe(15);
    }

    [Fact]
    public async Task Without_a_policy_backend_policies_fails()
    {
        var name = await GoodAsync();
        await cluster.ElbAsync("SetLoadBalancerPoliciesForBackendServer", ("LoadBalancerName", name), ("InstancePort", "443"), ("PolicyNames", ""));

        await FailsAsync("backend-policies", "none on instance port 443");
    }

    [Fact]
    public async Task Without_the_key_router_flag_and_routers_fail()
    {
        await GoodAsync();
        await cluster.Etcd.DeleteAsync("/deis/router/proxyProtocol");
        await cluster.Routers.RenderNowAsync();
        await SettledAsync(proxy: false);

        await FailsAsync("router-flag routers", "not set, release v1.13.4");
    }

    [Fact]
    public async Task A_value_that_means_off_fails()
    {
        await GoodAsync();
        await cluster.Etcd.SetAsync("/deis/router/proxyProtocol", "false");
        await cluster.Routers.RenderNowAsync();
        await SettledAsync(proxy: false);

        await FailsAsync("router-flag routers", "\"false\"");
    }

    [Fact]
    public async Task A_network_that_does_not_cover_the_load_balancer_fails_real_ip_cidr()
    {
        await GoodAsync();
        await cluster.Etcd.SetAsync("/deis/router/proxyRealIpCidr", "192.168.0.0/16");

        await FailsAsync("real-ip-cidr", "routers trust 192.168.0.0/16, the load balancer is in 10.21.0.0/16");
    }

    [Fact]
    public async Task A_network_that_does_not_matter_to_an_older_release_is_a_warning()
    {
        await GoodAsync();
        await cluster.Etcd.SetAsync("/deis/platform/version", "1.12.3");
        await cluster.Etcd.SetAsync("/deis/router/proxyRealIpCidr", "192.168.0.0/16");

        var run = await cluster.RunAsync("verify", "--no-probe");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("! warn  real-ip-cidr");
    }

    [Fact]
    public async Task A_router_that_has_not_followed_is_named()
    {
        await GoodAsync();
        await cluster.Etcd.DeleteAsync("/deis/router/proxyProtocol");
        await cluster.Routers.RenderNowAsync();
        var stuck = cluster.Routers.Routers[2];
        stuck.Stuck = true;
        await cluster.Etcd.SetAsync("/deis/router/proxyProtocol", "1");
        await Task.WhenAll(cluster.Routers.Routers.Where(r => r != stuck).Select(r => r.RenderNowAsync()));
        await SettledAsync(proxy: true, except: stuck);

        var run = await FailsAsync("routers", $"{stuck.Address}:80 answers plain requests");

        run.Output.ShouldNotContain($"{cluster.Routers.Routers[0].Address}:80");
    }

    [Fact]
    public async Task A_policy_towards_the_builder_fails_builder_port()
    {
        var name = await GoodAsync();
        await cluster.ElbAsync(
            "SetLoadBalancerPoliciesForBackendServer",
            ("LoadBalancerName", name),
            ("InstancePort", "2222"),
            ("PolicyNames.member.1", "EnableProxyProtocol"));

        await FailsAsync("builder-port", "instance port 2222: EnableProxyProtocol");
    }

    [Fact]
    public async Task An_HTTP_listener_fails_listeners()
    {
        var name = await GoodAsync();
        await cluster.ReplaceListenerAsync(name, 80, "HTTP", 80, "HTTP");

        await FailsAsync("listeners", "HTTP:80→HTTP:80");
    }

    [Fact]
    public async Task An_HTTP_health_check_fails_health_check()
    {
        var name = await GoodAsync();
        await cluster.ElbAsync(
            "ConfigureHealthCheck",
            ("LoadBalancerName", name), ("HealthCheck.Target", "HTTP:80/health-check"), ("HealthCheck.Interval", "15"), ("HealthCheck.Timeout", "5"),
            ("HealthCheck.UnhealthyThreshold", "2"), ("HealthCheck.HealthyThreshold", "4"));

        await FailsAsync("health-check", "HTTP:80/health-check every 15 s");
    }

    [Fact]
    public async Task A_short_idle_timeout_is_a_warning()
    {
        var name = await GoodAsync();
        await cluster.ElbAsync(
            "ModifyLoadBalancerAttributes", ("LoadBalancerName", name), ("LoadBalancerAttributes.ConnectionSettings.IdleTimeout", "60"));

        var run = await cluster.RunAsync("verify", "--no-probe");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("! warn  idle-timeout      60 s");
        run.Output.ShouldContain("1 with a warning");
    }

    /// <summary>Everything as setup leaves it; made without deis-proxy.</summary>
    private async Task<string> GoodAsync()
    {
        await cluster.ResetAsync(StackTemplate.Deis16());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "ModifyLoadBalancerAttributes", ("LoadBalancerName", name), ("LoadBalancerAttributes.ConnectionSettings.IdleTimeout", "1200"));
        await cluster.Etcd.SetAsync("/deis/router/proxyProtocol", "1");
        await cluster.Routers.RenderNowAsync();
        await SettledAsync(proxy: true);
        cluster.Aws.Forget();
        return name;
    }

    /// <summary>nginx -s reload returns before the new configuration is in force.</summary>
    private async Task SettledAsync(bool proxy, NginxRouter? except = null)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        foreach (var router in cluster.Routers.Routers.Where(r => r != except))
        {
            while (await Probe.AnswersPlainAsync(router.Address, router.HttpPort, limit.Token) == proxy)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }

    /// <summary>Runs verify: exactly these checks must fail, and what was seen must say why.</summary>
    private async Task<ToolRun> FailsAsync(string ids, string seen)
    {
        cluster.Aws.Forget();
        var run = await cluster.RunAsync("verify", "--output", "json");
        run.ExitCode.ShouldBe(4, run.Output + run.Error);
        run.Json["ok"]!.GetValue<bool>().ShouldBeFalse();
        var failed = run.Json["checks"]!.AsArray().Where(c => c!["status"]!.GetValue<string>() == "fail").ToList();
        failed.Select(c => c!["id"]!.GetValue<string>()).ShouldBe(ids.Split(' '));
        failed[0]!["seen"]!.GetValue<string>().ShouldContain(seen);
        failed.ShouldAllBe(c => c!["remedy"]!.GetValue<string>().Length > 0);
        cluster.Aws.Changes.ShouldBeEmpty();
        return run;
    }
}
