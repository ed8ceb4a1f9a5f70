using System.Net;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>Lets setups go wrong, and looks whether nodes let connections go by themselves, and whether a second setup finishes the job.</summary>
internal sealed class Drills(Testbed bed) : IAsyncDisposable
{
    /// <summary>
    /// For how long a connection may be held, whatever happens to the operator: the nodes' own limit is 5 s, the rest is how long a look may take
    /// on a busy machine, and the nodes' shell.
    /// </summary>
    private static readonly TimeSpan RuleLimit = TimeSpan.FromSeconds(7);

    /// <summary>
    /// For how long rules may be there at all: until the load balancer has switched, a router on its own tick has followed or is given up, and
    /// reserve for a busy machine.
    /// </summary>
    private static readonly TimeSpan WholeLimit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// For how long a guard may outlive its purpose: its own time, half a second for a second look, and reserve for a busy machine.
    /// </summary>
    private static readonly TimeSpan GuardLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(40);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(0.5);

    public static async Task<Drills> OpenAsync() => new(await Testbed.StartAsync());

    public async Task<DrillResult> RunAsync(Drill drill, CancellationToken cancellationToken)
    {
        if (drill.Blow == Blow.WebSocket)
        {
            return await WebSocketDrill.RunAsync(bed, cancellationToken);
        }

        await bed.ResetAsync();
        var one = bed.Nodes[^1];
        (one.OnConfd, one.Router.Stuck, one.Rights) = (drill.Confd, drill.Stuck, drill.Rights);
        if (drill is { Blow: not Blow.None, After: null })
        {
            SetConfd(ConfdBehavior.Hangs);
        }

        var problems = new List<string>();
        var earlier = Ids();
        var client = new OpenLoopClient(IPAddress.Parse(Testbed.ClientAddress), [IPAddress.Parse(bed.Balancers[0].Address)]);
        await using var tool = new RunningTool(bed, ["setup"]);
        try
        {
            await BeforeEndAsync(until => drill.Armed ? ReadyAsync(earlier, until) : FirstProxyLineAsync(client, until), tool, cancellationToken);
            await using var watch = new HoldWatch(bed, [.. Ids().Except(earlier, StringComparer.Ordinal)]);
            var blow = await StrikeAsync(drill, watch, tool, cancellationToken);
            var first = drill.Blow == Blow.Kill ? null : await tool.EndAsync(cancellationToken);
            if (first is not null)
            {
                await JudgeAsync(drill, first, problems);
            }

            await FinishAsync(first, client, problems, cancellationToken);
            await watch.FreeAsync(cancellationToken).WaitAsync(SettleLimit, cancellationToken);
            var since = blow ?? watch.FirstRule ?? TimeSpan.Zero;
            Note(problems, watch.LastRule - since > (blow is null ? WholeLimit : RuleLimit), "connections were held for too long");
            Note(problems, blow is not null && watch.LastGuard - since > GuardLimit, "a guard stayed for too long");
            Note(problems, watch.FirstRule is null && drill is { After: null, Manner: not "watched" }, "no rule was ever seen");
            Note(problems, watch.FirstRule is not null && drill.Manner == "watched", "a rule was seen");
            var rules = await Task.WhenAll(bed.Nodes.Select(Testbed.NodeRulesAsync));
            Note(
                problems,
                watch.Ids.Any(id => rules.Any(text => text.Contains(id, StringComparison.Ordinal))),
                "something of the rules was left on a node");
            var left = Ids().Except(earlier, StringComparer.Ordinal).Intersect(watch.Ids, StringComparer.Ordinal).ToList();
            Note(problems, left.Count > 0, $"left on nodes: {string.Join(", ", left)}");
            return new DrillResult(drill.Name, Seconds(watch.LastRule - since), Seconds(watch.LastGuard - since), first?.ExitCode, problems);
        }
        finally
        {
            await client.StopAsync();
        }
    }

    /// <summary>What runs of deis-proxy before have left running, on the nodes and here.</summary>
    public static async Task<IReadOnlyList<string>> LeftoversAsync(CancellationToken cancellationToken)
    {
        await IsSoInTimeAsync(() => Processes.OfTool().Count == 0, cancellationToken);
        return Processes.OfTool();
    }

    public ValueTask DisposeAsync() => bed.DisposeAsync();

    private static double? Seconds(TimeSpan? time) => time is { } known ? Math.Max(0, known.TotalSeconds) : null;

    /// <summary>Waits for something that happens before deis-proxy ends.</summary>
    private static async Task BeforeEndAsync(Func<CancellationToken, Task> wait, RunningTool tool, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var moment = wait(stop.Token);
        var ended = tool.EndAsync(cancellationToken);
        if (await Task.WhenAny(moment, ended) == ended)
        {
            await stop.CancelAsync();
            var said = await ended;
            throw new InvalidOperationException($"setup ended before its time, with {said.ExitCode}: {said.Error}");
        }

        await moment;
    }

    private static void Note(List<string> problems, bool isSo, string problem)
    {
        if (isSo)
        {
            problems.Add(problem);
        }
    }

