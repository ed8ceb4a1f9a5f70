using DeisProxy.Core.Applying;
using DeisProxy.Core.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Rackspace.Tests;

public class CloudLoadBalancersTests
{
    private static readonly HealthMonitor Connect = new(HealthMonitor.Connect, 10, 10, 3);

    [Fact]
    public void Putting_back_waits_for_a_change_that_takes_as_long_as_one_may()
    {
        using var balancers = new CloudLoadBalancers(new RackspaceSettings("deis", "key", RackspaceSettings.DefaultAuthUrl, Region: null));
        var control = new CloudControl(balancers, Account.Web, null!, (_, _) => Task.CompletedTask, TimeProvider.System);

        new Runner(control, null!, null!, TimeProvider.System).RollbackLimit.ShouldBeGreaterThan(balancers.ChangeLimit);
    }

    [Fact]
    public async Task Everything_that_a_change_of_the_protocol_touches_is_read()
    {
        var web = CloudBalancerOptions.Web with
        {
            Timeout = 45,
            Caching = true,
            Persistence = "HTTP_COOKIE",
            ErrorPage = "<html>ours</html>",
            Ssl = new CloudSsl(443, SecureTrafficOnly: true),
            HttpsRedirect = true,
            Monitor = new CloudMonitor("HTTP", 5, 4, 2)
            {
                Path = "/health-check",
                StatusRegex = "^200$",
                BodyRegex = ".",
                HostHeader = "deis.example"
            },
        };
        await using var account = await Account.OpenAsync(web: web);

        var read = await account.ReadAsync();

        read.ShouldBe(new CloudLoadBalancer
        {
            Id = 71,
            Name = "deis",
            Status = "ACTIVE",
            Protocol = "HTTP",
            Port = 80,
            TimeoutSeconds = 45,
            HttpsRedirect = true,
            ContentCaching = true,
            SessionPersistence = "HTTP_COOKIE",
            ErrorPage = "<html>ours</html>",
            SslTermination = new SslTermination(Enabled: true, 443, SecureTrafficOnly: true),
            HealthMonitor = new HealthMonitor("HTTP", 5, 4, 2)
            {
                Path = "/health-check",
                StatusRegex = "^200$",
                BodyRegex = ".",
                HostHeader = "deis.example"
            },
            VirtualIps = [new VirtualIp(403, "203.0.113.80", "PUBLIC", IsIpv4: true)],
            Nodes = [.. account.Sandbox.Nodes.Order(StringComparer.Ordinal).Select(n => new BalancerNode(n, 80, "ENABLED", "ONLINE"))],
        });
    }

    [Fact]
    public async Task A_list_of_several_pages_is_read_to_its_end_and_names_each_once()
    {
        var many = Enumerable.Range(1, 205).Select(i => new CloudBalancerOptions { Id = 3 * i, Name = $"lb-{i}", Port = 1000 + i, Monitor = null })
            .ToList();
        await using var account = await Account.OpenAsync(new RackspaceOptions { LoadBalancers = many, LoadBalancerLimit = 300 });

        var listed = await account.Client.ListAsync(CancellationToken.None);

        listed.Select(b => b.Id).ShouldBe(many.Select(b => b.Id));
    }

    [Fact]
    public async Task A_change_is_in_effect_when_its_call_returns()
    {
        await using var account = await Account.OpenAsync(Slow(CloudBalancerOptions.Web));

        await account.Client.SetHealthMonitorAsync(Account.Web, Connect, CancellationToken.None);
        account.Balancer.Status.ShouldBe("ACTIVE");
        await account.UpdateAsync(new() { Protocol = "TCP_CLIENT_FIRST", Port = 80 });

        account.Balancer.Status.ShouldBe("ACTIVE");
        account.Balancer.State.Protocol.ShouldBe("TCP_CLIENT_FIRST");
        account.Balancer.State.Monitor.ShouldBe(new CloudMonitor("CONNECT", 10, 10, 3));
    }

    [Fact]
    public async Task A_change_waits_for_somebody_elses_to_end()
    {
        await using var account = await Account.OpenAsync();
        account.Balancer.ForceStatus("PENDING_UPDATE");

        var change = account.UpdateAsync(new() { Timeout = 120 });
        await WaitForAsync(() => account.Sandbox.CallLog.Calls.Any(c => c.Outcome == "error 422"));
        account.Balancer.ForceStatus(null);
        await change;

        account.Balancer.State.Timeout.ShouldBe(120);
    }

