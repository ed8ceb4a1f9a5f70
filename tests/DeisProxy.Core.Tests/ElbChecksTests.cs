using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Tests;

public sealed class ElbChecksTests
{
    private static readonly ClusterSnapshot Made = Snapshots.Deis15.After(SetupPlanner.Plan(Snapshots.Deis15, SetupGoal.Default).Steps);

    [Fact]
    public void A_listener_that_setup_left_and_that_is_gone_fails()
    {
        Listeners(Made, Made).Status.ShouldBe(CheckStatus.Pass);

        var gone = Listeners(Made.With(l => l with { Listeners = [.. l.Listeners.Where(x => x.LoadBalancerPort != 80)] }), Made);

        gone.Status.ShouldBe(CheckStatus.Fail);
        gone.Seen.ShouldBe("setup left TCP:80→TCP:80, and it is no longer there");
    }

    [Fact]
    public void A_router_port_without_a_listener_is_a_warning_where_nothing_is_recorded()
    {
        var onlyTls = Made.With(l => l with { Listeners = [Snapshots.Tcp(443, 443)] }).WithRouter(r => r with { HasCertificate = true });

        var check = Listeners(onlyTls, made: null);

        check.Status.ShouldBe(CheckStatus.Warn);
        check.Seen.ShouldEndWith("no listener leads to instance port 80");
    }

    private static CheckResult Listeners(ClusterSnapshot now, ClusterSnapshot? made) =>
        ElbChecks.Run(now, SetupGoal.Default, made, seen: null).Single(c => c.Id == "listeners");
}
