namespace DeisProxy.Sandbox.Tests;

public sealed class StressTests
{
    [Fact]
    public async Task Traffic_through_every_change_ends_in_order_and_without_a_defect()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            DataPlaneLag = new LagRange(TimeSpan.Zero, TimeSpan.FromMilliseconds(30)),
            RouterInterval = TimeSpan.FromMilliseconds(100),
        });
        using var stop = new CancellationTokenSource();
        var port = sandbox.Port(80);
        var clients = Enumerable.Range(0, 8).Select(number => Task.Run(() => AskAsync(number, port, stop.Token))).ToList();

        for (var round = 0; round < 3; round++)
        {
            await sandbox.CheckHealthAsync("TCP:80");
            await sandbox.SwapAsync(80, "TCP", "TCP", 80);
            await sandbox.SendProxyLineAsync(80);
            await sandbox.DemandProxyLineAsync();
            await Task.Delay(50);
            await sandbox.DemandProxyLineAsync(value: null, demanded: false);
            (await sandbox.Aws.ElbAsync(
                "SetLoadBalancerPoliciesForBackendServer",
                ("LoadBalancerName", sandbox.ElbName),
                ("InstancePort", 80),
                ("PolicyNames", ""))).Status.ShouldBe(200);
            await sandbox.SwapAsync(80, "HTTP", "HTTP", 80);
            await sandbox.CheckHealthAsync("HTTP:80/health-check");
        }

        await stop.CancelAsync();
        var answers = (await Task.WhenAll(clients)).SelectMany(each => each).ToList();
        answers.Count(status => status == 200).ShouldBeGreaterThan(20);
        answers.ShouldAllBe(status => status == 200 || status == 0 || status == -1 || status == 400 || status == 502 || status == 503);

        // The last swap takes effect within the lag; until then the TCP listener answers as well.
        await Task.Delay(TimeSpan.FromMilliseconds(200));
        await Tools.EventuallyAsync(async () => Raw.Status(await Raw.GetAsync(port)) == 200, "it serves again");
        (await sandbox.SeenAddressAsync()).ShouldBe("203.0.113.9, 10.21.1.5");
    }

    private static async Task<List<int>> AskAsync(int number, int port, CancellationToken cancellationToken)
    {
        var answers = new List<int>();
        while (!cancellationToken.IsCancellationRequested)
        {
            if (number == 0)
            {
                // WebSockets are opened and dropped in the middle of it all.
                await Scenes.EchoAsync(port, "hello");
            }
            else
            {
                answers.Add(Raw.Status(await Raw.GetAsync(port)));
            }
        }

        return answers;
    }
}