    [Theory]
    [InlineData("ERROR", "load-balancer-error")]
    [InlineData("SUSPENDED", "load-balancer-suspended")]
    [InlineData("DELETED", "load-balancer-gone")]
    [InlineData("PENDING_DELETE", "load-balancer-gone")]
    public async Task A_status_that_does_not_pass_ends_it(string status, string code)
    {
        await using var account = await Account.OpenAsync();
        account.Balancer.ForceStatus(status);

        (await Account.FailureOfAsync(() => account.UpdateAsync(new() { Timeout = 120 }))).Code.ShouldBe(code);
    }

    [Fact]
    public async Task A_change_that_never_ends_is_given_up()
    {
        await using var account = await Account.OpenAsync(change: s => s with { ChangeLimit = TimeSpan.FromMilliseconds(300) });
        account.Balancer.ForceStatus("PENDING_UPDATE");

        (await Account.FailureOfAsync(() => account.UpdateAsync(new() { Timeout = 120 }))).Code.ShouldBe("load-balancer-busy");
    }

    [Fact]
    public async Task What_is_to_be_removed_and_is_not_there_is_removed()
    {
        await using var account = await Account.OpenAsync(web: CloudBalancerOptions.Web with { Monitor = null });

        await account.Client.SetSessionPersistenceAsync(Account.Web, type: null, CancellationToken.None);
        await account.Client.SetHealthMonitorAsync(Account.Web, monitor: null, CancellationToken.None);
    }

    [Fact]
    public async Task Parts_are_set_and_removed()
    {
        await using var account = await Account.OpenAsync();
        var client = account.Client;

        await client.SetContentCachingAsync(Account.Web, enabled: true, CancellationToken.None);
        await client.SetSessionPersistenceAsync(Account.Web, "HTTP_COOKIE", CancellationToken.None);
        await client.SetErrorPageAsync(Account.Web, "<html>\u00fc</html>", CancellationToken.None);
        account.Balancer.State.ShouldSatisfyAllConditions(
            s => s.Caching.ShouldBeTrue(), s => s.Persistence.ShouldBe("HTTP_COOKIE"), s => s.ErrorPage.ShouldBe("<html>\u00fc</html>"));

        await client.SetContentCachingAsync(Account.Web, enabled: false, CancellationToken.None);
        await client.SetSessionPersistenceAsync(Account.Web, type: null, CancellationToken.None);
        await client.SetErrorPageAsync(Account.Web, content: null, CancellationToken.None);
        account.Balancer.State.ShouldSatisfyAllConditions(
            s => s.Caching.ShouldBeFalse(), s => s.Persistence.ShouldBeNull(), s => s.ErrorPage.ShouldBeNull());
    }

    [Fact]
    public async Task A_second_load_balancer_is_created_on_the_address_of_the_first_and_deleted()
    {
        await using var account = await Account.OpenAsync(Slow(CloudBalancerOptions.Web));
        var first = await account.ReadAsync();

        await account.Client.CreateAsync(
            new NewLoadBalancer("deis-websocket", "TCP_CLIENT_FIRST", 8080, 120, [403], [.. first.Nodes.Select(n => n with { Status = "" })])
            {
                HealthMonitor = Connect,
            },
            CancellationToken.None);
        var created = (await account.Client.ListAsync(CancellationToken.None)).Single(b => b.Port == 8080);
        var second = await account.Client.ReadAsync(created.Id, CancellationToken.None);

        second.ShouldSatisfyAllConditions(
            s => s.Status.ShouldBe("ACTIVE"),
            s => s.Protocol.ShouldBe("TCP_CLIENT_FIRST"),
            s => s.TimeoutSeconds.ShouldBe(120),
            s => s.HealthMonitor.ShouldBe(Connect),
            s => s.VirtualIps.ShouldBe(first.VirtualIps),
            s => s.Nodes.Select(n => (n.Address, n.Port)).ShouldBe(first.Nodes.Select(n => (n.Address, n.Port))));

        await account.Client.DeleteAsync(created.Id, CancellationToken.None);
        (await account.Client.ListAsync(CancellationToken.None)).Select(b => b.Id).ShouldBe([Account.Web]);
        await account.Client.DeleteAsync(created.Id, CancellationToken.None);
    }