    private static async Task<bool> IsSoInTimeAsync(Func<bool> isSo, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SettleLimit);
        while (!isSo() && !limit.IsCancellationRequested)
        {
            await Task.Delay(50, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        cancellationToken.ThrowIfCancellationRequested();
        return isSo();
    }

    /// <summary>
    /// Waits until a client meets a router that got a PROXY line and did not expect one. None does where all routers follow at once: until the load
    /// balancer sends it.
    /// </summary>
    private async Task FirstProxyLineAsync(OpenLoopClient client, CancellationToken cancellationToken)
    {
        while (!client.FirstProxyLine.IsCompleted && !bed.Balancers.Any(balancer => balancer.SendsProxy))
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.WhenAny(client.FirstProxyLine, Task.Delay(Glance, cancellationToken));
        }
    }

    /// <summary>Waits until every node has been entered to hold connections.</summary>
    private async Task ReadyAsync(List<string> earlier, CancellationToken cancellationToken)
    {
        while (Ids().Except(earlier, StringComparer.Ordinal).Count() < bed.Nodes.Count)
        {
            await Task.Delay(Glance, cancellationToken);
        }
    }

    /// <summary>Waits for the moment, does it, waits until no connection is held any more, and takes it back as far as that goes.</summary>
    private async Task<TimeSpan?> StrikeAsync(Drill drill, HoldWatch watch, RunningTool tool, CancellationToken cancellationToken)
    {
        if (drill.Blow == Blow.None)
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SettleLimit);
        await (drill.After is { } after
            ? Task.Delay(after, limit.Token)
            : BeforeEndAsync(drill.Armed ? watch.ArmedAsync : watch.HeldAsync, tool, limit.Token));
        List<TestbedNode> cut = drill.Blow switch { Blow.CutOne => [bed.Nodes[^1]], Blow.CutAll => [.. bed.Nodes], _ => [] };
        var blow = watch.Elapsed;
        if (drill.Blow == Blow.Kill)
        {
            tool.Kill();
        }
        else if (drill.Blow == Blow.Freeze)
        {
            await tool.SignalAsync("STOP");
        }

        await Task.WhenAll(cut.Select(Testbed.CutOperatorAsync));
        await watch.LetGoAsync(limit.Token);
        await Task.WhenAll(cut.Select(Testbed.RestoreOperatorAsync));
        SetConfd(ConfdBehavior.Renders);
        if (drill.Blow == Blow.Freeze)
        {
            await tool.SignalAsync("CONT");
        }

        return blow;
    }

    /// <summary>How the setup ended that was not killed.</summary>
    private async Task JudgeAsync(Drill drill, Tool first, List<string> problems)
    {
        var rules = await Task.WhenAll(bed.Nodes.Select(Testbed.NodeRulesAsync));
        Note(problems, rules.Any(HoldWatch.Holds), "setup ended and left a rule behind that holds connections");
        var mayGiveUp = drill.Blow is Blow.CutOne or Blow.CutAll or Blow.Freeze && first.ExitCode == 1;
        Note(problems, first.ErrorCode != drill.ErrorCode && !mayGiveUp, $"it ended with {first.ExitCode}, {first.ErrorCode}: {first.Error.Trim()}");
        var manner = (string?)first.Document?["flipManner"];
        Note(
            problems, first.ExitCode == 0 && drill.Blow == Blow.None && manner != drill.Manner,
            $"both ends were switched in the manner {manner}: {first.Document?["flipReason"]}");
        if (first.ExitCode != 0)
        {
            Note(problems, first.ExitCode != 1, $"exit code {first.ExitCode} is not 1");
            Note(problems, await bed.Etcd.GetAsync("/deis/router/proxyProtocol") is not null, "the routers' end was not put back");
            var sends = (await bed.Aws.ReadLoadBalancerAsync(bed.LoadBalancer)).Descendants()
                .Where(e => e.Name.LocalName == "BackendServerDescriptions").SelectMany(e => e.Descendants()).Any(
                    e => e.Name.LocalName == "PolicyNames" && e.HasElements);
            Note(problems, sends, "the load balancer's end was not put back");
        }
    }

    /// <summary>With everything in order again, a second setup finishes the job where the first did not.</summary>
    private async Task FinishAsync(Tool? first, OpenLoopClient client, List<string> problems, CancellationToken cancellationToken)
    {
        SetConfd(ConfdBehavior.Renders);
        foreach (var node in bed.Nodes)
        {
            node.Router.Stuck = false;
        }

        if (first is not { ExitCode: 0 })
        {
            var second = await Tool.RunAsync(bed, ["setup"], cancellationToken);
            Note(problems, second.ExitCode != 0, $"the second setup ended with {second.ExitCode}: {second.Error.Trim()}");
        }

        Note(problems, !await IsSoInTimeAsync(() => client.IsRight(Steady), cancellationToken), "requests are not served, or with a wrong address");
    }

    private List<string> Ids() =>
        [.. bed.Nodes.SelectMany(Testbed.NodeFiles).Select(name => name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..])];

    private void SetConfd(ConfdBehavior behavior)
    {
        foreach (var node in bed.Nodes)
        {
            node.OnConfd = behavior;
        }
    }
}
