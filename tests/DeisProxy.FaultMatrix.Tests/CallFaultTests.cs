using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>Every remote call of a run × every fault.</summary>
public sealed class CallFaultTests(MatrixOutput output) : IClassFixture<MatrixOutput>
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

    /// <summary>The system's ssh notices by itself when a node stops answering; what is said in a session has its own limit.</summary>
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
            return await Verdict.OutcomeAsync(sandbox, command, run, $"{c.Kind} at {c.Call.Service} {c.Call.Operation} number {c.Nth}");
        });

        static string GroupOf((RemoteCall Call, int Nth, FaultKind Kind) c) => $"{c.Kind} {c.Call.Service} {c.Call.Operation}";
    }

    private static FaultKind[] FaultsOf(RemoteCall call) => call switch
    {
        { Service: "etcd" } => call.IsMutating ? EtcdWriteFaults : EtcdFaults,
        { Service: "ssh", Operation: "say" } => SessionFaults,
        { Service: "ssh" } => SshFaults,
        _ => AwsFaults,
    };
}
