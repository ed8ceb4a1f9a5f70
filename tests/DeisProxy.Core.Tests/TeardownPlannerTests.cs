using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

public sealed class TeardownPlannerTests
{
    private static readonly ClusterSnapshot Before = Snapshots.Deis15.With(l => l with
    {
        Listeners = [Snapshots.Http(80, 80), Snapshots.Https(443, 80, Snapshots.Ciphers.Name, Snapshots.Sticky.Name), Snapshots.Tcp(2222, 2222)],
        Policies = [Snapshots.Ciphers, Snapshots.Sticky],
    }).WithElb(s => s with { Networks = ["172.31.0.0/16"] });

    private static readonly ClusterSnapshot Made = Before.After(SetupPlanner.Plan(Before, SetupGoal.Default).Steps);

    private static readonly SetupGoal Told = SetupGoal.Default with { IdleTimeoutSeconds = 3000, RealIpCidr = new RealIpGoal("172.16.0.0/12") };

    /// <summary>What the journal holds after a setup.</summary>
    private static RunRecord Record(RunRecord? known, ClusterSnapshot start, SetupGoal goal)
    {
        var steps = SetupPlanner.Plan(start, goal).Steps;
        return new RunRecord
        {
            Command = "setup",
            Holder = "test",
            StartedAt = DateTimeOffset.UnixEpoch,
            Original = Recovery.Original(known, start, steps),
            Made = Recovery.Made(known, start, steps),
            RouterPorts = Recovery.RouterPorts(known, goal.RouterPorts),
            Steps = steps,
        };
    }

    private static Plan Back(ClusterSnapshot current, RunRecord record) =>
        TeardownPlanner.Plan(current, record.Original, record.Made, SetupGoal.Default with { RouterPorts = record.RouterPorts });

    private static Plan Plan(ClusterSnapshot current, ClusterSnapshot? original) => Snapshots.Teardown(current, original, SetupGoal.Default);

    [Fact]
    public void Everything_goes_back_the_flip_first()
    {
        var plan = Plan(Made, Before);

        plan.Blockers.ShouldBeEmpty();
        plan.Steps.Select(s => $"{s.Id}: {s.FromText} → {s.ToText}").ShouldBe(
        [
            "flip: proxyProtocol = 1; instance port 80: EnableProxyProtocol → proxyProtocol not set; instance port 80: none",
            "listener-80: TCP:80→TCP:80 → HTTP:80→HTTP:80",
            $"listener-443: SSL:443→TCP:80, certificate {Snapshots.Certificate}, policies deis-ciphers → HTTPS:443→HTTP:80, certificate "
                + $"{Snapshots.Certificate}, policies deis-ciphers, sticky",
            "health-check: TCP:80 → HTTP:80/health-check",
            "real-ip-cidr: 172.31.0.0/16 → 10.0.0.0/8 (default)",
            "idle-timeout: 1200 s → 60 s",
            "policy: EnableProxyProtocol (ProxyProtocolPolicyType: ProxyProtocol=true) → none",
        ]);
        Made.After(plan.Steps).ShouldBe(Before);
    }

    [Theory]
    [InlineData("v1.6.0", null, null)]
    [InlineData("v1.13.4", "false", "false")]
    [InlineData("v1.13.4", "", "")]
    public void The_key_gets_its_former_value_or_is_deleted(string version, string? before, string? after)
    {
        var start = Before.WithRouter(r => r with { Version = DeisVersion.TryParse(version), ProxyProtocol = before });
        var made = start.After(SetupPlanner.Plan(start, SetupGoal.Default).Steps);
        made.Router.ProxyProtocol.ShouldBe("1");

        made.After(Plan(made, start).Steps).Router.ProxyProtocol.ShouldBe(after);
    }

    [Fact]
    public void A_key_that_was_set_anew_meanwhile_is_still_turned_off()
    {
        var now = Made.WithRouter(r => r with { ProxyProtocol = "true" });

        now.After(Plan(now, Before).Steps).ShouldBe(Before);
    }

