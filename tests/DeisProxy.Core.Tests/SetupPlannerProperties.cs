using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace DeisProxy.Core.Tests;

/// <summary>What holds for any load balancer in front of any routers.</summary>
[Properties(Arbitrary = [typeof(AnyCluster)], MaxTest = 500)]
public sealed class SetupPlannerProperties
{
    private static readonly SetupGoal Goal = SetupGoal.Default with { AllowRedirectLoop = true };

    [Property]
    public FsCheck.Property Planning_what_the_plan_made_is_empty(ClusterSnapshot start)
    {
        var plan = SetupPlanner.Plan(start, Goal);
        var again = SetupPlanner.Plan(start.After(plan.Steps), Goal);
        return (again.Steps.Count == 0 && again.Blockers.Count == 0).When(plan.Blockers.Count == 0);
    }

    [Property]
    public bool Listeners_on_other_instance_ports_and_their_backend_policies_stay(ClusterSnapshot start)
    {
        var end = start.After(SetupPlanner.Plan(start, Goal).Steps);
        return Others(start).SequenceEqual(Others(end)) && OtherPolicies(start).SequenceEqual(OtherPolicies(end));

        static IEnumerable<Listener> Others(ClusterSnapshot s) => s.LoadBalancer.Listeners.Where(l => !Goal.RouterPorts.Contains(l.InstancePort));
        static IEnumerable<BackendPolicies> OtherPolicies(ClusterSnapshot s) =>
            s.LoadBalancer.BackendPolicies.Where(b => !Goal.RouterPorts.Contains(b.InstancePort));
    }

    [Property]
    public bool No_backend_policy_is_dropped(ClusterSnapshot start)
    {
        var end = start.After(SetupPlanner.Plan(start, Goal).Steps);
        return start.LoadBalancer.BackendPolicies.All(b => b.PolicyNames.All(end.LoadBalancer.BackendPoliciesOf(b.InstancePort).Contains));
    }

    [Property]
    public bool Every_port_keeps_its_listener_with_certificate_and_ciphers(ClusterSnapshot start)
    {
        var end = start.After(SetupPlanner.Plan(start, Goal).Steps);
        return start.LoadBalancer.Listeners.All(before =>
            end.LoadBalancer.Listeners.Single(l => l.LoadBalancerPort == before.LoadBalancerPort) is var after
            && after.InstancePort == before.InstancePort
            && after.CertificateId == before.CertificateId
            && after.EndsTls == before.EndsTls
            && after.PolicyNames.Contains(Snapshots.Ciphers.Name) == before.PolicyNames.Contains(Snapshots.Ciphers.Name));
    }

    [Property]
    public bool Undoing_every_step_in_reverse_gives_back_the_start(ClusterSnapshot start)
    {
        var plan = SetupPlanner.Plan(start, Goal);
        return start.After(plan.Steps).After(plan.Steps.Reverse().Select(s => s.Inverse())) == start;
    }

    [Property]
    public bool Every_step_starts_from_what_is_there_changes_it_and_is_then_done(ClusterSnapshot start)
    {
        var state = start;
        foreach (var step in SetupPlanner.Plan(start, Goal).Steps)
        {
            if (!step.Inverse().IsDoneIn(state) || step.IsDoneIn(state))
            {
                return false;
            }

            state = step.ApplyTo(state);
            if (!step.IsDoneIn(state))
            {
                return false;
            }
        }

        return true;
    }

    [Property]
    public FsCheck.Property The_end_of_a_plan_sends_the_line_exactly_where_routers_demand_it(ClusterSnapshot start)
    {
        var plan = SetupPlanner.Plan(start, Goal);
        var end = start.After(plan.Steps);
        return (end.Router.Demands(end.Router.ProxyProtocol)
            && end.LoadBalancer.Listeners.Where(l => Goal.RouterPorts.Contains(l.InstancePort)).All(l =>
                end.LoadBalancer.SendsProxyLineTo(l.InstancePort)
                && l is { Protocol: ListenerProtocol.Tcp or ListenerProtocol.Ssl, InstanceProtocol: ListenerProtocol.Tcp }))
            .When(plan.Blockers.Count == 0);
    }

    [Property]
    public bool Steps_and_snapshots_survive_json(ClusterSnapshot start)
    {
        var steps = SetupPlanner.Plan(start, Goal).Steps;
        var record = new RunRecord
        {
            Command = "setup",
            Holder = "test",
            StartedAt = DateTimeOffset.UnixEpoch,
            Original = start,
            Made = start.After(steps),
            RouterPorts = Goal.RouterPorts,
            Steps = steps,
            CutOff = steps.Count > 0 ? steps[0] : null,
        };
        return steps.Count == 0 || RunRecord.Parse(record.ToJson()) == record;
    }
}
