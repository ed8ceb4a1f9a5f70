namespace DeisProxy.Core.Applying;

/// <summary>In which order the two ends were switched.</summary>
public enum FlipManner
{
    /// <summary>The load balancer first; at the first sign of it every router at once, while new connections were held at the nodes.</summary>
    Held,

    /// <summary>The load balancer first; at the first sign of it every router at once.</summary>
    Watched,

    /// <summary>Both together, every router at once where that could be had.</summary>
    AtOnce,

    /// <summary>The routers first, each in its own time; the load balancer when half of them had switched.</summary>
    RoutersFirst,
}

/// <summary>How the two ends were switched, and what traffic had of it.</summary>
/// <param name="Why">Why not a better one; null if there is none, or if it was not wanted.</param>
/// <param name="Outage">How long requests through the load balancer were not served; null if that could not be watched.</param>
public sealed record FlipReport(FlipManner Manner, string? Why, TimeSpan? Outage, TimeSpan Held);
