using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace DeisProxy.Core.Tests;

/// <summary>What holds for the way back from any load balancer that setup has changed.</summary>
[Properties(Arbitrary = [typeof(AnyCluster)], MaxTest = 500, MaxRejected = 20_000)]
public sealed class TeardownPlannerProperties
{
    private static readonly SetupGoal Goal = SetupGoal.Default with { AllowRedirectLoop = true };

    [Property]
    public FsCheck.Property Setup_then_teardown_gives_back_the_start(ClusterSnapshot start)
    {
        var setup = SetupPlanner.Plan(start, Goal);
        var made = start.After(setup.Steps);
        return (made.After(Snapshots.Teardown(made, start, Goal).Steps) == start).When(setup.Blockers.Count == 0 && Agree(start));
    }

    [Property]
    public FsCheck.Property A_start_whose_ends_disagreed_comes_back_but_for_that(ClusterSnapshot start)
    {
        var setup = SetupPlanner.Plan(start, Goal);
        var made = start.After(setup.Steps);
        var end = made.After(Snapshots.Teardown(made, start, Goal).Steps);
        return (Agree(end)
            && start.With(b => b with { BackendPolicies = [] }).WithRouter(r => r with { ProxyProtocol = null })
                == end.With(b => b with { BackendPolicies = [] }).WithRouter(r => r with { ProxyProtocol = null }))
            .When(setup.Blockers.Count == 0 && !Agree(start));
    }

    [Property]
    public FsCheck.Property Ends_that_agree_still_agree_afterward_whatever_was_before(
        ClusterSnapshot original, ClusterSnapshot current, bool recorded) =>
        Agree(current.After(Snapshots.Teardown(current, recorded ? original : null, Goal).Steps)).When(Agree(current));

    [Property]
    public FsCheck.Property A_setup_that_stopped_anywhere_is_taken_back_too(ClusterSnapshot start)
    {
        var setup = SetupPlanner.Plan(start, Goal);
        return Enumerable.Range(0, setup.Steps.Count)
            .Select(done => start.After(setup.Steps.Take(done)))
            .All(state => state.After(Snapshots.Teardown(state, start, Goal).Steps) == start)
            .When(setup.Blockers.Count == 0 && Agree(start));
    }

    [Property]
    public bool Teardown_of_what_teardown_made_is_empty(ClusterSnapshot start, bool recorded)
    {
        var made = start.After(SetupPlanner.Plan(start, Goal).Steps);
        var original = recorded ? start : null;
        return Snapshots.Teardown(made.After(Snapshots.Teardown(made, original, Goal).Steps), original, Goal).Steps.Count == 0;
    }

    [Property]
    public bool A_cluster_that_was_never_set_up_is_left_alone(ClusterSnapshot start) => Snapshots.Teardown(start, start, Goal).Steps.Count == 0;

    [Property]
    public bool Every_step_starts_from_what_is_there_changes_it_and_is_then_done(ClusterSnapshot original, ClusterSnapshot current, bool recorded)
    {
        var state = current;
        foreach (var step in Snapshots.Teardown(current, recorded ? original : null, Goal).Steps)
        {
            if (!step.Inverse().IsDoneIn(state) || step.IsDoneIn(state))
            {
                return false;
            }

            state = step.ApplyTo(state);
        }

        return true;
    }

    [Property]
    public bool Whatever_is_there_now_other_ports_and_other_policies_stay(ClusterSnapshot original, ClusterSnapshot current, bool recorded)
    {
        var end = current.After(Snapshots.Teardown(current, recorded ? original : null, Goal).Steps);
        return Others(current).SequenceEqual(Others(end))
            && Foreign(current).SequenceEqual(Foreign(end))
            && current.LoadBalancer.Listeners.All(l => end.LoadBalancer.Listeners.Single(e => e.LoadBalancerPort == l.LoadBalancerPort) is var after
                && after.InstancePort == l.InstancePort
                && after.CertificateId == l.CertificateId
                && l.PolicyNames.All(after.PolicyNames.Contains));

        IEnumerable<(int, string)> Foreign(ClusterSnapshot s) => s.LoadBalancer.BackendPolicies.SelectMany(b => b.PolicyNames
            .Where(name => !Goal.RouterPorts.Contains(b.InstancePort) || current.LoadBalancer.Policy(name)?.SendsProxyLine != true)
            .Select(name => (b.InstancePort, name)));

        static IEnumerable<Listener> Others(ClusterSnapshot s) => s.LoadBalancer.Listeners.Where(l => !Goal.RouterPorts.Contains(l.InstancePort));
    }

    [Property]
    public FsCheck.Property What_was_changed_meanwhile_elsewhere_stays(ClusterSnapshot start, int idle)
    {
        var setup = SetupPlanner.Plan(start, Goal);
        var made = start.After(setup.Steps);
        var extra = new LoadBalancerPolicy("later", "BackendServerAuthenticationPolicyType", []);
        var later = made
            .With(l => l with
            {
                Listeners = [.. l.Listeners, Snapshots.Http(9999, 9998)],
                Policies = [.. l.Policies, extra],
                BackendPolicies =
                [
                    .. l.BackendPolicies.Where(b => b.InstancePort < 80),
                    new(80, [.. l.BackendPoliciesOf(80), extra.Name]),
                    .. l.BackendPolicies.Where(b => b.InstancePort > 80),
                ],
                HealthCheck = l.HealthCheck with { IntervalSeconds = 30 + (idle & 63) },
            });

        var end = later.After(Snapshots.Teardown(later, start, Goal).Steps).LoadBalancer;
        return (end.Listeners.Contains(Snapshots.Http(9999, 9998))
            && end.Policies.Contains(extra)
            && end.BackendPoliciesOf(80).SequenceEqual([.. start.LoadBalancer.BackendPoliciesOf(80), extra.Name])
            && end.HealthCheck == later.LoadBalancer.HealthCheck with { Target = start.LoadBalancer.HealthCheck.Target })
            .When(setup.Blockers.Count == 0 && Agree(start));
    }

    [Property]
    public bool Without_a_record_both_ends_are_off_afterward_and_nothing_else_has_changed(ClusterSnapshot current)
    {
        var end = current.After(Snapshots.Teardown(current, original: null, Goal).Steps);
        return !end.Router.Demands(end.Router.ProxyProtocol)
            && !Goal.RouterPorts.Any(end.LoadBalancer.SendsProxyLineTo)
            && (current.Router.Version < DeisVersion.FirstWithProxyProtocol
                || current.With(b => b with { BackendPolicies = [] }).WithRouter(r => r with { ProxyProtocol = null })
                == end.With(b => b with { BackendPolicies = [] }).WithRouter(r => r with { ProxyProtocol = null }));
    }

    /// <summary>Whether the load balancer sends the PROXY line to just those ports on which routers demand it.</summary>
    private static bool Agree(ClusterSnapshot s) =>
        s.Router.PortsInUse(Goal.RouterPorts).Intersect(s.LoadBalancer.Listeners.Select(l => l.InstancePort))
        .All(port => s.LoadBalancer.SendsProxyLineTo(port) == s.Router.Demands(s.Router.ProxyProtocol));
}
