using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Elb;

/// <summary>
/// Decides what <c>teardown</c> does: a pure function from what is there and what was there before <c>setup</c> to an ordered
/// list of steps. It merges three states (before setup, what setup made of it, now): only what setup changed goes back, and of
/// that only what is still as setup made it. What somebody changed meanwhile stays, and is said.
/// <para>
/// The order is the reverse of setup's: the flip first, so that nothing afterward meets a PROXY line; then the listeners; an HTTP
/// health check only once routers are plain, because it carries no PROXY line; the policy last, when nothing names it any more.
/// </para>
/// <para>
/// Without a record of setup nothing tells what was before, so the documented defaults are planned. The templates of Deis
/// v1.6.0 and later have TCP listeners and a TCP (or port 9090) health check of their own, which serve plain routers just as well:
/// there the defaults come down to switching the PROXY protocol off at both ends, and the policy object stays, because it is the
/// template's. Before v1.6.0 port 80 was HTTP, with an HTTP health check and without a policy.
/// </para>
/// </summary>
public static class TeardownPlanner
{
    /// <summary>Makes the plan.</summary>
    /// <param name="original">What was there before setup; null if nothing is recorded.</param>
    /// <param name="made">What setup made of it; null if nothing is recorded.</param>
    public static Plan Plan(ClusterSnapshot current, ClusterSnapshot? original, ClusterSnapshot? made, SetupGoal goal)
    {
        var merge = new TeardownMerge(current, goal);
        if (original is null || made is null)
        {
            merge.ToDefaults();
        }
        else
        {
            merge.BackTo(original, made);
        }

        merge.Check();
        return new Plan([.. merge.Steps], [.. merge.Warnings], [.. merge.Blockers]);
    }

    /// <summary>The goal with the routers' ports that setup was run with, and others that the person names.</summary>
    public static SetupGoal Goal(RunRecord? known, SetupGoal goal) => known is null ? goal : goal with
    {
        RouterPorts = Recovery.RouterPorts(known, goal.RouterPorts.Equals(SetupGoal.Default.RouterPorts) ? [] : goal.RouterPorts),
    };
}
