using System.Diagnostics;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>A process of its own is asked to end at every change that it makes.</summary>
public sealed class SignalTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    private static readonly string[] Signals = ["TERM", "INT", "HUP"];

    public static TheoryData<string, string> CommandsOfScenes => Verdict.CommandsOfScenes;

    [Theory]
    [MemberData(nameof(CommandsOfScenes))]
    public async Task Asked_to_end_at_every_change_once_and_again(string command, string scene)
    {
        var cases = (await ToolProcess.ChangesOfAsync(command, scene))
            .SelectMany(c => Signals.Select(signal => (c.Call, c.Nth, Signal: signal)))
            .ToList();

        // With the lock given back everything is done: what comes after that must not make it look undone.
        List<(RemoteCall Call, int Nth, string Signal)> sample =
            [.. Matrix.Sample(cases.SkipLast(1), size: 4, c => $"{c.Call.Operation} {c.Signal}"), cases[^1]];
        await Matrix.MeasureAsync(output, $"{scene} {command}, signals", sample, async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command, scene);
            var (run, struck, held) = await SignalledAsync(sandbox, command, c.Call, c.Nth, c.Signal);
            return new Outcome(
                await Verdict.JudgeAsync(
                    sandbox, command, run, $"SIG{c.Signal} at {c.Call.Service} {c.Call.Operation} number {c.Nth}", interrupted: true),
                struck,
                held);
        });
    }

    private static async Task<(Run Run, bool Struck, bool Held)> SignalledAsync(
        FaultySandbox sandbox, string command, RemoteCall call, int nth, string signal)
    {
        using var process = sandbox.StartProcess(command);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await ToolProcess.ReachedAsync(
                () => sandbox.Sandbox.CallLog.Calls.Count(c => c.Service == call.Service && c.Operation == call.Operation) >= nth, process);
            var struck = !process.HasExited;
            var held = sandbox.HoldsConnections;
            await SendAsync(process, signal);

            // The impatient press again and again; and whoever shuts the machine down sends SIGTERM to all.
            foreach (var again in new[] { signal, "TERM", "INT" })
            {
                await Task.Delay(40);
                await SendAsync(process, again);
            }

            using var limit = new CancellationTokenSource(ToolProcess.Limit);
            await process.WaitForExitAsync(limit.Token);
            return (new Run(process.ExitCode, await output + await error), struck, held);
        }
        finally
        {
            ToolProcess.End(process);
        }
    }

    private static async Task SendAsync(Process process, string signal)
    {
        if (!process.HasExited)
        {
            // It may end in this moment: then there is nothing to send to.
            using var kill = Process.Start(
                new ProcessStartInfo("kill", [$"-{signal}", $"{process.Id}"]) { UseShellExecute = false, RedirectStandardError = true })!;
            await kill.WaitForExitAsync();
        }
    }
}
