using System.Diagnostics;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>A process of its own is killed, or asked to end, at every change that it makes.</summary>
public sealed class ProcessTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    private static readonly TimeSpan ProcessLimit = TimeSpan.FromSeconds(180);

    private static readonly string[] Signals = ["TERM", "INT", "HUP"];

    /// <summary>
    /// Where a port is closed, both ends do not fit, connections are held, or there is a load balancer that nobody has recorded. The other changes
    /// have no such moment.
    /// </summary>
    private static readonly string[] Critical =
    [
        "CreateLoadBalancerListeners", "DeleteLoadBalancerListeners", "SetLoadBalancerPoliciesOfListener", "SetLoadBalancerPoliciesForBackendServer",
        "say", "run", "CreateLoadBalancer", "DeleteLoadBalancer", "UpdateLoadBalancer", "compareAndDelete",
    ];

    public static TheoryData<string> Commands => Verdict.Commands;

    public static TheoryData<string, string> CommandsOfScenes => Verdict.CommandsOfScenes;

    [Theory]
    [MemberData(nameof(CommandsOfScenes))]
    public async Task Killed_at_every_change(string command, string scene)
    {
        var cases = (await ChangesOfAsync(command, scene))
            .SelectMany(c => new[] { FaultKind.Hang, FaultKind.HangAfter }.Select(kind => (c.Call, c.Nth, Kind: kind))).ToList();
        List<(RemoteCall Call, int Nth, FaultKind Kind)> sample =
        [
            .. Matrix.Sample(cases.Where(c => IsCritical(c.Call)), size: 6, c => $"{c.Call.Operation} {c.Kind}"),
            .. Matrix.Sample(cases.Where(c => !IsCritical(c.Call)), size: 1, c => $"{c.Call.Operation} {c.Kind}"),
        ];
        await Matrix.MeasureAsync(output, $"{scene} {command}, SIGKILL", sample, async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command, scene);
            return await KilledAsync(sandbox, command, c.Call, c.Nth, c.Kind, () => sandbox.StartProcess(command));
        });
    }

    /// <summary>The same for the program as it is delivered, with an ssh of the system's between.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Killed_with_a_real_sshd(string command)
    {
        await using var node = await SshServer.StartAsync();
        var cases = (await ChangesOfAsync(command)).Where(c => c.Call.Service != "ssh");
        await Matrix.MeasureAsync(output, $"{command}, SIGKILL with a real sshd", Matrix.Sample(cases, size: 1, c => c.Call.Operation), async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command);
            return await KilledAsync(sandbox, command, c.Call, c.Nth, FaultKind.HangAfter, () => sandbox.StartProcess(command, node));
        });
    }

    [Theory]
    [MemberData(nameof(CommandsOfScenes))]
    public async Task Asked_to_end_at_every_change_once_and_again(string command, string scene)
    {
        var cases = (await ChangesOfAsync(command, scene)).SelectMany(c => Signals.Select(signal => (c.Call, c.Nth, Signal: signal))).ToList();

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

    private static bool IsCritical(RemoteCall call) => Critical.Contains(call.Operation, StringComparer.Ordinal);

    /// <summary>Without a load balancer there is one change only; there it is every call to etcd.</summary>
    private static async Task<IReadOnlyList<(RemoteCall Call, int Nth)>> ChangesOfAsync(string command, string scene = "aws") =>
    [
        .. (await Verdict.CallsOfAsync(command, scene)).Where(c =>
            c.Call.IsMutating || c.Call.Operation == "start" || (scene == "none" && c.Call.Service == "etcd")),
    ];

    private static async Task<Outcome> KilledAsync(
        FaultySandbox sandbox, string command, RemoteCall call, int nth, FaultKind kind, Func<Process> start)
    {
        var rule = sandbox.Sandbox.Faults.Add(
            new FaultRule(kind) { Service = call.Service, Operation = call.Operation, Occurrence = nth, Times = 1 });
        var (struck, held, text) = (false, false, "");
        using (var process = start())
        {
            try
            {
                var said = Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
                await ReachedAsync(
                    sandbox, () => sandbox.Sandbox.CallLog.Calls.Any(c => c.Outcome.StartsWith("fault", StringComparison.Ordinal)), process);
                struck = !process.HasExited;
                held = sandbox.HoldsConnections;
                process.Kill();
                await process.WaitForExitAsync();
                text = string.Concat(await said);
            }
            finally
            {
                End(process);
            }
        }

        sandbox.Sandbox.Faults.Remove(rule);
        var what = $"SIGKILL at {call.Service} {call.Operation} number {nth} ({kind})";
        return new Outcome([.. Verdict.Leaks(text, what), .. await Verdict.FinishAsync(sandbox, command, what)], struck, held);
    }

    private static async Task<(Run Run, bool Struck, bool Held)> SignalledAsync(
        FaultySandbox sandbox, string command, RemoteCall call, int nth, string signal)
    {
        using var process = sandbox.StartProcess(command);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            await ReachedAsync(
                sandbox, () => sandbox.Sandbox.CallLog.Calls.Count(c => c.Service == call.Service && c.Operation == call.Operation) >= nth, process);
            var struck = !process.HasExited;
            var held = sandbox.HoldsConnections;
            await SendAsync(process, signal);

            // The impatient press again and again; and whoever shuts the machine down sends SIGTERM to all.
            foreach (var again in new[] { signal, "TERM", "INT" })
            {
                await Task.Delay(40);
                await SendAsync(process, again);
            }

            using var limit = new CancellationTokenSource(ProcessLimit);
            await process.WaitForExitAsync(limit.Token);
            return (new Run(process.ExitCode, await output + await error), struck, held);
        }
        finally
        {
            End(process);
        }
    }

    private static async Task ReachedAsync(FaultySandbox sandbox, Func<bool> isReached, Process process)
    {
        using var limit = new CancellationTokenSource(ProcessLimit);
        while (!process.HasExited && !isReached())
        {
            await Task.Delay(2, limit.Token);
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

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
