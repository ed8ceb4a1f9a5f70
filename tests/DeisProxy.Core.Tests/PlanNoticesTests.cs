using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Tests;

/// <summary>Each trap provoked: what setup and teardown say, and whether they go on.</summary>
public sealed class PlanNoticesTests
{
    private static readonly ClusterSnapshot Start = Snapshots.Deis15;
    private static readonly ClusterSnapshot Made = Start.After(SetupPlanner.Plan(Start, SetupGoal.Default).Steps);

    private static readonly IngressRule FromBalancer = new("tcp", 80, 80, ["sg-elb"], [], AdmitsOthers: false);

    private static Plan Setup(ClusterSnapshot snapshot, SetupGoal? goal = null) => SetupPlanner.Plan(snapshot, goal ?? SetupGoal.Default);

    private static Plan Teardown(ClusterSnapshot snapshot) =>
        Snapshots.Teardown(snapshot, Start.WithElb(s => s with { Surroundings = snapshot.Surroundings }), SetupGoal.Default);

    private static string[] Blockers(Plan plan) => [.. plan.Blockers.Select(b => b.Id)];

    private static string[] Warnings(Plan plan) => [.. plan.Warnings.Select(w => w.Id).Except(["cloudformation-drift"])];

    private static ClusterSnapshot Around(ClusterSnapshot snapshot, Surroundings surroundings) =>
        snapshot.WithElb(s => s with { Surroundings = surroundings });

    [Fact]
    public void A_change_of_the_load_balancer_is_drift_a_change_of_the_key_is_not()
    {
        Setup(Start).Warnings.ShouldHaveSingleItem().Remedy.ShouldContain("deis-proxy template");
        Setup(Made.WithRouter(r => r with { ProxyProtocol = null })).Warnings.ShouldHaveSingleItem().Id.ShouldBe("ends-disagree");
    }

    [Theory]
    [InlineData(2222, "proxy-policy-on-builder")]
    [InlineData(8080, "proxy-policy-elsewhere")]
    public void A_stale_policy_on_a_port_that_is_not_a_routers(int port, string warning)
    {
        var start = Start.With(
            l => l with { Policies = [LoadBalancerPolicy.EnableProxyProtocol], BackendPolicies = [new(port, ["EnableProxyProtocol"])] });

        Warnings(Setup(start)).ShouldBe([warning]);
        Blockers(Setup(start)).ShouldBeEmpty();
        Setup(start).Warnings[0].Remedy.ShouldContain($"--instance-port {port} ");
        Setup(start).Warnings[0].Remedy.Contains("--router-ports", StringComparison.Ordinal).ShouldBe(port != 2222, "the builder never takes part");
        start.After(Setup(start).Steps).LoadBalancer.BackendPoliciesOf(port).ShouldBe(["EnableProxyProtocol"]);
    }

    [Fact]
    public void A_stale_policy_on_a_routers_port()
    {
        var unused = Start.With(l => l with
        {
            Listeners = [Snapshots.Http(80, 80)],
            Policies = [LoadBalancerPolicy.EnableProxyProtocol],
            BackendPolicies = [new(443, ["EnableProxyProtocol"])],
        });
        Warnings(Setup(unused)).ShouldBe(["proxy-policy-without-listener"]);

        // Setup makes the listener TCP, so the policy is right then; it is not brought back, because it reaches plain routers before the listener is
        // HTTP again.
        var http = Start.With(
            l => l with { Policies = [LoadBalancerPolicy.EnableProxyProtocol], BackendPolicies = [new(80, ["EnableProxyProtocol"])] });
        Warnings(Setup(http)).ShouldBeEmpty();
        Warnings(Snapshots.Teardown(http.After(Setup(http).Steps), http, SetupGoal.Default)).ShouldBe(["ends-disagree"]);
    }