    [Fact]
    public void A_renewed_certificate_and_other_ciphers_stay()
    {
        var newer = new LoadBalancerPolicy("ciphers-2", LoadBalancerPolicy.SslNegotiationType, []);
        var now = Made.With(l => l with
        {
            Policies = [l.Policies[0], newer, .. l.Policies.Skip(1)],
            Listeners = [l.Listeners[0], l.Listeners[1] with { CertificateId = "arn:renewed", PolicyNames = [newer.Name] }, l.Listeners[2]],
        });

        var plan = Plan(now, Before);

        now.After(plan.Steps).LoadBalancer.Listeners[1].ShouldBe(
            new Listener(443, ListenerProtocol.Https, 80, ListenerProtocol.Http, "arn:renewed", [newer.Name, Snapshots.Sticky.Name]));
        plan.Warnings.Select(w => w.Id).ShouldContain("certificate-changed");
    }

    [Fact]
    public void What_is_neither_as_before_nor_as_setup_made_it_stays_and_is_said()
    {
        var now = Made.WithRouter(r => r with { ProxyRealIpCidr = "192.168.0.0/16" }).With(l => l with
        {
            IdleTimeoutSeconds = 30,
            HealthCheck = l.HealthCheck with { Target = HealthCheckTarget.Parse("TCP:2222") },
            Listeners = [Snapshots.Tcp(80, 443), l.Listeners[1] with { PolicyNames = [] }],
            Policies = [.. l.Policies.Where(p => p.Name != Snapshots.Sticky.Name)],
        });

        var plan = Plan(now, Before);

        plan.Steps.Select(s => s.Id).ShouldBe(["flip", "listener-443", "policy"]);
        plan.Warnings.Select(w => w.Id).ShouldBe(
            ["changed-since-setup", "policy-gone", "changed-since-setup", "changed-since-setup", "changed-since-setup"]);
        Plan(now.With(l => l with { Listeners = [.. l.Listeners.Skip(1)] }), Before).Steps
            .OfType<ListenerStep>().ShouldHaveSingleItem().LoadBalancerPort.ShouldBe(443);
    }

    [Fact]
    public void What_setup_was_told_by_options_goes_back_too()
    {
        var made = Before.After(SetupPlanner.Plan(Before, Told).Steps);
        made.LoadBalancer.IdleTimeoutSeconds.ShouldBe(3000);

        made.After(Snapshots.Teardown(made, Before, Told).Steps).ShouldBe(Before);
    }

    [Theory]
    [InlineData(3600)]
    [InlineData(1201)]
    [InlineData(61)]
    public void A_later_idle_timeout_or_network_stays_whatever_it_resembles_and_is_named(int seconds)
    {
        var now = Made.WithRouter(r => r with { ProxyRealIpCidr = "172.16.0.0/12" }).With(l => l with { IdleTimeoutSeconds = seconds });

        var plan = Plan(now, Before);

        plan.Steps.ShouldNotContain(s => s is IdleTimeoutStep || s is RealIpCidrStep);
        var messages = plan.Warnings.Where(w => w.Id == "changed-since-setup").Select(w => w.Message).ToList();
        messages.Count.ShouldBe(2);
        messages[0].ShouldBe("Somebody changed proxyRealIpCidr after setup: it is 172.16.0.0/12, setup set it to 172.31.0.0/16, before that it was "
            + "not set. It is left unchanged.");
        messages[1].ShouldBe($"Somebody changed the idle timeout in seconds after setup: it is {seconds}, setup set it to 1200, before that it was "
            + "60. It is left unchanged.");
    }

    [Fact]
    public void Setup_that_was_told_something_twice_goes_back_to_before_the_first()
    {
        var first = Record(known: null, Before, Told);
        var made = Before.After(first.Steps);
        var more = Told with { IdleTimeoutSeconds = 3600, RouterPorts = [80] };
        var second = Record(first, made, more);
        made = made.After(second.Steps);

        second.Steps.ShouldHaveSingleItem().ShouldBe(new IdleTimeoutStep(3000, 3600));
        second.RouterPorts.ShouldBe(Told.RouterPorts);
        made.After(Back(made, second).Steps).ShouldBe(Before);

        // Told less, it changes nothing, and what the first was told still counts.
        Record(first, Before.After(first.Steps).With(l => l with { Listeners = [.. l.Listeners, Snapshots.Http(8080, 80)] }), SetupGoal.Default)
            .ShouldSatisfyAllConditions(
                r => r.Made.LoadBalancer.IdleTimeoutSeconds.ShouldBe(3000), r => r.Steps.ShouldHaveSingleItem().Id.ShouldBe("listener-8080"));
    }

