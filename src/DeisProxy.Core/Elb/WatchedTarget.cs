namespace DeisProxy.Core.Elb;

/// <summary>One listener at one address of the load balancer, and what has come of the requests to it. To be used by one thread at a time.</summary>
/// <param name="sign">The answer that tells of a mismatch; null: a router's refusal or silence, it cannot be said which.</param>
internal sealed class WatchedTarget(string address, Listener listener, TrafficAnswer? sign)
{
    /// <summary>How many answers in a row show that traffic is served.</summary>
    public const int ServedInARow = 6;

    /// <summary>Requests that wait for an answer at a time: enough to see silence, and for answers that take a while.</summary>
    private const int MaximumWaiting = 25;

    /// <summary>How many requests without an answer make silence.</summary>
    private const int SilentInARow = 3;

    /// <summary>How many turns of the watch silence takes.</summary>
    private const int SilentTurns = 6;

    /// <summary>How many answers tell how long one takes.</summary>
    private const int Measured = 100;

    /// <summary>No answer for less than this is no silence, however fast answers come usually.</summary>
    private static readonly TimeSpan LeastSilence = TimeSpan.FromMilliseconds(80);

    private readonly List<WatchedRequest> _waiting = [];
    private readonly Queue<TimeSpan> _durations = new();
    private long _lastAnswered;
    private int _signs;

    public string Address => address;

    public Listener Listener => listener;

    /// <summary>Whether a request has ever been served here.</summary>
    public bool HasServed { get; private set; }

    /// <summary>Requests served in a row.</summary>
    public int Served { get; set; }

    /// <summary>Whether requests met two ends that do not fit.</summary>
    public bool ShowsMismatch { get; private set; }

    /// <summary>Takes note of a request.</summary>
    /// <returns>The request; null: enough of them are waiting.</returns>
    public WatchedRequest? Begin(int turn, long timestamp)
    {
        if (_waiting.Count >= MaximumWaiting)
        {
            return null;
        }

        var request = new WatchedRequest(turn, timestamp);
        _waiting.Add(request);
        return request;
    }

    /// <summary>Takes note of its answer.</summary>
    public void End(WatchedRequest request, TrafficAnswer answer, TimeSpan took, bool isExpected)
    {
        _waiting.Remove(request);
        if (answer != TrafficAnswer.Unreachable && request.Begun > _lastAnswered)
        {
            _lastAnswered = request.Begun;
        }

        if (answer == TrafficAnswer.Served)
        {
            (HasServed, _signs) = (true, 0);
            Served++;
            if (!isExpected)
            {
                _durations.Enqueue(took);
                _ = _durations.Count > Measured ? _durations.Dequeue() : default;
            }

            return;
        }

        Served = 0;
        var isSign = isExpected && answer is TrafficAnswer.RefusedByRouter or TrafficAnswer.CutOff && (sign is null || answer == sign);
        _signs = isSign ? _signs + 1 : _signs;

        // A router's 400 has no other cause; a connection may be cut off for any, but hardly twice in a row.
        ShowsMismatch |= _signs >= (answer == TrafficAnswer.RefusedByRouter ? 1 : 2);
    }

    /// <summary>Whether a request of before waits for its answer.</summary>
    public bool IsWaitedForSince(long timestamp) => _waiting.Exists(request => request.Begun < timestamp);

    /// <summary>
    /// Since when nothing is answered; null: something is. While this program or its machine has no time, nothing is answered either: turns of the
    /// watch have to pass.
    /// </summary>
    public long? SilentSince(int turn, TimeProvider time)
    {
        var unanswered = _waiting.Where(request => request.Begun > _lastAnswered).ToList();
        if (unanswered.Count < SilentInARow)
        {
            return null;
        }

        var slow = _durations.Count == 0 ? TimeSpan.Zero : _durations.Order().ElementAt(_durations.Count * 19 / 20);
        var least = 2 * slow > LeastSilence ? 2 * slow : LeastSilence;
        return turn - unanswered[0].Turn >= SilentTurns && time.GetElapsedTime(unanswered[0].Begun) > least ? unanswered[0].Begun : null;
    }
}

/// <summary>A request that is under way.</summary>
internal sealed record WatchedRequest(int Turn, long Begun);
