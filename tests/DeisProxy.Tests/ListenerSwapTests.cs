using System.Diagnostics;
using DeisProxy.Aws;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Sandbox;
using Listener = DeisProxy.Core.Elb.Listener;

namespace DeisProxy.Tests;

/// <summary>
/// A listener is deleted and created again with less than a round trip in between, and whatever becomes of the delete, the port ends up open.
/// </summary>
[Collection(nameof(Alone))]
public sealed class ListenerSwapTests
{
    private const string Delete = "DeleteLoadBalancerListeners";

    /// <summary>Most swaps that are watched: a busy machine may stall in the gap of one.</summary>
    private const int Attempts = 3;

    /// <summary>Enough for the first call of a process, which pays for the compiler and is not repeated.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Where a call hangs: it is waited for.</summary>
    private static readonly TimeSpan HangTimeout = TimeSpan.FromSeconds(5);

    private static readonly Listener Old = new(80, ListenerProtocol.Http, 80, ListenerProtocol.Http, CertificateId: null, []);
    private static readonly Listener New = new(80, ListenerProtocol.Tcp, 80, ListenerProtocol.Tcp, CertificateId: null, []);

    [Fact]
    public async Task The_gap_is_shorter_than_a_call()
    {
        var delay = TimeSpan.FromMilliseconds(400);
        var closed = TimeSpan.MaxValue;
        for (var attempt = 1; attempt <= Attempts && closed >= delay * 0.6; attempt++)
        {
            await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15 with { ApiDelay = new LagRange(delay, delay) });
            closed = await ClosedAsync(sandbox, SwapAsync(sandbox));
            ShouldHave(sandbox, "TCP");
        }

        closed.ShouldBeLessThan(delay * 0.6, "one after the other, the port is always closed for as long as a call takes");
    }

    [Theory]
    [InlineData(FaultKind.CloseAfter)]
    [InlineData(FaultKind.HangAfter)]
    public async Task A_delete_whose_answer_is_lost_is_not_sent_again(FaultKind fault)
    {
        await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);
        sandbox.Faults.Add(new FaultRule(fault) { Operation = Delete, Times = 1 });

        await SwapAsync(sandbox, fault == FaultKind.HangAfter ? HangTimeout : CallTimeout);

        sandbox.CallLog.Calls.Count(call => call.Operation == Delete).ShouldBe(1, "a second one would take the new listener away");
        ShouldHave(sandbox, "TCP");
    }

    [Theory]
    [InlineData(FaultKind.CloseBefore, true)]
    [InlineData(FaultKind.Throttled, true)]
    [InlineData(FaultKind.Hang, true)]
    [InlineData(FaultKind.AccessDenied, false)]
    public async Task A_delete_that_is_not_handled_leaves_the_old_listener_and_no_create_behind(FaultKind fault, bool isTransient)
    {
        await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);
        var rule = sandbox.Faults.Add(new FaultRule(fault) { Operation = Delete, Times = 1 });

        (await SwapAsync(sandbox, fault == FaultKind.Hang ? HangTimeout : CallTimeout).ShouldThrowAsync<DeisProxyException>()).IsTransient.ShouldBe(
            isTransient);

        ShouldHave(sandbox, "HTTP");
        sandbox.Faults.Remove(rule);
        var calls = sandbox.CallLog.Calls.Count;
        await Task.Delay(200);
        sandbox.CallLog.Calls.Count.ShouldBe(calls, "a create that comes late would meet what the next step has made");
    }

    [Fact]
    public async Task Every_create_but_one_may_fail()
    {
        await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);

        // The first create asks for what is there already, before anything is deleted.
        sandbox.Faults.Add(new FaultRule(FaultKind.ServerError) { Operation = "CreateLoadBalancerListeners", Occurrence = 2, Times = 4 });

        await SwapAsync(sandbox);

        ShouldHave(sandbox, "TCP");
    }

    /// <summary>For how long the port is closed until the swap is over.</summary>
    private static async Task<TimeSpan> ClosedAsync(SandboxCloud sandbox, Task swapping)
    {
        var closed = new Stopwatch();
        while (!swapping.IsCompleted)
        {
            if (IsOpen(sandbox))
            {
                closed.Stop();
            }
            else
            {
                closed.Start();
            }

            await Task.Delay(1);
        }

        await swapping;
        return closed.Elapsed;
    }

    private static Task SwapAsync(SandboxCloud sandbox) => SwapAsync(sandbox, CallTimeout);

    private static async Task SwapAsync(SandboxCloud sandbox, TimeSpan timeout)
    {
        using var clients = AwsClients.Create(new AwsAccess { Region = "us-east-1", Endpoint = sandbox.AwsEndpoint, CallTimeout = timeout });
        await new ClassicLoadBalancer(clients, sandbox.FindLoadBalancer().Name, TimeProvider.System).ReplaceListenerAsync(
            Old, New, CancellationToken.None);
    }

    private static bool IsOpen(SandboxCloud sandbox) => sandbox.FindLoadBalancer().Listeners.Any(l => l.LoadBalancerPort == 80);

    private static void ShouldHave(SandboxCloud sandbox, string protocol) =>
        sandbox.FindLoadBalancer().Listeners.Single(l => l.LoadBalancerPort == 80).Protocol.ShouldBe(protocol);
}
