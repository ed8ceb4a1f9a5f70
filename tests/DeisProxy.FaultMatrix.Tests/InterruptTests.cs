namespace DeisProxy.FaultMatrix.Tests;

/// <summary>An interrupt at every remote call.</summary>
public sealed class InterruptTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    public static TheoryData<string, string> Commands => Verdict.CommandsOfScenes;

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
}
