using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>What earlier runs leave for the next one: pure functions of their record and of what is there now.</summary>
public static class Recovery
{
    /// <summary>
    /// The steps that come before anything else. Whatever else was cut off shows in the balancer or in etcd and is simply planned again.
    /// </summary>
    public static ValueList<Step> Steps(RunRecord record, ClusterSnapshot current, string command) =>
        CutOff(record, command)?.Repair(current) is { } repair ? [repair] : [];

    /// <summary>
    /// The change that was cut off, turned so that it leads to where a command goes. A run that mends it carries it on in its own
    /// record, because it may be cut off, too.
    /// </summary>
    /// <returns>The change; null if there is none.</returns>
    public static Step? CutOff(RunRecord record, string command)
    {
        var step = record.Current < record.Repairs ? record.CutOff : record.Steps[record.Current];
        return command == record.Command ? step : step?.Inverse();
    }

    /// <summary>
    /// What <c>teardown</c> goes back to after a run of setup: what was known before, but for what this run changes and no earlier setup
    /// had made; of that, what is there at the start of this run.
    /// </summary>
    /// <param name="known">Record of an earlier run, or null.</param>
    public static ClusterSnapshot Original(RunRecord? known, ClusterSnapshot start, IEnumerable<Step> steps) =>
        known is null ? start : steps.Aggregate(known.Original, (state, step) => step.OriginalAfter(state, known.Made));

    /// <summary>The ports that any run of setup took for a router's.</summary>
    /// <param name="known">Record of an earlier run, or null.</param>
    public static ValueList<int> RouterPorts(RunRecord? known, ValueList<int> ports) => (known?.RouterPorts ?? []).Union(ports).Order().ToValueList();

    /// <summary>What runs of setup have made of the original state: an earlier one's, and on top of it this one's.</summary>
    /// <param name="known">Record of an earlier run, or null.</param>
    public static ClusterSnapshot Made(RunRecord? known, ClusterSnapshot start, IEnumerable<Step> steps) =>
        steps.Aggregate(known?.Made ?? start, (state, step) => step.ApplyTo(state));
}
