namespace DeisProxy.Core.Applying;

/// <summary>Bounded waiting for something to become true.</summary>
internal static class Waiting
{
    /// <summary>Reads again and again until what is read is as wanted.</summary>
    /// <typeparam name="T">What is read.</typeparam>
    /// <param name="time">The clock.</param>
    /// <param name="limit">How long at most.</param>
    /// <param name="interval">Pause between two reads.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="wanted">Judges it.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>What was read last, and whether it is as wanted.</returns>
    public static async Task<(T Last, bool Reached)> UntilAsync<T>(
        TimeProvider time, TimeSpan limit, TimeSpan interval, Func<CancellationToken, Task<T>> read, Func<T, bool> wanted, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var last = await read(cancellationToken);
            if (wanted(last))
            {
                return (last, true);
            }

            if (time.GetElapsedTime(start) >= limit)
            {
                return (last, false);
            }

            await Task.Delay(interval, time, cancellationToken);
        }
    }
}
