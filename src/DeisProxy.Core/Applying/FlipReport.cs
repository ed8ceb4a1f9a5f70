namespace DeisProxy.Core.Applying;

/// <summary>In which order the two ends were switched.</summary>
public enum FlipManner
{
    /// <summary>The load balancer first; at the first sign of it every router at once, while all new connections were held at the nodes.</summary>
    Held,

    /// <summary>The load balancer first; at the first sign of it every router at once.</summary>
    Watched,

    /// <summary>Both together, every router at once where that could be had.</summary>
    AtOnce,

    /// <summary>The routers first, each in its own time; the load balancer when half of them had switched.</summary>
    RoutersFirst,

    /// <summary>
    /// The load balancer first, while new connections that did not fit the routers were held at the nodes; the routers when all of its machines had
    /// switched, while all new connections were held.
    /// </summary>
    HeldByContent,
}

/// <summary>How the two ends were switched, and what traffic had of it.</summary>
/// <param name="Why">Why not a better one; null if there is none, or if it was not wanted.</param>
/// <param name="Outage">How long requests through the load balancer were not served; null if that could not be watched.</param>
/// <param name="Held">How long connections were held: from the first machine of the load balancer that switched to the last router.</param>
public sealed record FlipReport(FlipManner Manner, string? Why, TimeSpan? Outage, TimeSpan Held)
{
    /// <summary>How many machines of the load balancer were watched; null if none could be.</summary>
    public int? Machines { get; init; }

    /// <summary>How far apart its machines switched; null where that was not seen.</summary>
    public TimeSpan? Apart { get; init; }

    /// <summary>How many requests of ours went through the load balancer; null if none could.</summary>
    public int? Requests { get; init; }

    /// <summary>How many of them failed.</summary>
    public int? Failed { get; init; }

    /// <summary>How long one of them waited for its answer at most.</summary>
    public TimeSpan? LongestWait { get; init; }
}
