using System.Diagnostics;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>A process of its own is killed at every change that it makes.</summary>
public sealed class KillTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
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
        var cases = (await ToolProcess.ChangesOfAsync(command, scene))
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
        var cases = (await ToolProcess.ChangesOfAsync(command)).Where(c => c.Call.Service != "ssh");
        await Matrix.MeasureAsync(output, $"{command}, SIGKILL with a real sshd", Matrix.Sample(cases, size: 1, c => c.Call.Operation), async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command);
            return await KilledAsync(sandbox, command, c.Call, c.Nth, FaultKind.HangAfter, () => sandbox.StartProcess(command, node));
        });
    }

    private static bool IsCritical(RemoteCall call) => Critical.Contains(call.Operation, StringComparer.Ordinal);

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
                await ToolProcess.ReachedAsync(() => sandbox.IsStruck, process);
                struck = !process.HasExited;
                held = sandbox.HoldsConnections;
                process.Kill();
                await process.WaitForExitAsync();
                text = string.Concat(await said);
            }
            finally
            {
                ToolProcess.End(process);
            }
        }

        sandbox.Sandbox.Faults.Remove(rule);
        var what = $"SIGKILL at {call.Service} {call.Operation} number {nth} ({kind})";
        return new Outcome([.. Verdict.Leaks(text, what), .. await Verdict.FinishAsync(sandbox, command, what)], struck, held);
    }
}
