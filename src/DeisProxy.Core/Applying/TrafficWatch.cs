using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>
/// Requests through the load balancer, one after the other and without waiting for their answers, for as long as both ends are being
/// switched: they tell when the first PROXY line arrives, and for how long traffic is disturbed.
/// </summary>
internal sealed class TrafficWatch : IAsyncDisposable
{
    /// <summary>Requests under way at a time. With 10 ms between them that is enough for answers that take half a second.</summary>
    private const int MaximumUnderWay = 50;

    /// <summary>How many answers in a row show that traffic is served: the load balancer's addresses, of which there may be several, take turns.</summary>
    private const int ServedInARow = 12;

    private readonly IBalancerTraffic _traffic;
    private readonly Listener _listener;
    private readonly TrafficAnswer? _sign;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _mismatch = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly Task _asking;
    private long? _expectedSince;
    private int _signs;
    private long? _firstFailure;
    private long? _lastFailure;
    private long? _servedAgain;
    private int _served;
    private volatile bool _paused;

    /// <summary>Begins to watch.</summary>
    /// <param name="sign">The answer that tells of a mismatch; null: a router's refusal or silence, it cannot be said which.</param>
    public TrafficWatch(IBalancerTraffic traffic, Listener listener, TrafficAnswer? sign, TimeProvider time)
    {
        (_traffic, _listener, _sign, _time) = (traffic, listener, sign, time);
        _asking = AskAsync();
    }

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

    /// <summary>Whether no request is sent: while connections are held they would only wait like everybody else's.</summary>
    public bool IsPaused
    {
        get => _paused;
        set => _paused = value;
    }

    /// <summary>Counts signs from now on: what was asked before has another cause.</summary>
    public void ExpectMismatch()
    {
        lock (_lock)
        {
            _expectedSince = _time.GetTimestamp();
        }
    }

    /// <summary>Waits for the first sign that the two ends do not fit any more.</summary>
    /// <param name="limit">How long at most.</param>
    public async Task<bool> MismatchAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        return await Task.WhenAny(_mismatch.Task, Task.Delay(limit, _time, timer.Token)) == _mismatch.Task
            || (cancellationToken.IsCancellationRequested ? throw new OperationCanceledException(cancellationToken) : false);
    }

    /// <summary>Waits until request after request is served.</summary>
    /// <param name="limit">How long at most.</param>
    public async Task<bool> ServedAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _served = 0;
        }

        return (await Waiting.UntilAsync(_time, limit, _traffic.Interval, _ => Task.FromResult(Served()), served => served >= ServedInARow, cancellationToken)).Reached;

        int Served()
        {
            lock (_lock)
            {
                return _served;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _asking;
        _stop.Dispose();
    }

    private async Task AskAsync()
    {
        var underWay = new List<Task>();
        while (!_stop.IsCancellationRequested)
        {
            underWay.RemoveAll(ask => ask.IsCompleted);
            if (!_paused && underWay.Count < MaximumUnderWay)
            {
                underWay.Add(AskOnceAsync());
            }

            await Task.Delay(_traffic.Interval, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(underWay);
    }

    private async Task AskOnceAsync()
    {
        var begun = _time.GetTimestamp();
        try
        {
            Note(begun, await _traffic.AskAsync(_listener, TrafficQuestion.HealthCheck, _stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody waits for this answer any more.
            return;
        }
    }

    private void Note(long begun, TrafficAnswer answer)
    {
        lock (_lock)
        {
            if (answer == TrafficAnswer.Served)
            {
                _signs = 0;
                _served++;
                _servedAgain ??= begun > _lastFailure ? begun : null;
                return;
            }

            _served = 0;
            _firstFailure = _firstFailure is { } first && first < begun ? first : begun;
            _lastFailure = _lastFailure is { } last && last > begun ? last : begun;
            _servedAgain = _servedAgain > _lastFailure ? _servedAgain : null;
            var isSign = begun >= _expectedSince && answer is TrafficAnswer.RefusedByRouter or TrafficAnswer.CutOff && (_sign is null || answer == _sign);
            _signs = isSign ? _signs + 1 : _signs;
        }

        // A router's 400 has no other cause; a connection may be cut off for any, but hardly twice in a row.
        if (_signs >= (answer == TrafficAnswer.RefusedByRouter ? 1 : 2))
        {
            _mismatch.TrySetResult();
        }
    }
}
