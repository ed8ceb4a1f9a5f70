using DeisProxy.Cluster.Etcd;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Output;
using DeisProxy.Providers;

namespace DeisProxy.Commands;

/// <summary>Makes the plan of a command.</summary>
/// <param name="known">What the journal knows of the last setup; null if it knows nothing.</param>
internal delegate Plan MakePlan(IProvider provider, ClusterSnapshot current, RunRecord? known);

/// <summary>One run of a command that changes something: observe, plan, ask, apply, report.</summary>
internal sealed class ChangeRun(CommandHost host, string command, ConnectionSettings connection, OutputSettings output, ChangeSettings change)
{
    /// <summary>Limit for the whole command where none is given; every wait in it has its own, much shorter one.</summary>
    private static readonly TimeSpan UsualLimit = TimeSpan.FromMinutes(30);

    /// <summary>How often closing the journal is tried: if it stays open, the next verify takes this run for one that was cut off.</summary>
    private const int CloseAttempts = 3;

    private static readonly TimeSpan ClosePause = TimeSpan.FromMilliseconds(500);

    private readonly ChangeReport _report = new(host.Terminal, output, command, connection, change)
    {
        HidesPlan = output.Quiet && !change.DryRun && (change.Yes || !host.Terminal.HasPerson),
    };
    private int _exitCode = ExitCode.Done;

    /// <summary>Does it all.</summary>
    public async Task<int> RunAsync(MakePlan planner, CancellationToken cancellationToken)
    {
        host.Prepare(output);
        var error = await host.RunAsync(connection.Timeout ?? UsualLimit, ct => WorkAsync(planner, ct, cancellationToken), cancellationToken);
        if (error is not null)
        {
            _exitCode = error is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
            _report.Error(error);
        }

        _report.End();
        return _exitCode;
    }

    private async Task WorkAsync(MakePlan planner, CancellationToken cancellationToken, CancellationToken interrupted)
    {
        host.Terminal.Activity(CommandHost.Reading);
        await using var session = await host.OpenSession(connection, cancellationToken);
        var journal = session.OpenJournal(host.Warn);
        var prepared = await PrepareAsync(session, journal, planner, cancellationToken);
        var underWay = await session.RunUnderWayAsync(cancellationToken);
        _report.Plan(prepared.Snapshot, prepared.Plan, prepared.Unfinished, underWay, session.EnteredBy);
        if (prepared.IsBlocked)
        {
            _exitCode = ExitCode.Failed;
        }

        if (prepared.IsBlocked && (change.DryRun || prepared.Plan.Steps.Count == 0))
        {
            return;
        }

        if (change.DryRun)
        {
            _exitCode = change.DetailedExitCode && prepared.Plan.Steps.Count > 0 ? ExitCode.ChangesPending : ExitCode.Done;
        }
        else if (prepared.Plan.Steps.Count > 0 || prepared.Unfinished is not null)
        {
            if (prepared.Plan.Steps.Count > 0 && !await ConfirmedAsync(prepared, cancellationToken))
            {
                _report.Declined();
                _exitCode = ExitCode.Failed;
                return;
            }

            await ApplyAsync(session, journal, planner, prepared, cancellationToken, interrupted);
        }
    }

    /// <summary>Observes and plans. What a run that was cut off has left half done comes first.</summary>
    private async Task<Prepared> PrepareAsync(ClusterSession session, Journal journal, MakePlan planner, CancellationToken cancellationToken)
    {
        var unfinished = await journal.ReadUnfinishedAsync(cancellationToken);
        var known = unfinished ?? await journal.ReadHistoryAsync(cancellationToken);
        var snapshot = await session.ObserveAsync(cancellationToken);
        var repairs = unfinished is null ? [] : Recovery.Steps(unfinished, snapshot, command);
        var plan = planner(session.Provider, repairs.Aggregate(snapshot, (state, step) => step.ApplyTo(state)), known);

        // What setup replaces becomes what teardown goes back to; teardown itself goes on to where it was going, however often it is cut off.
        var (original, made) = command == SetupCommand.CommandName
            ? (Recovery.Original(known, snapshot, plan.Steps), Recovery.Made(known, snapshot, plan.Steps))
            : (known?.Original ?? plan.Steps.Aggregate(snapshot, (state, step) => step.ApplyTo(state)), known?.Made ?? snapshot);
        return new Prepared
        {
            Snapshot = snapshot,

            // Whatever stands against the rest: a port that a killed run has left closed is opened.
            Plan = plan with { Steps = plan.Blockers.Count > 0 ? repairs : [.. repairs, .. plan.Steps] },
            Repairs = repairs.Count,
            Unfinished = unfinished,
            Original = original,
            Made = made,
            RouterPorts = command == SetupCommand.CommandName
                ? Recovery.RouterPorts(known, connection.Goal.RouterPorts)
                : known?.RouterPorts ?? connection.Goal.RouterPorts,
        };
    }