    [Fact]
    public void What_somebody_set_between_two_setups_is_what_the_second_one_found()
    {
        var first = Record(known: null, Before, SetupGoal.Default);
        var between = Before.After(first.Steps).With(l => l with { IdleTimeoutSeconds = 300 });
        var second = Record(first, between, SetupGoal.Default);
        var made = between.After(second.Steps);

        made.After(Back(made, second).Steps).ShouldBe(Before.With(l => l with { IdleTimeoutSeconds = 300 }));
    }

    [Theory]
    [InlineData(new int[0], new[] { 80 })]
    [InlineData(new[] { 80, 443 }, new[] { 80 })]
    [InlineData(new[] { 80, 8080 }, new[] { 80, 8080 })]
    public void Ports_that_the_person_names_come_to_those_that_setup_was_run_with(int[] given, int[] ports)
    {
        var goal = SetupGoal.Default with { RouterPorts = [80] };
        var record = Record(known: null, Before, goal);

        TeardownPlanner.Goal(record, SetupGoal.Default with { RouterPorts = given.ToValueList() }).RouterPorts.ShouldBe(ports);
        TeardownPlanner.Goal(known: null, goal).ShouldBe(goal);
    }

    [Fact]
    public void A_policy_that_setup_did_not_create_or_that_is_used_elsewhere_stays()
    {
        var before = Before.With(l => l with { Policies = [LoadBalancerPolicy.EnableProxyProtocol, .. l.Policies] });
        var made = before.After(SetupPlanner.Plan(before, SetupGoal.Default).Steps);
        Plan(made, before).Steps.OfType<PolicyStep>().ShouldBeEmpty();

        var used = Made.With(l => l with { BackendPolicies = [.. l.BackendPolicies, new(8080, ["EnableProxyProtocol"])] });
        var plan = Plan(used, Before);
        plan.Steps.OfType<PolicyStep>().ShouldBeEmpty();
        plan.Warnings.Select(w => w.Id).ShouldContain("policy-in-use");
        used.After(plan.Steps).LoadBalancer.BackendPoliciesOf(8080).ShouldBe(["EnableProxyProtocol"]);
    }

    [Fact]
    public void Listeners_that_came_after_the_first_setup_no_longer_send_the_line()
    {
        var now = Made.With(l => l with
        {
            Listeners = [.. l.Listeners, Snapshots.Tcp(8443, 443)],
            BackendPolicies = [.. l.BackendPolicies, new(443, ["EnableProxyProtocol"])],
        });

        var end = now.After(Plan(now, Before).Steps);

        end.ShouldBe(Before.With(l => l with { Listeners = [.. l.Listeners, Snapshots.Tcp(8443, 443)] }));
    }

    [Theory]
    [InlineData(null, "1.6.0")]
    [InlineData("false", "1.13.4")]
    public void A_policy_without_the_key_is_not_brought_back(string? key, string version)
    {
        var before = Made.WithRouter(r => r with { ProxyProtocol = key, Version = DeisVersion.TryParse(version) });
        var setup = SetupPlanner.Plan(before, SetupGoal.Default);
        setup.Warnings.Single(w => w.Id == "ends-disagree").Message.ShouldSatisfyAllConditions(
            m => m.ShouldContain("answered with 400"), m => m.ShouldContain("teardown turns both ends off"));
        var made = before.After(setup.Steps);

        var plan = Plan(made, before);

        made.After(plan.Steps).ShouldBe(before.With(l => l with { BackendPolicies = [] }));
        plan.Warnings.Select(w => w.Id).ShouldBe(["ends-disagree", "scheme-lost", "client-address-lost"]);
        plan.Warnings[0].Message.ShouldContain("not brought back: both ends are off");
        Plan(made.After(plan.Steps), before).Steps.ShouldBeEmpty();
    }