    [Theory]
    [InlineData(80, false, "other-load-balancer", null)]
    [InlineData(80, true, null, "other-load-balancer")]
    [InlineData(2222, false, null, null)]
    [InlineData(443, false, null, null)]
    public void Another_load_balancer_in_front_of_the_same_routers(int port, bool sendsLine, string? setup, string? teardown)
    {
        var surroundings = new Surroundings { OtherLoadBalancers = [new("internal", [Snapshots.Tcp(port, port)], sendsLine ? [port] : [])] };

        Blockers(Setup(Around(Start, surroundings))).ShouldBe(setup is null ? [] : [setup]);
        Blockers(Teardown(Around(Made, surroundings))).ShouldBe(teardown is null ? [] : [teardown]);

        // Nothing is switched: a warning is enough.
        Blockers(Setup(Around(Made, surroundings), SetupGoal.Default with { IdleTimeoutSeconds = 3000 })).ShouldBeEmpty();
        Warnings(Setup(Around(Made, surroundings))).ShouldBe(setup is null ? [] : [setup]);
    }

    [Theory]
    [InlineData("tcp", 80, 80, "sg-elb", null, true)]
    [InlineData("6", 1, 100, "sg-elb", null, true)]
    [InlineData("-1", null, null, "sg-elb", null, true)]
    [InlineData("tcp", 80, 80, null, "0.0.0.0/0", true)]
    [InlineData("tcp", 80, 80, null, "10.21.1.0/24", true)]
    [InlineData("tcp", 80, 80, "amazon-elb", null, true)]
    [InlineData("tcp", 80, 80, "sg-other", "10.22.0.0/16", false)]
    [InlineData("tcp", 81, 90, "sg-elb", null, false)]
    [InlineData("udp", 80, 80, "sg-elb", null, false)]
    public void Security_groups(string protocol, int? from, int? to, string? group, string? network, bool admits)
    {
        var rule = new IngressRule(protocol, from, to, group is null ? [] : [group], network is null ? [] : [network], AdmitsOthers: false);

        Blockers(Setup(Nodes(OutOfService(Start), rule))).ShouldBe(admits ? [] : ["security-group-closed"]);
        Blockers(Setup(Nodes(OutOfService(Start), rule with { AdmitsOthers = true }))).ShouldBe(
            !admits && (protocol == "udp" || from == 81) ? ["security-group-closed"] : []);
    }

    [Fact]
    public void Security_groups_only_count_where_it_is_shown()
    {
        var closed = FromBalancer with { FromPort = 22, ToPort = 22 };
        Blockers(Setup(Nodes(Start, closed))).ShouldBeEmpty("instances are in service by the same check");
        Blockers(Setup(Nodes(OutOfService(Start), closed) with { Nodes = Start.Nodes })).ShouldBeEmpty("nobody knows the nodes' groups");
        var noGroups = Nodes(OutOfService(Start), closed);
        Blockers(Setup(noGroups.WithElb(s => s with { Surroundings = s.Surroundings with { LoadBalancerSecurityGroups = [] } }))).ShouldBeEmpty(
            "nobody knows the load balancer's group");

        var some = Nodes(OutOfService(Start), closed);
        some = some with { Nodes = [some.Nodes[0], some.Nodes[1] with { SecurityGroups = [] }, some.Nodes[2]] };
        Setup(some).ShouldSatisfyAllConditions(p => Blockers(p).ShouldBeEmpty(), p => Warnings(p).ShouldBe(["security-group-closed"]));

        // A router's port, too, but only if something listens there.
        var certificate = Nodes(Start, FromBalancer).WithRouter(r => r with { HasCertificate = true });
        Warnings(Setup(certificate)).ShouldBe(["security-group-closed"]);
        Setup(certificate).Warnings[0].Remedy.ShouldContain("--group-id sg-node --protocol tcp --port 443 --source-group sg-elb");
        Warnings(Setup(Nodes(Start, FromBalancer))).ShouldBeEmpty();
    }

