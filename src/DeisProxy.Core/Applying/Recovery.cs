using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>What a run that was cut off leaves for the next one: pure functions of its record and of what is there now.</summary>
public static class Recovery
{
    /// <summary>
    /// The steps that come before anything else. Whatever else was cut off shows in the load balancer or in etcd and is simply
    /// planned again; a listener that was deleted and not yet created, or created and not yet given its policies, does not.
    /// </summary>
    public static ValueList<Step> Steps(RunRecord record, ClusterSnapshot current, string command)
    {
        if (CutOff(record, command) is not { } step)
        {
            return [];
        }

        var found = current.LoadBalancer.ListenerOn(step.LoadBalancerPort);
        return found is null
            ? (step.To ?? step.From) is { } whole ? [new ListenerStep(From: null, whole)] : []
            : LacksPolicies(found, step.To)
                ? [new ListenerStep(found, step.To)]
                : LacksPolicies(found, step.From)
                    ? [new ListenerStep(found, step.From)]
                    : [];
    }

    /// <summary>
    /// The change of a listener that was cut off, turned so that it leads to where a command goes. A run that mends it carries it
    /// on in its own record, because it may be cut off, too.
    /// </summary>
    /// <returns>The change, or null if no listener was being changed.</returns>
    public static ListenerStep? CutOff(RunRecord record, string command)
    {
        var step = record.Current < record.Repairs ? record.CutOff : record.Steps[record.Current] as ListenerStep;
        return command == record.Command ? step : (ListenerStep?)step?.Inverse();
    }

    /// <summary>
    /// What <c>teardown</c> goes back to after a run: what was known before, but for what this run changes and no earlier setup had made;
    /// of that, what is there at the start of this run.
    /// </summary>
    /// <param name="known">Record of an earlier run, or null.</param>
    public static ClusterSnapshot Original(RunRecord? known, ClusterSnapshot start, IEnumerable<Step> steps)
    {
        if (known is null)
        {
            return start;
        }

        var made = SetupPlanner.Plan(known.Original, known.Goal).Steps.Aggregate(known.Original, (state, step) => step.ApplyTo(state));
        return steps.Where(step => step is not ListenerStep { From: null }).Aggregate(known.Original, (state, step) => step switch
        {
            HealthCheckStep or IdleTimeoutStep or RealIpCidrStep when step.Inverse().IsDoneIn(made) => state,

            // Adding a port to what is on already says nothing of how the key was before.
            FlipStep flip when flip.From.ProxyProtocol == flip.To.ProxyProtocol =>
                flip.Inverse().ApplyTo(state) with { Router = state.Router },
            _ => step.Inverse().ApplyTo(state),
        });
    }

    /// <summary>
    /// What setup has been told, over several runs: a value that this run does not change was made by an earlier one, told by its
    /// options; what either took for a router's port is one.
    /// </summary>
    /// <param name="known">Record of an earlier run, or null.</param>
    public static SetupGoal Goal(RunRecord? known, SetupGoal goal, ValueList<Step> steps) => known is null
        ? goal
        : goal with
        {
            RouterPorts = known.Goal.RouterPorts.Union(goal.RouterPorts).Order().ToValueList(),
            IdleTimeoutSeconds = steps.Any(s => s is IdleTimeoutStep) ? goal.IdleTimeoutSeconds : known.Goal.IdleTimeoutSeconds,
            RealIpCidr = steps.Any(s => s is RealIpCidrStep) ? goal.RealIpCidr : known.Goal.RealIpCidr,
        };

    private static bool LacksPolicies(Listener? found, Listener? wanted) =>
        found is not null && wanted is not null && found != wanted && found with { PolicyNames = wanted.PolicyNames } == wanted;
}