    [Fact]
    public void A_key_without_the_policy_is_not_brought_back()
    {
        var before = Before.WithRouter(r => r with { ProxyProtocol = "1" });
        SetupPlanner.Plan(before, SetupGoal.Default).Warnings.Select(w => w.Id).ShouldContain("ends-disagree");
        var made = before.After(SetupPlanner.Plan(before, SetupGoal.Default).Steps);

        var plan = Plan(made, before);

        made.After(plan.Steps).ShouldBe(Before);
        plan.Warnings.Select(w => w.Id).ShouldContain("ends-disagree");
        Plan(made.After(plan.Steps), before).Steps.ShouldBeEmpty();
        Plan(before, before).Steps.ShouldBeEmpty("setup never changed anything");
    }

    [Fact]
    public void A_port_that_was_left_out_while_another_worked_goes_on_working()
    {
        var before = Made.WithRouter(r => r with { HasCertificate = true }).With(
            l => l with { Listeners = [l.Listeners[0], Snapshots.Tcp(443, 443)] });
        before.LoadBalancer.SendsProxyLineTo(443).ShouldBeFalse();
        var made = before.After(SetupPlanner.Plan(before, SetupGoal.Default).Steps).With(l => l with { IdleTimeoutSeconds = 1200 });
        made.LoadBalancer.SendsProxyLineTo(443).ShouldBeTrue();

        var plan = Plan(made, before.With(l => l with { IdleTimeoutSeconds = 60 }));

        plan.Steps.Select(s => s.Id).ShouldBe(["idle-timeout"]);
        plan.Warnings.Single(w => w.Id == "ends-disagree").Message.ShouldContain("goes on sending it there");
    }

    [Fact]
    public void Ends_that_somebody_else_made_disagree_are_said()
    {
        var now = Made.With(l => l with { BackendPolicies = [] });
        var plan = Plan(now, Before.WithRouter(r => r with { ProxyProtocol = "1" }));

        plan.Steps.ShouldNotContain(s => s is FlipStep, "setup never turned the key on");
        plan.Warnings.Single(w => w.Id == "ends-disagree").Message.ShouldSatisfyAllConditions(
            m => m.ShouldContain("every connection is refused"), m => m.ShouldEndWith("It stays that way."));
    }

    [Fact]
    public void Without_a_record_the_defaults_of_the_release_are_planned_and_said_to_be()
    {
        var plan = Plan(Made, original: null);
        plan.Steps.ShouldHaveSingleItem().ShouldBeOfType<FlipStep>().To.ShouldBe(new FlipState(null, [new(80, [])]));
        plan.Warnings.Select(w => w.Id).ShouldBe(["no-record", "scheme-lost", "client-address-lost"]);
        plan.Warnings[0].Message.ShouldContain("defaults of Deis v1.6.0");

        var old = Made.WithRouter(r => r with { Version = new DeisVersion(1, 5, 2) });
        Plan(old, original: null).Steps.Select(s => s.Id).ShouldBe(["flip", "listener-80", "health-check", "policy"]);
        old.After(Plan(old, original: null).Steps).LoadBalancer.HealthCheck.ShouldBe(Before.LoadBalancer.HealthCheck);

        Plan(Before, original: null).ShouldBe(new Plan([], [], []));
    }

    [Fact]
    public void A_stack_at_work_blocks_unless_nothing_is_to_be_done()
    {
        Plan(Made.WithElb(s => s with { Stack = s.Stack with { Status = "UPDATE_IN_PROGRESS" } }), Before).Blockers
            .ShouldHaveSingleItem().Id.ShouldBe("stack-busy");
        Plan(Before.WithElb(s => s with { Stack = s.Stack with { Status = "UPDATE_IN_PROGRESS" } }), Before).Blockers.ShouldBeEmpty();
        Plan(Made.WithRouter(r => r with { LiveRouters = [] }), Before).Warnings.Select(w => w.Id).ShouldContain("no-live-router");
    }
}
