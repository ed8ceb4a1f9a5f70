namespace DeisProxy.Core.Applying;

/// <summary>Bounded waiting for something to become true, and bounded repetition of what may succeed in a moment.</summary>
internal static class Waiting
{
    /// <summary>How often something transient is tried in all.</summary>
    private const int Attempts = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the answer to a change is waited for after an interrupt.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);

    /// <summary>Reads again and again until what is read is as wanted.</summary>
    /// <param name="limit">How long at most.</param>
    public static async Task<(T Last, bool Reached)> UntilAsync<T>(
        TimeProvider time, TimeSpan limit, TimeSpan interval, Func<CancellationToken, Task<T>> read, Func<T, bool> wanted,
        CancellationToken cancellationToken)
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

    /// <summary>Repeats a call whose failure is transient, with growing pauses.</summary>
    public static async Task<T> RetryAsync<T>(TimeProvider time, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await call(cancellationToken);
            }
            catch (DeisProxyException error) when (error.IsTransient && attempt < Attempts)
            {
                await Task.Delay(FirstPause * Math.Pow(3, attempt - 1), time, cancellationToken);
            }
        }
    }

    /// <inheritdoc cref="RetryAsync{T}"/>
    public static Task RetryAsync(TimeProvider time, Func<CancellationToken, Task> call, CancellationToken cancellationToken) => RetryAsync(
        time,
        async ct =>
        {
            await call(ct);
            return true;
        },
        cancellationToken);

    /// <summary>
    /// Makes a change, and repeats it where its failure is transient. What has failed may have happened all the same: only what is there tells.
    /// </summary>
    public static Task ChangeAsync(
        TimeProvider time,
        Func<CancellationToken, Task> change,
        Func<CancellationToken, Task<bool>> isDone,
        CancellationToken cancellationToken) => RetryAsync(
        time,
        async ct =>
        {
            // A change that was left on its way could take effect after it has been put back: its answer is waited for, for a while.
            ct.ThrowIfCancellationRequested();
            using var late = new CancellationTokenSource();
            await using var registration = ct.Register(() => late.CancelAfter(AnswerTime));
            try
            {
                await change(late.Token);
            }
            catch (DeisProxyException)
            {
                if (!await isDone(ct))
                {
                    throw;
                }
            }
        },
        cancellationToken);
}
