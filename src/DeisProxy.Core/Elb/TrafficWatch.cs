using DeisProxy.Core.Applying;

namespace DeisProxy.Core.Elb;

/// <summary>
/// Requests through the load balancer, to each of its addresses, one after the other and without waiting for their answers, for as long as both
/// ends are being
/// switched: they tell when each of its machines switches, and what clients notice of it.
/// </summary>
internal sealed class TrafficWatch : IAsyncDisposable
{
    /// <summary>Targets that get a request in one turn.</summary>
    private const int TargetsATurn = 4;

    /// <summary>How long an address may take to answer for the first time; one that does not is not waited for later.</summary>
    private static readonly TimeSpan FirstAnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>How long requests that were held are waited for after they were let go.</summary>
    private static readonly TimeSpan HeldAnswerLimit = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan ResolveInterval = TimeSpan.FromSeconds(1);

    private readonly IBalancerTraffic _traffic;
    private readonly IReadOnlyList<Listener> _listeners;
    private readonly Func<Listener, TrafficAnswer?> _signOf;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _mismatch = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<WatchedTarget> _targets = [];
    private readonly List<Task> _underWay = [];
    private readonly Task _asking;
    private readonly Task _resolving;
    private int _turn;
    private long? _expectedSince;
    private long? _firstFailure;
    private long? _lastFailure;
    private long? _servedAgain;
    private volatile bool _paused;

    /// <summary>Begins to watch.</summary>
    /// <param name="signOf">The answer that tells of a mismatch on a listener; null: a router's refusal or silence, it cannot be said which.</param>
    public TrafficWatch(
        IBalancerTraffic traffic,
        IReadOnlyList<Listener> listeners,
        IReadOnlyList<string> addresses,
        Func<Listener, TrafficAnswer?> signOf,
        TimeProvider time)
    {
        (_traffic, _listeners, _signOf, _time) = (traffic, listeners, signOf, time);
        Add(addresses);
        _asking = AskAsync();
        _resolving = ResolveAsync();
    }

    /// <summary>What has come of the requests since <see cref="Expect"/>.</summary>
    public RequestCounts Counts { get; private set; } = new(0, 0, TimeSpan.Zero);

    /// <summary>How long requests were not served: from the first one that was not to the first one after the last; null if all were.</summary>
    public TimeSpan? Disturbed
    {
        get
        {
            lock (_lock)
            {
                return _firstFailure is { } first ? _time.GetElapsedTime(first, _servedAgain ?? _time.GetTimestamp()) : null;
            }
        }
    }

    /// <summary>Addresses that have answered.</summary>
    public int Machines
    {
        get
        {
            lock (_lock)
            {
                return _targets.Where(t => t.HasServed).Select(t => t.Address).Distinct(StringComparer.Ordinal).Count();
            }
        }
    }

    /// <summary>Whether no request is sent: while all connections are held they would only wait like everybody else's.</summary>
    public bool IsPaused
    {
        get => _paused;
        set => _paused = value;
    }

    /// <summary>Ends with the first sign that two ends which do not fit have met.</summary>
    public Task Mismatch => _mismatch.Task;

    /// <summary>Which of the addresses that have answered have fallen silent, because their connections are held.</summary>
    public Silence Silent
    {
        get
        {
            lock (_lock)
            {
                var known = _targets.Where(t => t.HasServed).ToList();
                var since = known.Select(t => t.SilentSince(_turn, _time)).OfType<long>().Order().ToList();
                return new Silence(since.Count, known.Count, since.Count > 0 ? since[0] : null, since.Count > 0 ? since[^1] : null);
            }
        }
    }

    /// <summary>Waits until every address has answered, or shows that it does not.</summary>
    public Task AnsweredAsync(CancellationToken cancellationToken) =>
        NoneAsync(t => !t.HasServed, FirstAnswerLimit, cancellationToken);

    /// <summary>Counts from now on: what was asked before has another cause.</summary>
    public void Expect()
    {
        lock (_lock)
        {
            _expectedSince = _time.GetTimestamp();
        }
    }

    /// <summary>Waits until request after request is served at every address, and those that were held are answered.</summary>
    /// <param name="limit">How long at most.</param>
    public async Task<bool> ServedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        lock (_lock)
        {
            _targets.ForEach(target => target.Served = 0);
        }