    private async Task ApplyAsync(
        ClusterSession session, Journal journal, MakePlan planner, Prepared shown, CancellationToken cancellationToken, CancellationToken interrupted)
    {
        host.Terminal.Activity("taking the lock and reading everything again");
        await using var held = await session.LockAsync(command, host.Warn, cancellationToken);
        var prepared = await PrepareAsync(session, journal, planner, cancellationToken);
        if (!prepared.Plan.Steps.Equals(shown.Plan.Steps) || prepared.IsBlocked != shown.IsBlocked)
        {
            throw new DeisProxyException(
                "changed-meanwhile",
                "The configuration has changed since the plan was made.",
                "Run the command again; it makes a new plan.");
        }

        if (prepared.Plan.Steps.Count == 0)
        {
            // Null: the run that was under way a moment ago has ended, and has closed its record itself.
            if (prepared.Unfinished is { } unfinished)
            {
                await CloseAsync(held, journal, unfinished, cutOff: null);
            }

            return;
        }

        var record = new RunRecord
        {
            Command = command,
            Holder = ClusterSession.Holder,
            StartedAt = host.Time.GetUtcNow(),
            Original = prepared.Original,
            Made = prepared.Made,
            RouterPorts = prepared.RouterPorts,
            Steps = prepared.Plan.Steps,
            Repairs = prepared.Repairs,
            CutOff = prepared.Unfinished is null ? null : Recovery.CutOff(prepared.Unfinished, command),
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, held.Lost);
        var control = session.Provider.Control(session);
        control.Activity = host.Terminal.Activity;
        var runner = new Runner(control, journal, _report, host.Time) { RollbackLimit = host.RollbackLimit ?? control.RollbackLimit, Lock = held };
        await using var interruption = interrupted.Register(() => _report.Interrupted(change.RollBack));
        var result = await runner.RunAsync(record, prepared.Unfinished, prepared.Snapshot, change.RollBack, stop.Token);
        await interruption.DisposeAsync();
        if (result.Error is null)
        {
            await CloseAsync(held, journal, record, prepared.IsBlocked ? prepared.Unfinished : null);
        }

        _report.Result(result, control.FlipReport);
        if (result.Error is { } error)
        {
            var cause = held.Lost.IsCancellationRequested && error is OperationCanceledException
                ? LockLost(error, result.RollbackError)
                : CommandHost.Explain(error, connection.Timeout ?? UsualLimit, interrupted);
            _exitCode = result.Changed ? ExitCode.NotPutBack : cause is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
            _report.Error(cause, result.RollbackError);
        }
    }

    private static DeisProxyException LockLost(Exception error, Exception? rollbackError) => new(
        "lock-lost",
        "The lock in etcd was lost while the run was under way."
            + $"{(rollbackError is DeisProxyException { Code: IRunLock.HeldByAnother } held ? $" {held.Message}" : "")}",
        "Check who holds it (/deis-proxy/lock in etcd), then run the command again.",
        error);

    /// <summary>Ends the run in the journal. What it has changed is in effect whether that succeeds or not, so it is not cancelled.</summary>
    private async Task CloseAsync(RunLock held, Journal journal, RunRecord record, RunRecord? cutOff)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await held.EnsureHeldAsync(takeBack: false, CancellationToken.None);

                // Of a run that was cut off only its ports were opened; the rest of it is still to be finished or put back. After a setup the journal
                // knows what teardown goes back to; after a teardown there is nothing to go back to.
                await (cutOff is not null
                    ? journal.WriteAsync(cutOff, CancellationToken.None)
                    : journal.CloseAsync(command == SetupCommand.CommandName ? record : null, CancellationToken.None));
                return;
            }
            catch (DeisProxyException error) when (error.IsTransient && attempt < CloseAttempts)
            {
                await Task.Delay(ClosePause, host.Time, CancellationToken.None);
            }
            catch (DeisProxyException error)
            {
                host.Warn($"Could not close the journal ({error.Message}); the next run will close it.");
                return;
            }
        }
    }

    private async Task<bool> ConfirmedAsync(Prepared prepared, CancellationToken cancellationToken) =>
        change.Yes || !host.Terminal.HasPerson
        || await host.Terminal.ConfirmAsync($"Apply these changes ({string.Join(", ", prepared.Plan.Steps.Select(s => s.Id))})?", cancellationToken);

    private sealed record Prepared
    {
        public required ClusterSnapshot Snapshot { get; init; }

        public required Plan Plan { get; init; }

        public required int Repairs { get; init; }

        public required RunRecord? Unfinished { get; init; }

        public required ClusterSnapshot Original { get; init; }

        public required ClusterSnapshot Made { get; init; }

        public required ValueList<int> RouterPorts { get; init; }

        public bool IsBlocked => Plan.Blockers.Count > 0;
    }
}
