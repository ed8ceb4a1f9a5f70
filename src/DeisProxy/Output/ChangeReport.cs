using DeisProxy.Commands;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Output;

/// <summary>What a changing command prints: text as it goes, or one JSON document at the end.</summary>
internal sealed class ChangeReport(Terminal terminal, OutputSettings output, string command, ConnectionSettings connection, ChangeSettings change)
    : IProgress<StepProgress>
{
    private readonly CommandText _commands = new(connection.Given);
    private string? _stack = connection.Stack;
    private LoadBalancerDocument? _loadBalancer;
    private IReadOnlyList<StepProgress> _steps = [];
    private IReadOnlyList<Notice> _warnings = [];
    private ErrorDocument? _error;
    private bool _changed;
    private FlipReport? _flip;

    /// <summary>Whether the plan is left out: nobody is asked about it, and few words are wanted.</summary>
    public bool HidesPlan { get; init; }

    /// <summary>Shows what is there and what will be done.</summary>
    public void Plan(ClusterSnapshot snapshot, Plan plan, RunRecord? unfinished, string? underWay, string enteredBy)
    {
        terminal.Activity(null);
        plan = plan with { Warnings = Complete(plan.Warnings), Blockers = Complete(plan.Blockers) };
        _stack = snapshot.Balancer?.StackName ?? _stack;
        _loadBalancer = snapshot.Balancer is { } balancer ? new LoadBalancerDocument(balancer.BalancerName, balancer.Address) : null;
        _steps = [.. plan.Steps.Select(step => new StepProgress(step, StepStatus.Planned, TimeSpan.Zero))];
        _warnings = plan.Warnings;
        if (underWay is not null)
        {
            _warnings = [UnderWay(underWay, unfinished), .. _warnings];
        }
        else if (unfinished is not null)
        {
            _warnings = [Unfinished(unfinished), .. _warnings];
        }

        if (plan.Blockers.Count > 0)
        {
            var first = plan.Blockers[0];
            _error = new ErrorDocument(
                first.Id, string.Join(" ", plan.Blockers.Select(b => b.Message)), string.Join(" ", plan.Blockers.Select(b => b.Remedy)));
        }

        if (!output.Json)
        {
            PrintPlan(snapshot, plan, enteredBy);
        }

        foreach (var blocker in plan.Blockers)
        {
            terminal.Error(blocker.Message, blocker.Remedy, blocker.Id);
        }
    }

    /// <inheritdoc/>
    public void Report(StepProgress value)
    {
        if (output.Quiet)
        {
            return;
        }

        terminal.Activity(value.Status == StepStatus.Running ? $"{value.Step.Id}: {value.Step.Description}" : null);
        var milliseconds = $"  {value.Duration.TotalMilliseconds:F0} ms";
        switch (value.Status)
        {
            case StepStatus.Running when output.Verbose:
                terminal.Message(("… ", Tone.Dim), ($"{value.Step.Id}: {value.Step.Description}", Tone.Dim));
                break;
            case StepStatus.Done:
                terminal.Message(("✓ ", Tone.Good), (value.Step.Id, Tone.Bold), (milliseconds, Tone.Dim), ($"  {value.Step.ToText}", Tone.Plain));
                break;
            case StepStatus.Undone:
                terminal.Message(
                    ("↩ ", Tone.Warning), (value.Step.Id, Tone.Bold), (milliseconds, Tone.Dim), ($"  {value.Step.FromText}", Tone.Plain));
                break;
            case StepStatus.Failed:
                terminal.Message(("✗ ", Tone.Bad), (value.Step.Id, Tone.Bold), (milliseconds, Tone.Dim));
                break;
            case StepStatus.Planned:
            case StepStatus.Running:
            default:
                break;
        }
    }

    /// <summary>Takes note of what came of the run.</summary>
    /// <param name="flip">How both ends were switched; null if they were not.</param>
    public void Result(RunResult result, FlipReport? flip)
    {
        _steps = result.Steps;
        _flip = flip;
        _changed = result.Changed;
        if (!output.Json && result.Error is null)
        {
            if (flip is not null)
            {
                terminal.Result(TextOf(flip));
            }

            terminal.Result(
                ("Done. ", Tone.Good),
                ($"{result.Steps.Count} change{(result.Steps.Count == 1 ? "" : "s")} in {result.Steps.Sum(s => s.Duration.TotalSeconds):F1} "
                    + $"s.{(command == SetupCommand.CommandName ? $" Check it with real traffic: {_commands.Of("verify")}" : "")}", Tone.Plain));
        }
    }

    /// <summary>Answers an interrupt at once; what has to be done first takes seconds.</summary>
    public void Interrupted(bool rollBack) =>
        terminal.Message(rollBack ? "Interrupted; putting everything back…" : "Interrupted; stopping…", Tone.Warning);

    /// <summary>Says that the person did not want it.</summary>
    public void Declined()
    {
        _error = new ErrorDocument("declined", "The changes were not confirmed.", "Run it again and answer y, or use --yes.");
        terminal.Message("Nothing was changed.");
    }

    /// <summary>Shows why the command ends early, and what is left.</summary>
    /// <param name="rollbackError">Why something could not be put back; null if it was.</param>
    public void Error(Exception error, Exception? rollbackError = null)
    {
        error = error is DeisProxyException known ? known.With(_commands.Complete(known.Remedy)) : error;
        _error = ErrorDocument.Of(error);
        ErrorText.Print(terminal, error, output.Verbose);
        if (rollbackError is not null)
        {
            terminal.Message(("Could not put everything back:", Tone.Bad));
            ErrorText.Print(terminal, rollbackError, output.Verbose);
        }

        var left = _steps.Where(s => s.Status is StepStatus.Done or StepStatus.Failed).ToList();
        if (left.Count == 0)
        {
            terminal.Message(_steps.Any(s => s.Status == StepStatus.Undone) ? "Everything was put back." : "Nothing was changed.");
            return;
        }

        foreach (var step in left)
        {
            terminal.Message(
                (step.Status == StepStatus.Done ? "  is done and stays: " : "  may be half done:   ", Tone.Warning),
                ($"{step.Step.Id}, {step.Step.FromText} → {step.Step.ToText}", Tone.Plain));
        }

        terminal.Message($"To finish it, run again: {_commands.Of(command, change.Goals)}");
        if (command == SetupCommand.CommandName)
        {
            terminal.Message($"To go back: {_commands.Of("teardown")}");
        }
    }

    /// <summary>Ends the output; writes the document if one is wanted.</summary>
    public void End()
    {
        if (output.Json)
        {
            var document = new ChangeDocument(
                command, _stack, connection.Provider, _loadBalancer, change.DryRun, _changed, [.. _steps.Select(StepDocument.Of)],
                [.. _warnings.Select(NoticeDocument.Of)],
                _flip?.Manner, _flip?.Why, (long?)_flip?.Outage?.TotalMilliseconds, (long?)_flip?.Held.TotalMilliseconds,
                _flip?.Machines, (long?)_flip?.Apart?.TotalMilliseconds, _flip?.Requests, _flip?.Failed, (long?)_flip?.LongestWait?.TotalMilliseconds,
                _error);
            terminal.WriteDocument(document);
        }

        var outcome = _error is { } error ? error.Message : _steps.Count == 0 ? "nothing to do" : change.DryRun ? "changes are pending" : "done";
        terminal.Job?.Summarize(
            $"deis-proxy {command}{(change.DryRun ? " --dry-run" : "")}: {outcome}",
            ["step", "from", "to", "status"],
            _steps.Select(step => (string[])[step.Step.Id, step.Step.FromText, step.Step.ToText, $"{step.Status}".ToLowerInvariant()]));
    }

    /// <summary>In which order both ends were switched, why not in a better one, and what traffic had of it.</summary>
    private static string TextOf(FlipReport flip)
    {
        var manner = flip.Manner switch
        {
            FlipManner.HeldByContent =>
                $"Switched the load balancer first, then the routers; connections that did not fit waited at the nodes for "
                    + $"{flip.Held.TotalMilliseconds:F0} ms in all.",
            FlipManner.Held =>
                $"Switched the load balancer first, then every router at once, with new connections held for {flip.Held.TotalMilliseconds:F0} ms.",
            FlipManner.Watched => "Switched the load balancer first, then every router at once.",
            FlipManner.RoutersFirst => "Routers switched in their own time, the load balancer when half of them had switched.",
            _ => "Switched the load balancer and the routers at the same time.",
        };
        var machines =
            flip is { Machines: > 1 and var count, Apart: { } apart } ? $" Its {count} machines switched {apart.TotalMilliseconds:F0} ms apart." : "";
        var requests = flip switch
        {
            { Requests: null or 0 } => " Could not measure whether requests failed.",
            { Failed: 0 } => $" None of our {flip.Requests} requests failed; the longest waited {flip.LongestWait?.TotalMilliseconds:F0} ms.",
            _ => $" {flip.Failed} of our {flip.Requests} requests failed, over {flip.Outage?.TotalMilliseconds:F0} ms; "
                + $"the longest of the others waited {flip.LongestWait?.TotalMilliseconds:F0} ms.",
        };
        return $"{manner}{machines}{requests}{(flip.Why is null ? "" : $" ({char.ToUpperInvariant(flip.Why[0])}{flip.Why[1..].TrimEnd('.')}.)")}";
    }

    private static Notice UnderWay(string holder, RunRecord? run) => new(
        "run-under-way",
        $"A run is under way: {holder}{(run is null ? "" : $", {(run.Undoing ? "undoing" : "at")} step {run.Steps[run.Current].Id}")}.",
        "Wait until it ends; no other run can start before, and this plan may change.");

    private static Notice Unfinished(RunRecord run) => new(
        "unfinished-run",
        $"An earlier run was cut off: {run}.",
        "This run first cleans up what that one left unfinished.");

    private ValueList<Notice> Complete(ValueList<Notice> notices) =>
        notices.Select(n => n with { Message = _commands.Complete(n.Message), Remedy = _commands.Complete(n.Remedy) }).ToValueList();

    private void PrintPlan(ClusterSnapshot snapshot, Plan plan, string enteredBy)
    {
        if (!output.Quiet)
        {
            foreach (var (label, text) in snapshot.Balancer?.Summary ?? [])
            {
                terminal.Result(($"{label,-14}", Tone.Dim), (text, Tone.Plain));
            }

            terminal.Result(
                ("Routers       ", Tone.Dim),
                ($"{snapshot.Router.LiveRouters.Count} live, release {snapshot.Router.Version?.ToString() ?? "unknown"}, read through {enteredBy}",
                    Tone.Plain));
        }

        foreach (var warning in _warnings)
        {
            terminal.Warning(warning.Message, warning.Remedy, warning.Id);
        }

        if (plan.Steps.Count == 0 && plan.Blockers.Count == 0)
        {
            var why = plan.NothingToDo ?? (command == SetupCommand.CommandName ? "everything is as it should be." : "setup is not in effect.");
            terminal.Result(("Nothing to do: ", Tone.Good), (_commands.Complete(why), Tone.Plain));
            return;
        }

        if (plan.Steps.Count == 0 || HidesPlan)
        {
            return;
        }

        PrintPaths(snapshot, plan);
        terminal.Result(change.DryRun ? "Plan (nothing is changed):" : "Plan:", Tone.Bold);
        if (!output.Verbose
            && terminal.ResultTable(["  STEP", "FROM", "TO"], [.. plan.Steps.Select(s => (string[])[$"  {s.Id}", s.FromText, s.ToText])]))
        {
            return;
        }

        foreach (var step in plan.Steps)
        {
            terminal.Result(("  ", Tone.Plain), (step.Id, Tone.Bold), ($"  {step.Description}", Tone.Plain));
            terminal.Result(($"      {step.FromText}", Tone.Plain));
            terminal.Result(("    → ", Tone.Good), (step.ToText, Tone.Plain));
        }
    }

    /// <summary>The path of a request for each port that leads to routers, where it changes.</summary>
    private void PrintPaths(ClusterSnapshot before, Plan plan)
    {
        var after = plan.Steps.Aggregate(before, (state, step) => step.ApplyTo(state));
        var (was, becomes) = (Paths(before), Paths(after));
        if (was.SequenceEqual(becomes))
        {
            return;
        }

        terminal.Result("Path of a request:", Tone.Bold);
        foreach (var port in was.Keys.Union(becomes.Keys).Order())
        {
            terminal.Result(($"  port {port,-6}", Tone.Bold), (was.GetValueOrDefault(port, "closed"), Tone.Plain));
            if (was.GetValueOrDefault(port) != becomes.GetValueOrDefault(port))
            {
                terminal.Result(("       then  ", Tone.Good), (becomes.GetValueOrDefault(port, "closed"), Tone.Plain));
            }
        }
    }

    private static Dictionary<int, string> Paths(ClusterSnapshot state)
    {
        var demands = state.Router.Demands(state.Router.ProxyProtocol);
        return (state.Balancer?.ClientPorts ?? []).Where(port => port.NodePort != DeisPort.Builder).DistinctBy(port => port.Port).ToDictionary(
            port => port.Port,
            port => $"client → {port.Protocol} → {(port.SendsProxyLine ? "PROXY line → " : "")}router port {port.NodePort} → application"
                + (port.SendsProxyLine == demands ? "" : " (fails: only one end has the PROXY protocol on)"));
    }
}
