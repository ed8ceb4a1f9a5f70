namespace DeisProxy.Core.Elb;

/// <summary>
/// Loses nothing: nodes let through what fits the router and make the rest wait, from before the load balancer switches until the router has. Its
/// machines
/// switch at different moments; one that has is silent, because its connections wait. When all are, the routers follow.
/// </summary>
internal sealed class ContentFlip(FlipEnds ends, IRouterNodes nodes, TrafficWatch watch, TimeProvider time) : BalancerFirst(ends, nodes, watch, time)
{
    /// <summary>
    /// How far apart the load balancer's machines may switch. Then those that have not are left behind, if they are no more than half.
    /// </summary>
    private static readonly TimeSpan ApartLimit = TimeSpan.FromSeconds(15);

    /// <summary>How long connections are held when routers are slow: their own tick comes after 5 s at most.</summary>
    private static readonly TimeSpan HoldPatience = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private long? _from;
    private TimeSpan _held;

    /// <inheritdoc/>
    public override TimeSpan Held => _held;

    /// <summary>How far apart the load balancer's machines have switched.</summary>
    public TimeSpan? Apart { get; private set; }

    /// <inheritdoc/>
    protected override async Task<bool> BeginAsync(CancellationToken cancellationToken)
    {
        Ends.Activity("flip: holding connections that do not fit");
        await Watch.AnsweredAsync(cancellationToken);
        return await TryHoldAsync(Ends.TurnsOn ? HeldConnections.WithProxyLine : HeldConnections.WithoutProxyLine, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task SignAsync(Task sending, CancellationToken cancellationToken)
    {
        var begun = Time.GetTimestamp();
        var waiting = $"flip: waiting for the load balancer to {(Ends.TurnsOn ? "send" : "stop sending")} PROXY lines";
        while (true)
        {
            if (sending.IsFaulted || sending.IsCanceled)
            {
                await sending;
            }

            // A mismatch shows that a node does not hold: then there is nothing to wait for.
            var silent = Watch.Silent;
            _from = silent.First;
            Ends.Activity($"{waiting}, {silent.Count} of {silent.Of} addresses have switched");
            var isLate = silent.First is { } first && Time.GetElapsedTime(first) > ApartLimit && silent.Count * 2 >= silent.Of;
            if (silent.IsComplete || isLate || Watch.Mismatch.IsCompleted)
            {
                Apart = silent is { First: { } from, Last: { } to } ? Time.GetElapsedTime(from, to) : null;
                return;
            }

            if (Time.GetElapsedTime(begun) > SignLimit && sending.IsCompleted)
            {
                throw DidNotSwitch($"{silent.Of - silent.Count} of its {silent.Of} addresses have not followed");
            }

            await Task.Delay(Glance, Time, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task FollowAsync(CancellationToken cancellationToken)
    {
        Watch.IsPaused = true;
        await TryHoldAsync(HeldConnections.All, cancellationToken);
        await Ends.SetRoutersAsync(HoldPatience, Nodes.ReleaseAsync, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ReleaseAsync()
    {
        await base.ReleaseAsync();
        _held = _from is { } from && _held == TimeSpan.Zero ? Time.GetElapsedTime(from) : _held;
    }
}
