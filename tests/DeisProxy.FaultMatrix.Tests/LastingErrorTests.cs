using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>Errors that outlast what is repeated.</summary>
public sealed class LastingErrorTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    public static TheoryData<string, string> Commands => Verdict.CommandsOfScenes;

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
            return await Verdict.OutcomeAsync(sandbox, command, run, $"17 errors from {c.Call.Operation} number {c.Nth} on");
        });
    }
}
