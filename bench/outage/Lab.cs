using System.Diagnostics;
using System.Net;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>Carries changes out on a testbed while clients use it.</summary>
internal sealed class Lab(Testbed bed) : IAsyncDisposable
{
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan After = TimeSpan.FromSeconds(8);

    /// <summary>How long traffic may take to come back.</summary>
    private static readonly TimeSpan SteadyLimit = TimeSpan.FromSeconds(40);

    private const int SetupAttempts = 3;

    private bool _isSetUp;

    public static async Task<Lab> OpenAsync() => new(await Testbed.StartAsync(new TestbedOptions { Balancers = 2 }));

    /// <summary>Measures once.</summary>
    public async Task<Measurement> MeasureAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        await PrepareAsync(scenario, cancellationToken);
        bed.Pace = scenario.Pace;
        bed.Nodes[^1].Rights = scenario.Change switch
        {
            Change.SetupWithoutDocker => NodeRights.NoDocker,
            Change.SetupWithoutU32 => NodeRights.NoU32,
            _ => NodeRights.Root,
        };
        var client = new OpenLoopClient(
            IPAddress.Parse(Testbed.ClientAddress), [.. bed.BalancersInUse.Select(balancer => IPAddress.Parse(balancer.Address))]);
        try
        {
            await Task.Delay(Before, cancellationToken);
            var begun = client.Elapsed;
            var failedBefore = FailedHealthChecks().Count;
            var tool = await ChangeAsync(scenario.Change, cancellationToken);
            var duration = client.Elapsed - begun;
            var clock = Stopwatch.StartNew();
            await Task.Delay(After, cancellationToken);
            while (!client.IsSteady(Before) && clock.Elapsed < SteadyLimit)
            {
                await Task.Delay(Before, cancellationToken);
            }

            await bed.SettledAsync();
            _isSetUp = scenario.Change == Change.Setup && tool is { ExitCode: 0 };
            return Measurement.Of(scenario, await client.StopAsync(), begun, duration, tool, [.. FailedHealthChecks().Skip(failedBefore)]);
        }
        catch
        {
            await client.StopAsync();
            throw;
        }
    }

    private List<string> FailedHealthChecks() => [.. bed.Balancers.SelectMany(balancer => balancer.FailedSamples)];

    public ValueTask DisposeAsync() => bed.DisposeAsync();

    private async Task PrepareAsync(Scenario scenario, CancellationToken cancellationToken)
    {
        await bed.UseAsync(scenario.Machines);
        if (scenario.Change != Change.Teardown)
        {
            await bed.ResetAsync();
            return;
        }

        // A machine that is busy with other things may spoil one: it is not what is measured here.
        for (var attempt = 1; !_isSetUp; attempt++)
        {
            await bed.ResetAsync();
            var setup = await ChangeAsync(Change.Setup, cancellationToken);
            await bed.SettledAsync();
            _isSetUp = setup is { ExitCode: 0 };
            if (!_isSetUp && attempt == SetupAttempts)
            {
                throw new InvalidOperationException($"setup, before teardown, failed: {setup?.Error}");
            }
        }
    }

    private async Task<Tool?> ChangeAsync(Change change, CancellationToken cancellationToken)
    {
        switch (change)
        {
            case Change.Script:
                await ScriptCalls.RunAsync(bed);
                return null;
            case Change.Setup or Change.SetupWithoutDocker or Change.SetupWithoutU32:
                return await Tool.RunAsync(bed, ["setup"], cancellationToken);
            case Change.SetupWithoutHold:
                return await Tool.RunAsync(bed, ["setup", "--no-hold"], cancellationToken);
            case Change.Teardown:
                return await Tool.RunAsync(bed, ["teardown"], cancellationToken);
            default:
                throw new ArgumentOutOfRangeException(nameof(change));
        }
    }
}