        var reached = await NoneAsync(t => t.HasServed && t.Served < WatchedTarget.ServedInARow, limit, cancellationToken);
        await NoneAsync(t => t.HasServed && t.IsWaitedForSince(now), HeldAnswerLimit, cancellationToken);
        return reached;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_asking, _resolving);
        _stop.Dispose();
    }

    /// <summary>Waits until something is so for no target any more.</summary>
    private async Task<bool> NoneAsync(Func<WatchedTarget, bool> isOpen, TimeSpan limit, CancellationToken cancellationToken)
    {
        var end = await Waiting.UntilAsync(_time, limit, _traffic.Interval, _ => Task.FromResult(Count()), open => open == 0, cancellationToken);
        return end.Reached;

        int Count()
        {
            lock (_lock)
            {
                return _targets.Count(isOpen);
            }
        }
    }

    private void Add(IReadOnlyList<string> addresses)
    {
        lock (_lock)
        {
            _targets.AddRange(addresses.SelectMany(address => _listeners.Select(listener => (address, listener)))
                .Where(pair => !_targets.Exists(t => t.Address == pair.address && t.Listener == pair.listener))
                .Select(pair => new WatchedTarget(pair.address, pair.listener, _signOf(pair.listener))));
        }
    }

    /// <summary>Load balancers get new machines whenever AWS sees fit.</summary>
    private async Task ResolveAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(ResolveInterval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                Add(await _traffic.ResolveAsync(_stop.Token));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task AskAsync()
    {
        var next = 0;
        while (!_stop.IsCancellationRequested)
        {
            _underWay.RemoveAll(ask => ask.IsCompleted);
            if (!_paused)
            {
                lock (_lock)
                {
                    var count = (_targets.Count + TargetsATurn - 1) / TargetsATurn;
                    for (var i = 0; i < count; i++, next++)
                    {
                        var target = _targets[next % _targets.Count];
                        if (target.Begin(_turn, _time.GetTimestamp()) is { } request)
                        {
                            _underWay.Add(AskOnceAsync(target, request));
                        }
                    }

                    _turn++;
                }
            }

            await Task.Delay(_traffic.Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(_underWay);
    }

    private async Task AskOnceAsync(WatchedTarget target, WatchedRequest request)
    {
        try
        {
            Note(target, request, await _traffic.AskAsync(target.Listener, target.Address, _stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody waits for this answer any more.
            return;
        }
    }

    private void Note(WatchedTarget target, WatchedRequest request, TrafficAnswer answer)
    {
        lock (_lock)
        {
            var took = _time.GetElapsedTime(request.Begun);
            var isExpected = request.Begun >= _expectedSince;
            target.End(request, answer, took, isExpected);
            if (!target.HasServed)
            {
                // Nobody has been served there yet: it may be an address of yesterday.
                return;
            }

            if (isExpected)
            {
                var longest = answer == TrafficAnswer.Served && took > Counts.LongestWait ? took : Counts.LongestWait;
                Counts = new RequestCounts(Counts.Sent + 1, Counts.Failed + (answer == TrafficAnswer.Served ? 0 : 1), longest);
            }

            if (answer == TrafficAnswer.Served)
            {
                _servedAgain ??= request.Begun > _lastFailure ? request.Begun : null;
                return;
            }

            _firstFailure = _firstFailure is { } first && first < request.Begun ? first : request.Begun;
            _lastFailure = _lastFailure is { } last && last > request.Begun ? last : request.Begun;
            _servedAgain = _servedAgain > _lastFailure ? _servedAgain : null;
        }

        if (target.ShowsMismatch)
        {
            _mismatch.TrySetResult();
        }
    }
}

/// <summary>Requests of ours.</summary>
/// <param name="LongestWait">For an answer that came.</param>
internal sealed record RequestCounts(int Sent, int Failed, TimeSpan LongestWait);

/// <summary>How many of the load balancer's addresses are silent, and since when the first and the last of them.</summary>
internal sealed record Silence(int Count, int Of, long? First, long? Last)
{
    /// <summary>Whether all are.</summary>
    public bool IsComplete => Of > 0 && Count == Of;
}
