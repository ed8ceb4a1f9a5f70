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
    /// <param name="record">Record of the run that was cut off.</param>
    /// <param name="current">What is there now.</param>
    /// <param name="command">The command that goes on.</param>
    /// <returns>The steps, none if the listener is whole.</returns>
    public static ValueList<Step> Steps(RunRecord record, ClusterSnapshot current, string command)
    {
        if (record.Steps[record.Current] is not ListenerStep step)
        {
            return [];
        }

        var target = command == record.Command ? step.To : step.From;
        var other = command == record.Command ? step.From : step.To;
        var found = current.LoadBalancer.Listeners.FirstOrDefault(l => l.LoadBalancerPort == step.LoadBalancerPort);
        return found is null && target is not null
            ? [new ListenerStep(From: null, target)]
            : LacksPolicies(found, target)
                ? [new ListenerStep(found, target)]
                : LacksPolicies(found, other)
                    ? [new ListenerStep(found, other)]
                    : [];
    }

    /// <summary>What <c>teardown</c> goes back to after a run: the newest state of everything that this run changes, else what was known before.</summary>
    /// <param name="known">What an earlier run has recorded, or null.</param>
    /// <param name="start">What is there at the start of this run.</param>
    /// <param name="steps">What this run changes.</param>
    /// <returns>The state to go back to.</returns>
    public static ClusterSnapshot Original(ClusterSnapshot? known, ClusterSnapshot start, IEnumerable<Step> steps) => known is null
        ? start
        : steps.Where(step => step is not ListenerStep { From: null }).Aggregate(known, (state, step) => step switch
        {
            // Adding a port to what is on already says nothing of how the key was before.
            FlipStep flip when flip.From.ProxyProtocol == flip.To.ProxyProtocol =>
                flip.Inverse().ApplyTo(state) with { Router = state.Router },
            _ => step.Inverse().ApplyTo(state),
        });

    private static bool LacksPolicies(Listener? found, Listener? wanted) =>
        found is not null && wanted is not null && found != wanted && found with { PolicyNames = wanted.PolicyNames } == wanted;
}
