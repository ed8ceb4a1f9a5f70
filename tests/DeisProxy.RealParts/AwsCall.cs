namespace DeisProxy.RealParts;

/// <summary>A call to AWS, with the times of a <see cref="System.Diagnostics.Stopwatch"/> at which it came and was answered.</summary>
public sealed class AwsCall(string action, long begun)
{
    public string Action { get; } = action;

    public long Begun { get; } = begun;

    /// <summary>When it was answered; the greatest number: not yet, or with an error that the test asked for.</summary>
    public long Ended { get; set; } = long.MaxValue;

    /// <summary>The longest chain of calls that waited for each other: each came after the one before it had been answered.</summary>
    public static IReadOnlyList<AwsCall> LongestChain(IEnumerable<AwsCall> calls)
    {
        var chains = new List<List<AwsCall>>();
        foreach (var call in calls.OrderBy(call => call.Begun))
        {
            chains.Add([.. chains.Where(chain => chain[^1].Ended <= call.Begun).MaxBy(chain => chain.Count) ?? [], call]);
        }

        return chains.MaxBy(chain => chain.Count) ?? [];
    }
}
