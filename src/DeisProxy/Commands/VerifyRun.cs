using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;
using DeisProxy.Output;
using DeisProxy.Providers;

namespace DeisProxy.Commands;

/// <summary>One run of <c>verify</c>: observe, probe, report.</summary>
internal sealed class VerifyRun(CommandHost host, ConnectionSettings connection, OutputSettings output, VerifySettings settings)
{
    private static readonly CheckStatus[] ReadingOrder = [CheckStatus.Fail, CheckStatus.Warn, CheckStatus.Pass, CheckStatus.Skip];

    private readonly long _begun = host.Time.GetTimestamp();
    private readonly CommandText _commands = new(connection.Given);
    private readonly List<CheckResult> _checks = [];
    private string? _stack = connection.Stack;

    /// <summary>Does it all.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        host.Prepare(output);
        var error = await host.RunAsync(connection.Timeout, WorkAsync, cancellationToken);
        if (error is DeisProxyException missing && CheckOf(missing) is { } failed)
        {
            _checks.Add(failed);
            error = null;
        }

        error = error is DeisProxyException known ? known.With(_commands.Complete(known.Remedy)) : error;
        for (var i = 0; i < _checks.Count; i++)
        {
            _checks[i] = _checks[i] with
            {
                Remedy = settings.Strict && _checks[i].Status == CheckStatus.Skip ? "Give what this check needs, or run without --strict."
                    : _commands.Complete(_checks[i].Remedy),
                Status = settings.Strict && _checks[i].Status is (CheckStatus.Warn or CheckStatus.Skip) ? CheckStatus.Fail : _checks[i].Status,
            };
        }

        // Also after an error: what is left of the run before would be taken for this one's.
        if (error is not OperationCanceledException)
        {
            var notWritten = await host.RunAsync(timeout: null, ct => WriteJUnitAsync(error, ct), cancellationToken);
            error ??= notWritten;
        }

        var ok = error is null && _checks.TrueForAll(c => c.Status != CheckStatus.Fail);
        Print(ok, error);
        return error is OperationCanceledException
            ? ExitCode.Interrupted
            : error is not null
            ? ExitCode.Failed
            : ok
            ? ExitCode.Done
            : ExitCode.CheckFailed;
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        host.Terminal.Activity(CommandHost.Reading);
        await using var session = await host.OpenSession(connection, cancellationToken);
        var journal = session.OpenJournal(host.Warn);
        var (cutOff, known, observed) =
            (JournalAsync(session, journal, cancellationToken), journal.ReadHistoryAsync(cancellationToken), session.ObserveAsync(cancellationToken));
        await Task.WhenAll(cutOff, known, observed);
        var (provider, snapshot) = (session.Provider, await observed);
        _stack = snapshot.Balancer?.StackName ?? _stack;
        _checks.AddRange(await cutOff);
        if (settings.Traffic is null)
        {
            _checks.AddRange([.. provider.Check(snapshot, await known, seen: null), RouterChecks.NotProbed(provider.WantedMode),
                .. VerifyTraffic.Skipped]);
            return;
        }

