using DeisProxy.Core.Model;

namespace DeisProxy.Core.Planning;

/// <summary>Processes of an auto scaling group.</summary>
/// <param name="Processes">Names of the processes, in ordinal order; at least one.</param>
public sealed record AutoScalingProcesses(string Group, ValueList<string> Processes)
{
    /// <summary>Group and processes, for people.</summary>
    /// <returns>For example <c>deis-nodes: HealthCheck, ReplaceUnhealthy</c>.</returns>
    public override string ToString() => $"{Group}: {Processes}";
}

/// <summary>Suspends processes of auto scaling groups for the time of a change, or resumes them.</summary>
public sealed record AutoScalingStep(ValueList<AutoScalingProcesses> Groups, bool Suspend) : Step
{
    /// <inheritdoc/>
    public override string Id => Suspend ? "auto-scaling-suspend" : "auto-scaling-resume";

    /// <inheritdoc/>
    public override string Description => Suspend
        ? "suspend what ends nodes that look unhealthy, for the time of the change"
        : "resume what was suspended for the time of the change";

    /// <inheritdoc/>
    public override string FromText => Text(!Suspend);

    /// <inheritdoc/>
    public override string ToText => Text(Suspend);

    /// <inheritdoc/>
    public override Step Inverse() => this with { Suspend = !Suspend };

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var named = Groups.ToDictionary(g => g.Group, g => g.Processes, StringComparer.Ordinal);
        var groups = before.Surroundings.AutoScalingGroups.Select(group => !named.TryGetValue(group.Name, out var processes)
            ? group
            : group with
            {
                SuspendedProcesses = (Suspend ? group.SuspendedProcesses.Union(processes) : group.SuspendedProcesses.Except(processes))
                    .Order(StringComparer.Ordinal).ToValueList(),
            });
        return before with { Surroundings = before.Surroundings with { AutoScalingGroups = groups.ToValueList() } };
    }

    private string Text(bool suspended) => $"{string.Join("; ", Groups)} {(suspended ? "suspended" : "at work")}";
}
