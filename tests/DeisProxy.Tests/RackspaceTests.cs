using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Tests;

/// <summary><c>--provider rackspace</c>: setup, verify and teardown for every kind of load balancer that people have.</summary>
public sealed class RackspaceTests
{
    private static readonly CloudMonitor Monitor = new("HTTP", 5, 4, 2)
    {
        Path = "/health-check",
        StatusRegex = "^200$",
        BodyRegex = ".",
        HostHeader = "deis.example"
    };

    [Fact]
    public async Task The_layout_that_Deis_documents_goes_to_tcp_and_back()
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions());

        var plan = await scene.DoneAsync("setup", "--load-balancer", "deis");

        scene.Web.State.ShouldSatisfyAllConditions(
            s => s.Protocol.ShouldBe("TCP_CLIENT_FIRST"), s => s.Port.ShouldBe(80), s => s.Timeout.ShouldBe(120),
            s => s.Monitor!.Type.ShouldBe("CONNECT"));
        plan.ShouldContain("HTTP on port 80");
        scene.Sandbox.EtcdValue("/deis/router/proxyProtocol").ShouldBeNull();

        var (exitCode, checks) = await scene.VerifyAsync(["--load-balancer", "71", .. scene.Urls(80)]);
        exitCode.ShouldBe(ExitCode.Done, string.Join('\n', checks));
        checks["websocket"].Status.ShouldBe("pass");
        checks["routers"].Status.ShouldBe("pass");
        checks["client-address"].Status.ShouldBe("pass");
        checks["forwarded-for"].ShouldSatisfyAllConditions(c => c.Status.ShouldBe("warn"), c => c.Seen.ShouldContain("known to be lost"));
        (await scene.DoneAsync("setup", "--load-balancer", "deis")).ShouldContain("Nothing to do");

        await scene.DoneAsync("teardown", "--load-balancer", "71");
        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task Before_setup_verify_says_what_is_missing()
    {
        await using var scene = await Scene.StartAsync();

        var (exitCode, checks) = await scene.VerifyAsync(scene.Urls(80));

        exitCode.ShouldBe(ExitCode.CheckFailed);
        checks["protocol"].Status.ShouldBe("fail");
        checks["websocket"].Status.ShouldBe("fail");
        checks["forwarded-for"].Seen.ShouldContain("203.0.113.9");
    }

    [Fact]
    public async Task Everything_that_the_protocol_drops_comes_back()
    {
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web with
        {
            Monitor = Monitor,
            Caching = true,
            Persistence = "HTTP_COOKIE",
            ErrorPage = "<html>ours</html>",
            Timeout = 45,
        });

        await scene.RefusedAsync("session-persistence", "setup");
        await scene.DoneAsync("setup", "--drop-session-persistence");

        scene.Web.State.ShouldSatisfyAllConditions(
            s => s.Protocol.ShouldBe("TCP_CLIENT_FIRST"), s => s.Caching.ShouldBeFalse(), s => s.Persistence.ShouldBeNull(),
            s => s.ErrorPage.ShouldBeNull());
        (await File.ReadAllTextAsync(scene.ErrorPageFile)).ShouldBe("<html>ours</html>");
        (await scene.VerifyAsync(scene.Urls(80))).ExitCode.ShouldBe(ExitCode.Done);

        await scene.DoneAsync("teardown");
        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task An_error_page_that_is_the_default_is_not_made_a_custom_one()
    {
        await using var scene = await Scene.StartAsync();

        await scene.DoneAsync("setup");
        await scene.DoneAsync("teardown");

        scene.ShouldBeAsAtFirst();
        scene.Changes.ShouldNotContain(c => c.Operation == "UpdateErrorPage");
    }

    [Theory]
    [InlineData("HTTP", "HTTP_COOKIE", false, null)]
    [InlineData("HTTPS", "SSL_ID", false, null)]
    [InlineData("HTTPS", "SOURCE_IP", false, "SOURCE_IP")]
    [InlineData("HTTPS", "SOURCE_IP", true, "SOURCE_IP")]
    public async Task Persistence_is_kept_where_tcp_has_it_and_comes_back(string protocol, string persistence, bool drops, string? kept)
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions
        {
            DropsPersistence = drops,
            LoadBalancers =
            [
                protocol == "HTTP"
                    ? CloudBalancerOptions.Web with { Persistence = persistence }
                    : CloudBalancerOptions.Web with
                    {
                        Protocol = "HTTPS",
                        Port = 443,
                        HttpsRedirect = true,
                        Persistence = persistence,
                        Monitor = null,
                    },
            ],
        });

        await scene.DoneAsync(["setup", .. kept is null ? ["--drop-session-persistence"] : (string[])[]]);

        scene.Web.State.ShouldSatisfyAllConditions(
            s => s.Protocol.ShouldBe("TCP_CLIENT_FIRST"), s => s.Persistence.ShouldBe(kept), s => s.HttpsRedirect.ShouldBeFalse());
        (await scene.VerifyAsync("--no-probe")).ExitCode.ShouldBe(ExitCode.Done);
        await scene.DoneAsync("teardown");
        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task Ssl_termination_blocks_because_its_key_could_not_be_restored()
    {
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web with { Ssl = new CloudSsl(), HttpsRedirect = true });

        (await scene.RefusedAsync("ssl-termination", "setup")).ShouldContain("--websocket-only");

        scene.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task Beside_ssl_termination_a_second_load_balancer_passes_websockets()
    {
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web with { Ssl = new CloudSsl(), HttpsRedirect = true });
        var first = scene.Web.State;

        await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8080");

        scene.Web.State.ShouldBe(first);
        var (exitCode, checks) = await scene.VerifyAsync(["--load-balancer", "71", .. scene.Urls(80)[..4], .. scene.Urls(8080)[4..]]);
        exitCode.ShouldBe(ExitCode.Done, string.Join('\n', checks));
        checks["websocket"].Status.ShouldBe("pass");
        await scene.DoneAsync("teardown", "--load-balancer", "71");
        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task The_routers_key_blocks_and_is_never_set()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisOnRackspace with
        {
            EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/proxyProtocol"] = "1" },
        });

        (await scene.RefusedAsync("router-key", "setup", "--load-balancer", "71")).ShouldContain("deisctl config router rm proxyProtocol");
        (await scene.VerifyAsync("--load-balancer", "71", "--no-probe")).Checks["router-flag"].Status.ShouldBe("fail");

        scene.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_shared_address_that_is_refused_is_explained_and_everything_is_put_back()
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions { RefusesSharedVirtualIp = true });

        var dry = await scene.RunAsync("setup", "--load-balancer", "71", "--dry-run");
        dry.Error.ShouldContain("share the virtual IP address");
        var run = await scene.RunAsync("setup", "--load-balancer", "71");
        run.ExitCode.ShouldBe(ExitCode.Failed, run.Error);
        run.Error.ShouldContain("does not change the protocol while other load balancers share this one's virtual IP address");
        run.Error.ShouldContain("--websocket-only PORT");
        run.Error.ShouldContain("Everything was put back.");

        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task A_second_load_balancer_for_websockets_leaves_the_first_one_alone()
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions { RefusesSharedVirtualIp = true });
        var first = scene.Web.State;

        await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8080");

        scene.Web.State.ShouldBe(first);
        var second = scene.Sandbox.Rackspace!.LoadBalancers.Single(b => b.State.Port == 8080);
        second.State.ShouldSatisfyAllConditions(s => s.Protocol.ShouldBe("TCP_CLIENT_FIRST"), s => s.Timeout.ShouldBe(120));
        second.Nodes.Select(n => (n.Address, n.Port)).ShouldBe(scene.Web.Nodes.Select(n => (n.Address, n.Port)), ignoreOrder: true);
        var (exitCode, checks) = await scene.VerifyAsync(["--load-balancer", "71", "--expect-ip", "203.0.113.9", .. scene.Urls(80)[..4],
            .. scene.Urls(8080)[4..]]);
        exitCode.ShouldBe(ExitCode.Done, string.Join('\n', checks));
        checks["websocket"].Status.ShouldBe("pass");
        checks["forwarded-for"].Status.ShouldBe("pass");
        (await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8080")).ShouldContain("Nothing to do");

        await scene.DoneAsync("teardown", "--load-balancer", "71");
        scene.ShouldBeAsAtFirst();
    }

    [Theory]
    [InlineData("80")]
    [InlineData("2222")]
    public async Task A_second_load_balancer_needs_a_free_port(string port)
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions());

        await scene.RefusedAsync("port-in-use", "setup", "--load-balancer", "71", "--websocket-only", port);
    }

    [Fact]
    public async Task What_somebody_else_has_created_is_not_deleted()
    {
        var theirs = CloudBalancerOptions.Web with
        {
            Id = 90,
            Name = "deis-websocket-8080",
            Protocol = "TCP_CLIENT_FIRST",
            Port = 8080,
            NodePort = 80,
            Monitor = null
        };
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web, theirs);

        await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8080");
        await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8081");
        await scene.DoneAsync("teardown", "--load-balancer", "71");

        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task The_load_balancer_is_found_among_two_pages_by_name_and_by_id()
    {
        var many = Enumerable.Range(1, 150).Select(i =>
            CloudBalancerOptions.Builder with { Id = i, Name = $"other-{i}", VirtualIps = [new(5000 + i, "192.0.2.1")] });
        await using var scene = await Scene.StartAsync(new RackspaceOptions
        {
            LoadBalancers = [.. many.Where(b => b.Id != 71), CloudBalancerOptions.Web with { Id = 151 }],
        });

        (await scene.DoneAsync("setup", "--load-balancer", "deis", "--dry-run")).ShouldContain("id 151");
        (await scene.DoneAsync("setup", "--load-balancer", "151", "--dry-run")).ShouldContain("id 151");
        (await scene.RunAsync("setup", "--load-balancer", "nothing")).Error.ShouldContain("Could not find the load balancer nothing");
        await scene.RefusedAsync("not-to-routers", "setup", "--load-balancer", "7", "--dry-run");
    }

    [Fact]
    public async Task A_token_that_expires_half_way_is_renewed()
    {
        await using var scene = await Scene.StartAsync(new RackspaceOptions { TokenRequests = 7, LoadBalancers = [CloudBalancerOptions.Web] });

        await scene.DoneAsync("setup");
        await scene.DoneAsync("teardown");

        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task What_somebody_has_changed_since_setup_stays()
    {
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web with { Timeout = 45 });
        await scene.DoneAsync("setup");
        using (var client = new DeisProxy.Rackspace.CloudLoadBalancers(
            new(scene.Sandbox.Rackspace!.Options.Username, scene.Sandbox.Rackspace.Options.ApiKey, scene.Sandbox.Rackspace.AuthUrl, Region: null)))
        {
            await client.UpdateAsync(71, new() { Timeout = 100, HalfClosed = true }, CancellationToken.None);
        }

        var (exitCode, _, error) = await scene.RunAsync("teardown");

        exitCode.ShouldBe(ExitCode.Done, error);
        error.ShouldContain("Somebody changed the timeout");
        scene.Web.State.ShouldSatisfyAllConditions(s => s.Protocol.ShouldBe("HTTP"), s => s.Timeout.ShouldBe(100), s => s.HalfClosed.ShouldBeFalse());
    }

    [Fact]
    public async Task A_second_load_balancer_that_is_gone_fails_verify()
    {
        await using var scene = await Scene.StartAsync();
        await scene.DoneAsync("setup", "--load-balancer", "71", "--websocket-only", "8080");
        using (var client = new DeisProxy.Rackspace.CloudLoadBalancers(
            new(scene.Sandbox.Rackspace!.Options.Username, scene.Sandbox.Rackspace.Options.ApiKey, scene.Sandbox.Rackspace.AuthUrl, Region: null)))
        {
            await client.DeleteAsync(scene.Sandbox.Rackspace.LoadBalancers.Single(b => b.State.Port == 8080).Id, CancellationToken.None);
        }

        var (exitCode, checks) = await scene.VerifyAsync("--load-balancer", "71", "--no-probe");

        exitCode.ShouldBe(ExitCode.CheckFailed);
        checks["protocol"].Seen.ShouldContain("no longer there");
        await scene.DoneAsync("teardown", "--load-balancer", "71");
        scene.ShouldBeAsAtFirst();
    }

    [Fact]
    public async Task Without_a_record_teardown_goes_to_what_Deis_documents()
    {
        await using var scene = await Scene.StartAsync(CloudBalancerOptions.Web with { Protocol = "TCP_CLIENT_FIRST", Monitor = null });

        var (exitCode, _, error) = await scene.RunAsync("teardown");

        exitCode.ShouldBe(ExitCode.Done, error);
        error.ShouldContain("There is no record of the state before setup");
        scene.Web.State.Protocol.ShouldBe("HTTP");
    }

    [Fact]
    public async Task Json_has_the_shape_of_every_provider()
    {
        await using var scene = await Scene.StartAsync();

        var document = OutputSchema.Valid(await scene.DoneAsync("setup", "--output", "json"));

        document["provider"]!.GetValue<string>().ShouldBe("rackspace");
        document["loadBalancer"]!.ToJsonString().ShouldBe("""{"name":"deis","dnsName":"203.0.113.80"}""");
        document["steps"]!.AsArray().Select(s => $"{s!["id"]} {s["status"]}").ShouldBe(["health-monitor done", "protocol done", "timeout done"]);
        document["warnings"]!.AsArray().Select(w => $"{w!["id"]}").ShouldBe(["timeout-limit", "error-page", "client-address-lost"],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData("setup --provider rackspace --stack deis", "--stack cannot be used with --provider rackspace")]
    [InlineData("setup --provider rackspace --region us-east-1", "is not a Rackspace region")]
    [InlineData("setup --websocket-only 8080", "--websocket-only requires --provider rackspace")]
    [InlineData("setup --provider rackspace --websocket-only 0", "takes a port from 1 to 65535")]
    [InlineData("verify --provider none --load-balancer x --node a", "--load-balancer cannot be used with --provider none")]
    [InlineData("verify --provider none", "needs a node")]
    [InlineData("verify --provider azure", "azure")]
    public async Task What_is_said_to_one_provider_is_refused_for_another(string command, string message)
    {
        var (exitCode, _, error) = await Shell.RunAsync(command.Split(' '));

        exitCode.ShouldBe(ExitCode.Usage, error);
        error.ShouldContain(message);
    }
}