    [Fact]
    public void What_could_not_be_read_is_said_and_stops_nothing()
    {
        var around = new Surroundings { Unread = [new("security groups", "AWS denied ec2:DescribeSecurityGroups.")] };

        Setup(Around(Start, around)).Warnings[0].Message.ShouldBe(
            "Could not be read and was not checked: security groups. AWS denied ec2:DescribeSecurityGroups.");
        Warnings(Setup(Around(Made, around))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1, "1 application has a whitelist")]
    [InlineData(12, "12 applications have whitelists")]
    public void Whitelists_of_applications_count(int applications, string text)
    {
        var start = Start.WithRouter(r => r with { Version = new DeisVersion(1, 11, 0), ApplicationWhitelists = applications }).WithElb(
            s => s with { Networks = ["172.31.0.0/16"] });
        Setup(start, SetupGoal.Default with { RealIpCidr = RealIpGoal.Keep }).Blockers.ShouldHaveSingleItem().Message.ShouldContain($"({text})");
        Setup(start).Warnings.Single(w => w.Id == "whitelist-address-changes").Message.ShouldContain($"({text})");

        var older = start.WithRouter(r => r with { Version = new DeisVersion(1, 10, 1) });
        Warnings(Setup(older)).ShouldBeEmpty("v1.10 knows no whitelists");
    }

    [Theory]
    [InlineData("1.11.0", "192.0.2.7", false, "whitelist-locks-out", null)]
    [InlineData("1.13.4", null, true, "whitelist-locks-out", null)]
    [InlineData("1.10.0", "192.0.2.7", true, null, "real-ip-network-wrong")]
    [InlineData("1.13.4", "", false, null, "real-ip-network-wrong")]
    public void Whitelists_with_a_wrong_network(string version, string? whitelist, bool enforced, string? blocker, string? warning)
    {
        var keep = SetupGoal.Default with { RealIpCidr = RealIpGoal.Keep };
        var start =
            Start.WithRouter(r => r with { Version = DeisVersion.TryParse(version), ControllerWhitelist = whitelist, EnforcesWhitelist = enforced })
                .WithElb(s => s with { Networks = ["172.31.0.0/16"] });

        Blockers(Setup(start, keep)).ShouldBe(blocker is null ? [] : [blocker]);
        Warnings(Setup(start, keep)).ShouldBe(warning is null ? [] : [warning]);
        Blockers(Setup(start)).ShouldBeEmpty("the network is chosen rightly");

        // Who lives with it already is not stopped from anything else.
        var there = start.After(Setup(start, keep).Steps);
        Blockers(Setup(there, keep with { IdleTimeoutSeconds = 3000 })).ShouldBeEmpty();
    }

    [Fact]
    public void Whitelists_test_another_address_from_the_flip_on()
    {
        static ClusterSnapshot Listed(ClusterSnapshot s) =>
            s.WithRouter(r => r with { Version = new DeisVersion(1, 12, 3), ControllerWhitelist = "192.0.2.7" });

        Warnings(Setup(Listed(Start))).ShouldBe(["whitelist-address-changes"]);
        Warnings(Teardown(Listed(Made))).ShouldBe(["whitelist-address-changes"]);
        Warnings(Setup(Listed(Made))).ShouldBeEmpty();
    }

    private static ClusterSnapshot OutOfService(ClusterSnapshot snapshot) =>
        snapshot.With(l => l with { Instances = [.. l.Instances.Select(i => i with { State = "OutOfService" })] });

    private static ClusterSnapshot Nodes(ClusterSnapshot snapshot, IngressRule rule) => Around(
        snapshot with { Nodes = [.. snapshot.Nodes.Select(n => n with { SecurityGroups = ["sg-node"] })] },
        new Surroundings { LoadBalancerSecurityGroups = ["sg-elb"], NodeSecurityGroups = [new("sg-node", [rule])] });
}
