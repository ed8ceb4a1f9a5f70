using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Output;

namespace DeisProxy.Commands;

/// <summary>One run of a command that changes something: observe, plan, ask, apply, report.</summary>
/// <param name="host">What every command is given.</param>
/// <param name="command">Name of the command.</param>
/// <param name="connection">Which load balancer and cluster.</param>
/// <param name="output">How to print.</param>
/// <param name="change">How to change.</param>
internal sealed class ChangeRun(CommandHost host, string command, ConnectionSettings connection, OutputSettings output, ChangeSettings change)
{
    private readonly ChangeReport _report = new(host.Terminal, output, command, connection.Stack, change.DryRun);
    private int _exitCode = ExitCode.Done;

    /// <summary>Does it all.</summary>
    /// <param name="planner">Makes the plan.</param>
    /// <param name="cancellationToken">Cancelled when the person interrupts.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(Func<ClusterSnapshot, Plan> planner, CancellationToken cancellationToken)
    {
        host.Prepare(output);
        var error = await host.RunAsync(connection.Timeout, ct => WorkAsync(planner, ct, cancellationToken), cancellationToken);
        if (error is not null)
        {
            _exitCode = error is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
            _report.Error(error);
        }

        _report.End();
        return _exitCode;
    }

    private async Task WorkAsync(Func<ClusterSnapshot, Plan> planner, CancellationToken cancellationToken, CancellationToken interrupted)
    {
        await using var session = await host.OpenSession(connection, cancellationToken);
        var snapshot = await session.ObserveAsync(cancellationToken);
        var plan = planner(snapshot);
        _report.Plan(snapshot, plan, session.EnteredBy);
        if (plan.Blockers.Count > 0)
        {
            _exitCode = ExitCode.Failed;
            return;
        }

        if (plan.Steps.Count == 0)
        {
            return;
        }

        if (change.DryRun)
        {
            _exitCode = change.DetailedExitCode ? ExitCode.ChangesPending : ExitCode.Done;
            return;
        }

        if (!change.Yes && !output.Json && host.Terminal.IsInteractive && !await host.Terminal.ConfirmAsync("Carry this out?", cancellationToken))
        {
            _report.Declined();
            _exitCode = ExitCode.Failed;
            return;
        }

        var runner = new Runner(session.LoadBalancer, session.Routers, _report, host.Time);
        var result = await runner.RunAsync(snapshot, plan.Steps, cancellationToken);
        _report.Result(result);
        if (result.Error is { } error)
        {
            var cause = CommandHost.Explain(error, connection.Timeout, interrupted);
            _exitCode = result.Changed ? ExitCode.NotPutBack : cause is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
            _report.Error(cause);
        }
    }
}