        host.Terminal.Activity("sending requests to the routers and through the load balancer");
        var routers = VerifyTraffic.TimedAsync(host.Time, () => RouterChecks.RunAsync(
            session.Routers, snapshot.Router, PortsWithListener(snapshot), provider.WantedMode, cancellationToken));
        var traffic = new VerifyTraffic(session.Logs, snapshot, connection.Goal.RouterPorts, provider.WantedMode, settings.Traffic, host.Time)
            .RunAsync(cancellationToken);
        await Task.WhenAll(routers, traffic);
        var (seen, checks) = await traffic;
        _checks.AddRange([.. provider.Check(snapshot, await known, seen), await routers, .. checks]);
    }

    private static async Task<IEnumerable<CheckResult>> JournalAsync(ClusterSession session, Journal journal, CancellationToken cancellationToken)
    {
        var unfinished = await journal.ReadUnfinishedAsync(cancellationToken);
        var underWay = await session.RunUnderWayAsync(cancellationToken);

        // A run closes its record before it gives the lock back: what is there now is not one that has ended between the two readings.
        return JournalCheck.Run(
            unfinished is null || underWay is not null ? unfinished : await journal.ReadUnfinishedAsync(cancellationToken), underWay);
    }

    private List<int> PortsWithListener(ClusterSnapshot snapshot) =>
        [.. connection.Goal.RouterPorts.Where(port => snapshot.Balancer is not { } balancer || balancer.ClientPorts.Any(p => p.NodePort == port))];

    /// <summary>A stack or a load balancer that is not there is what the check of that name looks for; other errors prevent checking.</summary>
    private CheckResult? CheckOf(DeisProxyException error) => error.Code switch
    {
        "stack-not-found" or "stack-deleted" => new CheckResult("stack", CheckStatus.Fail, error.Message, "a stack of that name", error.Remedy),
        "load-balancer-not-found" or "load-balancer-ambiguous" or "load-balancer-not-classic" or "load-balancer-gone" =>
            new CheckResult(
                "load-balancer",
                CheckStatus.Fail,
                error.Message,
                connection.Provider == AwsProvider.ProviderName ? "one classic load balancer in the stack" : "one load balancer of that name or id",
                error.Remedy),
        _ => null,
    };

    private async Task WriteJUnitAsync(Exception? error, CancellationToken cancellationToken)
    {
        if (settings.JUnitFile is not { } file)
        {
            return;
        }

        var duration = host.Time.GetElapsedTime(_begun);
        var report = JUnitReport.Write(_stack ?? connection.Provider, _checks, error, host.Time.GetUtcNow() - duration, duration);
        try
        {
            await File.WriteAllTextAsync(file, report, cancellationToken);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new DeisProxyException(
                "report-not-written",
                $"Could not write the report: {refused.Message}",
                "Use --junit with a file in a writable folder.",
                refused);
        }
    }

    private void Print(bool ok, Exception? error)
    {
        if (output.Json)
        {
            var document = new VerifyDocument(
                "verify", _stack, connection.Provider, ok, [.. _checks.Select(CheckDocument.Of)], error is null ? null : ErrorDocument.Of(error));
            host.Terminal.WriteDocument(document);
        }
        else
        {
            PrintChecks();
            if (error is null && !(ok && output.Quiet))
            {
                host.Terminal.Result((ok ? "Verified" : "Not verified", ok ? Tone.Good : Tone.Bad), ($": {Counts()}.{NotTried()}", Tone.Plain));
            }
        }

        if (error is not null)
        {
            ErrorText.Print(host.Terminal, error, output.Verbose);
        }

        host.Terminal.Job?.Summarize(
            $"deis-proxy verify: {(error is not null ? error.Message : $"{(ok ? "verified" : "not verified")}, {Counts()}")}",
            ["check", "status", "seen", "remedy"],
            _checks.Select(check => (string[])[check.Id, $"{check.Status}".ToLowerInvariant(), check.Seen, check.Remedy]));
    }

    private void PrintChecks()
    {
        // What needs attention comes first, and what several of them ask for is said once, below all.
        var shared = _checks.Where(IsWrong).ToLookup(c => c.Remedy, c => c.Id, StringComparer.Ordinal)
            .Where(g => g.Count() > 1 && g.Key.Length > 0).ToList();
        foreach (var check in _checks.OrderBy(c => Array.IndexOf(ReadingOrder, c.Status)).Where(c => !output.Quiet || IsWrong(c)))
        {
            Print(check, shared.TrueForAll(g => g.Key != check.Remedy));
        }

        foreach (var remedy in shared)
        {
            host.Terminal.Result(($"For {string.Join(", ", remedy)}: ", Tone.Plain), (remedy.Key, Tone.Plain));
        }
    }

    private static bool IsWrong(CheckResult check) => check.Status is CheckStatus.Fail or CheckStatus.Warn;

    private string Counts() => string.Join(", ", _checks.GroupBy(c => c.Status).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key switch
    {
        CheckStatus.Pass => "passed",
        CheckStatus.Fail => "failed",
        CheckStatus.Warn => "with a warning",
        CheckStatus.Skip => "skipped",
        _ => throw new InvalidOperationException($"{g.Key} is no status."),
    }}"));

    private string NotTried() => _checks.Where(c => c.Status == CheckStatus.Skip).Select(c => c.Id).ToList() is { Count: > 0 } skipped
        ? $" Not tried: {string.Join(", ", skipped)}."
        : "";

    private void Print(CheckResult check, bool withRemedy)
    {
        var (mark, tone) = check.Status switch
        {
            CheckStatus.Pass => ("✓ pass", Tone.Good),
            CheckStatus.Fail => ("✗ fail", Tone.Bad),
            CheckStatus.Warn => ("! warn", Tone.Warning),
            CheckStatus.Skip => ("- skip", Tone.Dim),
            _ => throw new InvalidOperationException($"{check.Status} is no status."),
        };
        host.Terminal.Result((mark, tone), ($"  {check.Id,-16}", Tone.Bold), ($"  {check.Seen}", Tone.Plain));
        if (IsWrong(check))
        {
            host.Terminal.Result(($"          expected: {check.Expected}", Tone.Plain));
            if (withRemedy)
            {
                host.Terminal.Result(($"          {check.Remedy}", Tone.Plain));
            }
        }
    }
}
