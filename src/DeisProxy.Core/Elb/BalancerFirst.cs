namespace DeisProxy.Core.Elb;

/// <summary>
/// The load balancer first, watched, then the routers. It does not tell when it switches, but what comes of requests does.
/// </summary>
internal abstract class BalancerFirst(FlipEnds ends, IRouterNodes nodes, TrafficWatch watch, TimeProvider time)
{
    /// <summary>How long a load balancer may take to act on a policy that the API has accepted. Nothing is lost meanwhile.</summary>
    protected static readonly TimeSpan SignLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long it may take to tell the routers once the load balancer has switched: traffic is lost or held as long as they do not follow.
    /// </summary>
    private static readonly TimeSpan FollowLimit = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan RouterLimit = TimeSpan.FromSeconds(20);

    /// <summary>How long it may take to let connections go; nodes that cannot be told do it by themselves.</summary>
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(5);

    /// <summary>Why new connections could not be held in the end; null: they could, or were not to be.</summary>
    public string? CannotHold { get; private set; }

    /// <summary>For how long connections were held; nothing if none were.</summary>
    public abstract TimeSpan Held { get; }

    protected FlipEnds Ends => ends;

    protected IRouterNodes Nodes => nodes;

    protected TrafficWatch Watch => watch;

    protected TimeProvider Time => time;

    /// <summary>Switches both ends.</summary>
    /// <returns>Whether it did; if not, nothing was changed.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var sending = Task.CompletedTask;
        try
        {
            if (!await BeginAsync(cancellationToken))
            {
                return false;
            }

            watch.Expect();
            sending = ends.SetPoliciesAsync(cancellationToken);
            await SignAsync(sending, cancellationToken);

            // From here on requests are lost or held, and going on is the shortest way out: an interrupt is looked at when both ends fit again.
            await InTimeAsync(FollowLimit, FollowAsync);
            await ReleaseAsync();
            await sending;
            await InTimeAsync(RouterLimit + FollowLimit, ends.AllSwitchedAsync);
            cancellationToken.ThrowIfCancellationRequested();
            return true;
        }
        finally
        {
            // Neither an interrupt nor an error leaves connections waiting.
            await ReleaseAsync();

            // What is put back now must not be overtaken by a policy that is still under way.
            await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What comes before any change.</summary>
    /// <returns>Whether it can go on.</returns>
    protected virtual Task<bool> BeginAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    /// <summary>Waits for the moment at which the routers are to follow.</summary>
    protected abstract Task SignAsync(Task sending, CancellationToken cancellationToken);

    /// <summary>Makes the routers follow.</summary>
    protected abstract Task FollowAsync(CancellationToken cancellationToken);

    /// <summary>Lets connections go on all nodes.</summary>
    protected virtual async Task ReleaseAsync()
    {
        using var limit = new CancellationTokenSource(ReleaseLimit, time);
        await nodes.ReleaseAsync(limit.Token);
        watch.IsPaused = false;
    }

    /// <summary>Holds connections, or takes note that a node refuses: what is lost then is what would be lost without.</summary>
    protected async Task<bool> TryHoldAsync(HeldConnections held, CancellationToken cancellationToken)
    {
        try
        {
            await nodes.HoldAsync(held, cancellationToken);
            return true;
        }
        catch (DeisProxyException error)
        {
            CannotHold ??= error.Message;
            return false;
        }
    }

    /// <summary>The load balancer has accepted the policies, and nothing shows it.</summary>
    protected static DeisProxyException DidNotSwitch(string seen) => new(
        "balancer-did-not-switch",
        $"AWS has accepted the policies, but {SignLimit.TotalSeconds} s later {seen}.",
        "Check whether another load balancer or a proxy answers under this name; then run the command again.");

    private async Task InTimeAsync(TimeSpan allowed, Func<CancellationToken, Task> follow)
    {
        using var limit = new CancellationTokenSource(allowed, time);
        try
        {
            await follow(limit.Token);
        }
        catch (OperationCanceledException error) when (limit.IsCancellationRequested)
        {
            throw new DeisProxyException(
                "flip-too-slow",
                $"The load balancer has switched, but the cluster did not follow within {allowed.TotalSeconds} s.",
                "Check why the nodes or etcd do not answer, then run the command again.",
                error);
        }
    }
}

/// <summary>The routers follow at the first sign: where wanted while all new connections are held, whatever they say.</summary>
internal sealed class FirstSignFlip(FlipEnds ends, IRouterNodes nodes, TrafficWatch watch, bool holds, TimeProvider time)
    : BalancerFirst(ends, nodes, watch, time)
{
    /// <summary>How long connections are held when routers are slow: senders repeat their SYN after 1 s and 3 s.</summary>
    private static readonly TimeSpan HoldPatience = TimeSpan.FromSeconds(3);

    private long? _from;
    private TimeSpan _held;

    /// <inheritdoc/>
    public override TimeSpan Held => _held > IRouterNodes.HoldLimit ? IRouterNodes.HoldLimit : _held;

    /// <inheritdoc/>
    protected override async Task SignAsync(Task sending, CancellationToken cancellationToken)
    {
        Ends.Activity($"flip: waiting for the load balancer to {(Ends.TurnsOn ? "send" : "stop sending")} PROXY lines");

        // It may come before the last of several policies is accepted.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var limit = Task.Delay(SignLimit, Time, either.Token);
        if (await Task.WhenAny(Watch.Mismatch, sending, limit) == sending)
        {
            await sending;
            await Task.WhenAny(Watch.Mismatch, limit);
        }

        await either.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (!Watch.Mismatch.IsCompleted)
        {
            await sending;
            throw DidNotSwitch("traffic through the load balancer is as before");
        }
    }

    /// <inheritdoc/>
    protected override async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (!holds)
        {
            await Ends.SetRoutersAsync(cancellationToken);
            return;
        }

        // Nothing beside it: until connections are held, requests are lost.
        Watch.IsPaused = true;
        _from = await TryHoldAsync(HeldConnections.AllUnread, cancellationToken) ? Time.GetTimestamp() : null;
        await Ends.SetRoutersAsync(HoldPatience, (_, _) => Task.CompletedTask, cancellationToken);
    }

    /// <inheritdoc/>
    protected override async Task ReleaseAsync()
    {
        if (holds)
        {
            await base.ReleaseAsync();
            _held = _from is { } from && _held == TimeSpan.Zero ? Time.GetElapsedTime(from) : _held;
        }
    }
}
