using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>Undoes what a run has changed, in reverse, and repeats what fails until its time is up.</summary>
/// <param name="runLock">What keeps other runs out; null where there are none.</param>
/// <param name="limitInAll">How long it may take in all. Neither an interrupt nor the command's time limit cuts it short.</param>
/// <param name="report">Is told of each step's number, how it ended, and when it began.</param>
internal sealed class Rollback(
    ClusterControl cluster, Journal journal, IRunLock? runLock, TimeSpan limitInAll, Action<int, StepStatus, long> report, TimeProvider time)
{
    private const string ChangedMeanwhileCode = "changed-meanwhile";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    /// <summary>What is under way when the lock's time runs out has been handled by then.</summary>
    private static readonly TimeSpan LockReserve = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan ReadInterval = TimeSpan.FromMilliseconds(200);

    private readonly long _begun = time.GetTimestamp();
    private string? _rescued;

    /// <summary>Undoes a step that may be half done and those before it. Returns why something could not be put back.</summary>
    public async Task<Exception?> RunAsync(
        RunRecord record, RunRecord? previous, IReadOnlyList<StepProgress> states, int from, ClusterSnapshot current)
    {
        using var limit = new CancellationTokenSource(limitInAll, time);
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
                report(index, StepStatus.Undone, begun);
            }
#pragma warning disable CA1031 // One step that cannot be put back must not keep the others from it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                failure ??= WithRescue(error is OperationCanceledException ? TooLong(states[index].Step, error) : error);
                report(index, StepStatus.Failed, begun);
            }
        }

        // What mends a run that was cut off is never undone: half done it is for the next run.
        foreach (var repair in Enumerable.Range(0, record.Repairs).Where(i => states[i].Status == StepStatus.Running))
        {
            report(repair, StepStatus.Failed, time.GetTimestamp());
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
                    _ = runLock is null || await runLock.EnsureHeldAsync(takeBack: false, ct);
                    await (previous is null ? journal.DropAsync(ct) : journal.WriteAsync(previous, ct));
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
                    current = await ReadWhatStaysAsync(step, current, notOurs is null, cancellationToken);
                    back = step.BackFrom(current);
                }

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
                    : throw ChangedMeanwhile(step, "as this run left it");
            }
            catch (DeisProxyException error)
                when (error.Code is not (ChangedMeanwhileCode or IRunLock.HeldByAnother) && !cancellationToken.IsCancellationRequested)
            {
                // A port may be closed now, so even what looks final is tried again until the time is up.
                try
                {
                    _rescued ??= isRead ? null : await RescueAsync(step, current, cancellationToken);
                    await Task.Delay(Pause, time, cancellationToken);
                }
                catch (OperationCanceledException)
                {
                    throw error;
                }
            }
        }
    }

    /// <summary>A read that shows a step put back may be older than what the step did: it has to stay so for as long as reads may lag.</summary>
    private async Task<ClusterSnapshot> ReadWhatStaysAsync(Step step, ClusterSnapshot current, bool isOurs, CancellationToken cancellationToken)
    {
        var lag = cluster.ReadLag - time.GetElapsedTime(_begun);
        if (lag <= TimeSpan.Zero)
        {
            return current;
        }

        try
        {
            await (isOurs ? step.ConfirmBackAsync(cluster, current, cancellationToken) : Task.CompletedTask);
        }
        catch (DeisProxyException)
        {
            // What is there shows below.
        }

        return (await Waiting.UntilAsync(
            time, lag, ReadInterval, ct => cluster.ReadAsync(current, ct), read => !step.BackFrom(read).IsDoneIn(read), cancellationToken)).Last;
    }

    /// <summary>Only while the lock is certainly this run's: later the balancer may be in somebody else's hands.</summary>
    private async Task<string?> RescueAsync(Step step, ClusterSnapshot current, CancellationToken cancellationToken)
    {
        var sure = runLock is null ? limitInAll : runLock.HeldForSure - LockReserve;
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

    /// <summary>Whether what this run has changed may be undone by it; another run may have begun since, and may even have ended.</summary>
    private async Task<DeisProxyException?> WhyNotOursAsync(RunRecord record, CancellationToken cancellationToken)
    {
        try
        {
            if (runLock is null || await runLock.EnsureHeldAsync(takeBack: true, cancellationToken))
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
            ChangedMeanwhileCode,
            found is null ? "Another run started and ended after the lock was lost." : $"Another run started after the lock was lost: {found}.",
            "Find out who is changing this cluster, then run the command again; it makes a new plan.");
    }

    private DeisProxyException TooLong(Step step, Exception error) => new(
        "rollback-too-slow",
        $"Could not put back the step {step.Id} within {limitInAll.TotalSeconds} s.",
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

    /// <summary>Somebody else has changed what a step works on.</summary>
    public static DeisProxyException ChangedMeanwhile(Step step, string what) => new(
        ChangedMeanwhileCode,
        $"The step {step.Id} found a change by somebody else: its target is no longer {what}.",
        "Find out who is changing this cluster, then run the command again; it makes a new plan.");
}
