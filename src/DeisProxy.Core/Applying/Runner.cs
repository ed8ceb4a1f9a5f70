using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>
/// Carries a plan out, step by step, whatever the steps are: writes the journal, compares with what was planned on, changes. When a step fails for
/// good or the person interrupts, it undoes that step and the ones before it, in reverse.
/// </summary>
public sealed class Runner(ClusterControl cluster, Journal journal, IProgress<StepProgress> progress, TimeProvider time)
{
    private const string ForeignChange = "changed-meanwhile";

    private static readonly TimeSpan RollbackPause = TimeSpan.FromMilliseconds(500);

    /// <summary>What is under way when the lock's time runs out has been handled by then.</summary>
    private static readonly TimeSpan LockReserve = TimeSpan.FromSeconds(5);

    private string? _rescued;

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
                await EnsureHeldAsync(cancellationToken);
                await journal.WriteAsync(record with { Current = end - 1 }, cancellationToken);
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

            return new RunResult(states, error, await RollBackAsync(record, previous, states, Math.Min(end, states.Count) - 1, current));
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

    /// <summary>Undoes a step that may be half done and those before it. Returns why something could not be put back.</summary>
    private async Task<Exception?> RollBackAsync(RunRecord record, RunRecord? previous, List<StepProgress> states, int from, ClusterSnapshot current)
    {
        using var limit = new CancellationTokenSource(RollbackLimit, time);
        Exception? failure = null;
        for (var index = from; index >= record.Repairs; index--)
        {
            if (states[index].Status == StepStatus.Planned)
            {
                continue;
            }

            var begun = time.GetTimestamp();
            try
            {
                current = await UndoAsync(record with { Current = index, Undoing = true }, current, limit.Token);
                Report(states, index, StepStatus.Undone, begun);
            }
#pragma warning disable CA1031 // One step that cannot be put back must not keep the others from it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure ??= WithRescue(error is OperationCanceledException ? TooLong(states[index].Step, error) : error);
                Report(states, index, StepStatus.Failed, begun);
            }
        }

        if (failure is null)
        {
            await CloseAsync(previous, limit.Token);
        }

        return failure;
    }

    /// <summary>Everything is as before this run. What an earlier one knows is not lost with it.</summary>
    private async Task CloseAsync(RunRecord? previous, CancellationToken cancellationToken)
    {
        try
        {
            await Waiting.RetryAsync(
                time,
                async ct =>
                {
                    // Whoever holds the lock by now has a record of his own there.
                    await EnsureHeldAsync(ct);
                    await (previous is null ? journal.DropAsync(ct) : journal.WriteAsync(previous, ct));
                    return true;
                },
                cancellationToken);
        }
        catch (Exception error) when (error is DeisProxyException or OperationCanceledException)
        {
            // The record of this run stays: the next one looks at it, and finds nothing to mend.
        }
    }

    private async Task<ClusterSnapshot> UndoAsync(RunRecord record, ClusterSnapshot current, CancellationToken cancellationToken)
    {
        var step = record.Steps[record.Current];
        _rescued = null;
        while (true)
        {
            var isRead = false;
            try
            {
                await step.SecureAsync(cluster, cancellationToken);
                var notOurs = await WhyNotOursAsync(record, cancellationToken);
                if (notOurs is null)
                {
                    await WriteIfPossibleAsync(record, cancellationToken);
                }

                current = await cluster.ReadAsync(current, cancellationToken);
                isRead = true;
                var back = step.BackFrom(current);
                if (back.IsDoneIn(current))
                {
                    return current;
                }

                if (notOurs is not null)
                {
                    throw notOurs;
                }

                return step.IsOurs(current)
                    ? await back.CarryOutAsync(cluster, current, undoing: true, cancellationToken)
                    : throw Foreign(step, "as this run left it");
            }
            catch (DeisProxyException error)
                when (error.Code is not (ForeignChange or IRunLock.HeldByAnother) && !cancellationToken.IsCancellationRequested)
            {
                // A port may be closed now, so even what looks final is tried again until the time is up.
                try
                {
                    _rescued ??= isRead ? null : await RescueAsync(step, current, cancellationToken);
                    await Task.Delay(RollbackPause, time, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    throw error;
                }
            }
        }
    }

    /// <summary>Only while the lock is certainly this run's: later the balancer may be in somebody else's hands.</summary>
    private async Task<string?> RescueAsync(Step step, ClusterSnapshot current, CancellationToken cancellationToken)
    {
        var sure = Lock is null ? RollbackLimit : Lock.HeldForSure - LockReserve;
        if (sure <= TimeSpan.Zero)
        {
            return null;
        }

        using var timer = new CancellationTokenSource(sure, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            return await step.RescueAsync(cluster, current, limit.Token);
        }
        catch (Exception error) when (error is DeisProxyException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // What keeps the step from being put back is reported.
            return null;
        }
    }

    private Exception WithRescue(Exception error) => _rescued is null || error is not DeisProxyException known
        ? error
        : new DeisProxyException(known.Code, $"{known.Message} {_rescued}", known.Remedy, known);

    /// <summary>Forwards a lock that is gone is not taken back: somebody may have removed it to stop this run.</summary>
    private async Task EnsureHeldAsync(CancellationToken cancellationToken)
    {
        if (Lock is not null)
        {
            await Waiting.RetryAsync(time, ct => Lock.EnsureHeldAsync(takeBack: false, ct), cancellationToken);
        }
    }

    /// <summary>Whether what this run has changed may be undone by it; another run may have begun since, and may even have ended.</summary>
    private async Task<DeisProxyException?> WhyNotOursAsync(RunRecord record, CancellationToken cancellationToken)
    {
        try
        {
            if (Lock is null || await Lock.EnsureHeldAsync(takeBack: true, cancellationToken))
            {
                return null;
            }
        }
        catch (DeisProxyException error) when (error.Code == IRunLock.HeldByAnother)
        {
            return error;
        }

        // It was lost for a while. Had nobody else been here, the journal would still name this run.
        var found = await journal.ReadUnfinishedAsync(cancellationToken);
        return found is not null && found.StartedAt == record.StartedAt && found.Holder == record.Holder ? null : new DeisProxyException(
            ForeignChange,
            found is null ? "Another run started and ended after the lock was lost." : $"Another run started after the lock was lost: {found}.",
            "Find out who is changing this cluster, then run the command again; it makes a new plan.");
    }

    private DeisProxyException TooLong(Step step, Exception error) => new(
        "rollback-too-slow",
        $"Could not put back the step {step.Id} within {RollbackLimit.TotalSeconds} s.",
        "Check why the load balancer's API or the cluster does not answer; the journal has what was there before.",
        error);

    private async Task WriteIfPossibleAsync(RunRecord record, CancellationToken cancellationToken)
    {
        try
        {
            await journal.WriteAsync(record, cancellationToken);
        }
        catch (DeisProxyException)
        {
            // The record that is there names this run's steps already; bringing a port back does not wait for a better one.
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
            throw Foreign(step, "as it was when planned");
        }
    }

    private static DeisProxyException Foreign(Step step, string what) => new(
        ForeignChange,
        $"The step {step.Id} found a change by somebody else: its target is no longer {what}.",
        "Find out who is changing this cluster, then run the command again; it makes a new plan.");
}
