using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>Every remote call of a run × every fault, and an interrupt at every call.</summary>
public sealed class FaultMatrixTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    private static readonly FaultKind[] AwsFaults =
    [
        FaultKind.Throttled, FaultKind.ServerError, FaultKind.CloseBefore, FaultKind.CloseAfter, FaultKind.CutAnswer, FaultKind.Hang,
        FaultKind.AccessDenied, FaultKind.ExpiredCredentials, FaultKind.ServiceError,
    ];

    private static readonly FaultKind[] EtcdFaults =
        [FaultKind.ServerError, FaultKind.CloseBefore, FaultKind.CloseAfter, FaultKind.CutAnswer, FaultKind.Hang];

    /// <summary>What only a write meets.</summary>
    private static readonly FaultKind[] EtcdWriteFaults = [.. EtcdFaults, FaultKind.NoLeader, FaultKind.StorageFull];

    /// <summary>The system's ssh finds out by itself that a node does not answer any more; what is said in a session has its own limit.</summary>
    private static readonly FaultKind[] SshFaults = [FaultKind.CloseBefore, FaultKind.CloseAfter, FaultKind.CutAnswer];

    private static readonly FaultKind[] SessionFaults = [.. SshFaults, FaultKind.Hang, FaultKind.HangAfter];

    public static TheoryData<string, string> Commands => Verdict.CommandsOfScenes;

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_call_fails_once_in_every_way(string command, string scene)
    {
        var cases = (await Verdict.CallsOfAsync(command, scene)).SelectMany(c => FaultsOf(c.Call).Select(kind => (c.Call, c.Nth, Kind: kind)))
            .ToList();
        List<(RemoteCall Call, int Nth, FaultKind Kind)> sample =
        [
            .. Matrix.Sample(cases.Where(c => c.Call.IsMutating), size: 14, GroupOf),
            .. Matrix.Sample(cases.Where(c => !c.Call.IsMutating), size: 6, GroupOf),
        ];
        await Matrix.MeasureAsync(output, $"{scene} {command}, faults", sample, async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command, scene);
            sandbox.Sandbox.Faults.Add(
                new FaultRule(c.Kind)
                {
                    Service = c.Call.Service,
                    Operation = c.Call.Operation,
                    Occurrence = c.Nth,
                    Times = 1,
                    Error = Secrets.Echo(c.Call.Service),
                });
            var run = await sandbox.RunAsync(command);
            sandbox.Sandbox.Faults.Clear();
            return await OutcomeAsync(sandbox, command, run, $"{c.Kind} at {c.Call.Service} {c.Call.Operation} number {c.Nth}");
        });

        static string GroupOf((RemoteCall Call, int Nth, FaultKind Kind) c) => $"{c.Kind} {c.Call.Service} {c.Call.Operation}";
    }

    /// <summary>The SDK repeats what may pass, and so does deis-proxy: only an error that outlasts both makes it go back.</summary>
    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_change_fails_for_longer_than_it_is_repeated(string command, string scene)
    {
        var cases = (await Verdict.CallsOfAsync(command, scene)).Where(c =>
            c.Call is { IsMutating: true, Service: "elasticloadbalancing" or "loadbalancers" });
        await Matrix.MeasureAsync(output, $"{scene} {command}, lasting errors", Matrix.Sample(cases, size: 4, c => c.Call.Operation), async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command, scene);
            sandbox.Sandbox.Faults.Add(new FaultRule(FaultKind.ServerError)
            {
                Service = c.Call.Service,
                Operation = c.Call.Operation,
                Occurrence = c.Nth,
                Times = 17
            });
            var run = await sandbox.RunAsync(command);
            sandbox.Sandbox.Faults.Clear();
            return await OutcomeAsync(sandbox, command, run, $"17 errors from {c.Call.Operation} number {c.Nth} on");
        });
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Interrupted_at_every_call(string command, string scene)
    {
        var calls = await Verdict.CallsOfAsync(command, scene);
        await Matrix.MeasureAsync(output, $"{scene} {command}, interrupts",
            Matrix.Sample(calls, size: 8, c => $"{c.Call.Service} {c.Call.Operation}"), async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(command, scene);
            using var interrupt = new CancellationTokenSource();
            var running = sandbox.RunAsync(command, interrupt.Token);
            while (!running.IsCompleted
                && sandbox.Sandbox.CallLog.Calls.Count(call => call.Service == c.Call.Service && call.Operation == c.Call.Operation) < c.Nth)
            {
                await Task.Delay(1);
            }

            var held = sandbox.HoldsConnections;
            var struck = !running.IsCompleted;
            await interrupt.CancelAsync();
            return new Outcome(
                await Verdict.JudgeAsync(
                    sandbox, command, await running, $"interrupted at {c.Call.Service} {c.Call.Operation} number {c.Nth}", interrupted: true),
                struck,
                held);
        });
    }

    private static async Task<Outcome> OutcomeAsync(FaultySandbox sandbox, string command, Run run, string what)
    {
        var struck = sandbox.Sandbox.CallLog.Calls.Any(call => call.Outcome.StartsWith("fault", StringComparison.Ordinal));
        return new Outcome(await Verdict.JudgeAsync(sandbox, command, run, what), struck, Held: null);
    }

    private static FaultKind[] FaultsOf(RemoteCall call) => call switch
    {
        { Service: "etcd" } => call.IsMutating ? EtcdWriteFaults : EtcdFaults,
        { Service: "ssh", Operation: "say" } => SessionFaults,
        { Service: "ssh" } => SshFaults,
        _ => AwsFaults,
    };
}
