using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Planning;

/// <summary>
/// Keeps auto scaling from ending nodes while a plan is carried out. <c>ReplaceUnhealthy</c> is what ends them; <c>HealthCheck</c> is what
/// marks them by the load balancer's word, and a mark outlives the suspension: resumed, <c>ReplaceUnhealthy</c> ends at once what was
/// marked meanwhile (Auto Scaling guide, "How suspended processes affect other processes"). So it takes both.
/// </summary>
public sealed class AutoScalingPause
{
    /// <summary>Health check type of groups that go by the load balancer's word (API <c>AutoScalingGroup</c>).</summary>
    public const string ByLoadBalancer = "ELB";

    private static readonly string[] Processes = ["HealthCheck", "ReplaceUnhealthy"];

    private readonly ClusterSnapshot _snapshot;
    private readonly bool _wanted;
    private readonly List<AutoScalingProcesses> _suspended;
    private readonly List<AutoScalingProcesses> _owed;

    /// <summary>Decides what is suspended and what is resumed.</summary>
    /// <param name="unfinished">Record of a run that was cut off, which may have left processes suspended; null if there is none.</param>
    public AutoScalingPause(ClusterSnapshot snapshot, bool wanted, RunRecord? unfinished)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        (_snapshot, _wanted, _owed) = (snapshot, wanted, unfinished is null ? [] : Owed(unfinished));
        _suspended = wanted
            ? Some(snapshot.Surroundings.AutoScalingGroups.Where(g => g.HealthCheckTypes.Contains(ByLoadBalancer))
                .Select(g => new AutoScalingProcesses(g.Name, Processes.Except(g.SuspendedProcesses).ToValueList())))
            : [];
    }

    /// <summary>The state that a plan is made from: the processes are suspended by then.</summary>
    public ClusterSnapshot ApplyTo(ClusterSnapshot snapshot) => new AutoScalingStep(_suspended.ToValueList(), Suspend: true).ApplyTo(snapshot);

    /// <summary>
    /// Puts the steps around a plan's own: the first suspends, the last resumes exactly that, and what a run that was cut off has left
    /// suspended. A plan without steps has nothing to protect; what is owed is resumed all the same.
    /// </summary>
    public Plan Around(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (_snapshot.Surroundings.Unread.FirstOrDefault(u => u.What == Unread.AutoScaling) is { } unread && (_owed.Count > 0 || (_wanted && plan.Steps.Count > 0)))
        {
            return plan with
            {
                Blockers = [.. plan.Blockers, new Notice(
                    "auto-scaling-unreadable",
                    $"{(_owed.Count > 0 ? $"An earlier run was cut off while auto scaling processes were suspended ({string.Join("; ", _owed)})" : "Auto scaling shall be suspended")}, but the groups cannot be read: {unread.Reason}",
                    "Give deis-proxy the permission (the README lists it), or look after it yourself: aws autoscaling describe-auto-scaling-groups, suspend-processes, resume-processes.")],
            };
        }

        var suspended = plan.Steps.Count > 0 ? _suspended : [];
        var resumed = Some(_snapshot.Surroundings.AutoScalingGroups.Select(group => new AutoScalingProcesses(
            group.Name,
            Of(_owed, group).Intersect(group.SuspendedProcesses).Union(Of(suspended, group)).Order(StringComparer.Ordinal).ToValueList())));
        return plan with
        {
            Steps =
            [
                .. suspended.Count > 0 ? [new AutoScalingStep(suspended.ToValueList(), Suspend: true)] : (Step[])[],
                .. plan.Steps,
                .. resumed.Count > 0 ? [new AutoScalingStep(resumed.ToValueList(), Suspend: false)] : (Step[])[],
            ],
        };

        static IEnumerable<string> Of(List<AutoScalingProcesses> groups, AutoScalingGroup group) => groups.Find(g => g.Group == group.Name)?.Processes ?? [];
    }

    /// <summary>What a run that was cut off was to resume, but for what it had not come to suspend.</summary>
    private static List<AutoScalingProcesses> Owed(RunRecord unfinished)
    {
        var notBegun = unfinished.Steps.Skip(unfinished.Current + 1).OfType<AutoScalingStep>().Where(s => s.Suspend).SelectMany(s => s.Groups).ToList();
        return Some(unfinished.Steps.OfType<AutoScalingStep>().Where(s => !s.Suspend).SelectMany(s => s.Groups)
            .Select(g => g with { Processes = g.Processes.Except(notBegun.Find(n => n.Group == g.Group)?.Processes ?? []).ToValueList() }));
    }

    private static List<AutoScalingProcesses> Some(IEnumerable<AutoScalingProcesses> groups) => [.. groups.Where(g => g.Processes.Count > 0)];
}