    [Fact]
    public async Task A_rate_limit_is_waited_out()
    {
        await using var account = await Account.OpenAsync();
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.Throttled)
        {
            Service = "loadbalancers",
            Times = 2,
            Delay = TimeSpan.FromMilliseconds(100)
        });

        await account.UpdateAsync(new() { Timeout = 60 });

        account.Balancer.State.Timeout.ShouldBe(60);
    }

    [Fact]
    public async Task A_rate_limit_that_lasts_too_long_is_told()
    {
        await using var account = await Account.OpenAsync();
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.Throttled) { Service = "loadbalancers", Delay = TimeSpan.FromHours(1) });

        var error = await Account.FailureOfAsync(() => account.UpdateAsync(new() { Timeout = 60 }));

        error.Code.ShouldBe("rate-limited");
        account.Calls.Count(c => c == "UpdateLoadBalancer").ShouldBe(1);
    }

    [Fact]
    public async Task A_limit_of_the_service_is_not_asked_again()
    {
        await using var account = await Account.OpenAsync(new RackspaceOptions { LoadBalancers = [CloudBalancerOptions.Web], LoadBalancerLimit = 1 });

        var error = await Account.FailureOfAsync(
            () => account.Client.CreateAsync(new NewLoadBalancer("x", "TCP", 81, 30, [403], []), CancellationToken.None));

        error.Code.ShouldBe("limit-reached");
        account.Calls.Count(c => c == "CreateLoadBalancer").ShouldBe(1);
    }

    [Theory]
    [InlineData(FaultKind.ServerError)]
    [InlineData(FaultKind.CloseBefore)]
    [InlineData(FaultKind.CloseAfter)]
    [InlineData(FaultKind.CutAnswer)]
    public async Task A_change_is_repeated_until_it_is_made(FaultKind kind)
    {
        await using var account = await Account.OpenAsync(Slow(CloudBalancerOptions.Web));
        account.Sandbox.Faults.Add(new FaultRule(kind) { Service = "loadbalancers", Operation = "UpdateLoadBalancer", Times = 1 });

        await account.UpdateAsync(new() { Timeout = 60 });

        account.Balancer.State.Timeout.ShouldBe(60);
    }

    [Fact]
    public async Task A_request_that_hangs_is_repeated()
    {
        await using var account = await Account.OpenAsync(change: s => s with { CallTimeout = TimeSpan.FromSeconds(3) });
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.HangAfter) { Service = "loadbalancers", Operation = "UpdateLoadBalancer", Times = 1 });

        await account.UpdateAsync(new() { Timeout = 60 });

        account.Balancer.State.Timeout.ShouldBe(60);
    }

    [Fact]
    public async Task A_creation_whose_answer_is_lost_is_not_repeated()
    {
        await using var account = await Account.OpenAsync();
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.CloseAfter) { Operation = "CreateLoadBalancer", Times = 1 });

        var error = await Account.FailureOfAsync(
            () => account.Client.CreateAsync(new NewLoadBalancer("x", "TCP", 81, 30, [403], []), CancellationToken.None));

        error.Code.ShouldBe("rackspace-unreachable");
        error.IsTransient.ShouldBeTrue();
        account.Calls.Count(c => c == "CreateLoadBalancer").ShouldBe(1);
    }

    [Fact]
    public async Task The_shared_address_is_explained_with_the_ways_out()
    {
        await using var account = await Account.OpenAsync(new RackspaceOptions { RefusesSharedVirtualIp = true });
        await account.Client.SetHealthMonitorAsync(Account.Web, Connect, CancellationToken.None);

        var error = await Account.FailureOfAsync(() => account.UpdateAsync(new() { Protocol = "TCP_CLIENT_FIRST", Port = 80 }));

        error.Code.ShouldBe("shared-virtual-ip");
        error.Remedy.ShouldContain("--websocket-only PORT");
    }

    [Fact]
    public async Task A_load_balancer_that_does_not_exist_is_told() => await WithAccountAsync(async account =>
        (await Account.FailureOfAsync(() => account.Client.ReadAsync(7, CancellationToken.None))).Code.ShouldBe("load-balancer-gone"));

    [Fact]
    public async Task An_answer_that_is_not_of_the_service_is_told() => await WithAccountAsync(async account =>
    {
        using var client = new CloudLoadBalancers(account.Settings with { AuthUrl = account.Sandbox.EtcdEndpoint });

        (await Account.FailureOfAsync(() => client.ListAsync(CancellationToken.None))).Code.ShouldBe("rackspace-error");
    });

    private static RackspaceOptions Slow(CloudBalancerOptions web) => new()
    {
        LoadBalancers = [web],
        ChangeTime = new LagRange(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(150)),
    };

    private static async Task WithAccountAsync(Func<Account, Task> test)
    {
        await using var account = await Account.OpenAsync();
        await test(account);
    }

    private static async Task WaitForAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
