using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>
/// Carries a plan out, step by step, whatever the steps are: writes the journal, compares with what was planned on, changes. When a step fails for
/// good or the person interrupts, it lets <see cref="Rollback"/> undo that step and the ones before it.
/// </summary>
public sealed class Runner(ClusterControl cluster, Journal journal, IProgress<StepProgress> progress, TimeProvider time)
{
    /// <summary>
    /// How long putting back may take in all. Neither an interrupt nor the command's time limit cuts it short: it is what brings
    /// the ports back.
    /// </summary>
    public TimeSpan RollbackLimit { get; init; } = cluster.RollbackLimit;

    /// <summary>What keeps other runs out; null where there are none. Every step begins by making sure of it.</summary>
    public IRunLock? Lock { get; init; }

    /// <summary>Carries the steps of a record out in their order.</summary>
    /// <param name="start">What is there, read under the lock.</param>
    public async Task<RunResult> RunAsync(
        RunRecord record, RunRecord? previous, ClusterSnapshot start, bool rollBack, CancellationToken cancellationToken)
    {
        var states = record.Steps.Select(step => new StepProgress(step, StepStatus.Planned, TimeSpan.Zero)).ToList();
        var current = start;
        var (index, end) = (0, 1);
        using var ahead = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var prepared = record.Steps.Select(_ => Task.CompletedTask).ToArray();
        try
        {
            for (; index < record.Steps.Count; index = end)
            {
                end = EndOfGroup(record, index);
                var group = record.Steps.Take(index..end).ToList();
                var begun = time.GetTimestamp();
                cancellationToken.ThrowIfCancellationRequested();

                // What cannot be prepared cannot be changed: nothing more is changed before it is told.
                await (Array.Find(prepared, task => task.IsFaulted) ?? Task.CompletedTask);
                await EnsureHeldAsync(cancellationToken);
                var now = record with { Current = end - 1 };
                await Waiting.RetryAsync(time, ct => journal.WriteAsync(now, ct), cancellationToken);
                // Each compares with what was read when the ones before it were seen.
                var open = group.Where(step => !step.IsDoneIn(current)).ToList();
                open.ForEach(step => EnsureUnchanged(step, current));
                await Task.WhenAll(prepared[index..end]);
                open.ForEach(step => Report(states, record.Steps.IndexOf(step), StepStatus.Running, begun));
                PrepareAhead([.. record.Steps], prepared, index..end, current, ahead.Token);
                current = open.Count switch
                {
                    0 => current,
                    1 => await open[0].CarryOutAsync(cluster, current, undoing: false, cancellationToken),
                    _ => await Step.CarryOutAsync(open, cluster, current, cancellationToken),
                };
                group.ForEach(step => Report(states, record.Steps.IndexOf(step), StepStatus.Done, begun));
            }

            return new RunResult(states, Error: null, RollbackError: null);
        }
#pragma warning disable CA1031 // Whatever it is: first everything is put back, then it is reported.
        catch (Exception error)
#pragma warning restore CA1031
        {
            // What is put back does not wait for what was only being prepared.
            await ahead.CancelAsync();
            if (!rollBack)
            {
                foreach (var running in Enumerable.Range(0, states.Count).Where(i => states[i].Status == StepStatus.Running))
                {
                    Report(states, running, StepStatus.Failed, time.GetTimestamp());
                }

                return new RunResult(states, error, RollbackError: null);
            }

            var rollback = new Rollback(cluster, journal, Lock, RollbackLimit, (index, status, begun) => Report(states, index, status, begun), time);
            var failure = await rollback.RunAsync(record, previous, states, Math.Min(end, states.Count) - 1, current);
            return new RunResult(states, error, failure);
        }
        finally
        {
            await Task.WhenAll(prepared).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Independent steps that stand side by side are carried out together.</summary>
    private static int EndOfGroup(RunRecord record, int index)
    {
        var end = index + 1;
        while (end < record.Steps.Count && end != record.Repairs && record.Steps[end - 1].IsIndependent && record.Steps[end].IsIndependent)
        {
            end++;
        }

        return end;
    }

    /// <summary>Begins to prepare each later step that may be prepared beside everything that comes before it.</summary>
    private void PrepareAhead(Step[] steps, Task[] prepared, Range running, ClusterSnapshot current, CancellationToken cancellationToken)
    {
        var (first, end) = (running.Start.Value, running.End.Value);
        var expected = steps[running].Aggregate(current, (state, step) => step.ApplyTo(state));
        for (var index = end; index < steps.Length; index++)
        {
            var step = steps[index];
            if (prepared[index] == Task.CompletedTask && !step.IsDoneIn(expected) && Array.TrueForAll(steps[first..index], step.MayPrepareBeside))
            {
                prepared[index] = step.PrepareAsync(cluster, expected, cancellationToken);
            }

            expected = step.ApplyTo(expected);
        }
    }

    /// <summary>Forwards a lock that is gone is not taken back: somebody may have removed it to stop this run.</summary>
    private async Task EnsureHeldAsync(CancellationToken cancellationToken)
    {
        if (Lock is not null)
        {
            await Waiting.RetryAsync(time, ct => Lock.EnsureHeldAsync(takeBack: false, ct), cancellationToken);
        }
    }

    private void Report(List<StepProgress> states, int index, StepStatus status, long begun)
    {
        states[index] = new StepProgress(states[index].Step, status, time.GetElapsedTime(begun));
        progress.Report(states[index]);
    }

    private static void EnsureUnchanged(Step step, ClusterSnapshot current)
    {
        if (!step.Inverse().IsDoneIn(current))
        {
            throw Rollback.ChangedMeanwhile(step, "as it was when planned");
        }
    }
}
