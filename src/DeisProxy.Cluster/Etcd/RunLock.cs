using System.Text.Json;
using System.Text.Json.Serialization;
using DeisProxy.Core;
using DeisProxy.Core.Applying;

namespace DeisProxy.Cluster.Etcd;

/// <summary>Who holds the lock.</summary>
/// <param name="ProcessSpace">Where that number means this process and no other; empty where it cannot be told.</param>
public sealed record LockHolder(string Id, string Who, string Command, DateTimeOffset Since, int ProcessId, string ProcessSpace)
{
    /// <summary>This process as a holder.</summary>
    public static LockHolder OfThisProcess(string who, string command, DateTimeOffset since) =>
        new(Guid.NewGuid().ToString("N"), who, command, since, Environment.ProcessId, ThisProcessSpace());

    /// <summary>Whether it can be told from here that the holder's process has ended.</summary>
    internal bool IsGone => ProcessSpace.Length > 0 && ProcessSpace == ThisProcessSpace() && !Directory.Exists($"/proc/{ProcessId}");

    /// <inheritdoc/>
    public override string ToString() => $"{RemoteText.Clean(Who, 80)} ({RemoteText.Clean(Command, 20)}, since {Since.UtcDateTime:u})";

    /// <summary>The boot and the process namespace: two containers of one host name have different ones.</summary>
    private static string ThisProcessSpace()
    {
        try
        {
            return $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()} {new FileInfo("/proc/self/ns/pid").LinkTarget}";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

/// <summary>
/// The lock that keeps two runs on one cluster apart: the key <c>/deis-proxy/lock</c> in etcd, with a time to live that the holder
/// refreshes. A holder that is killed leaves it behind for no longer than that time.
/// </summary>
public sealed partial class RunLock : IRunLock, IAsyncDisposable
{
    /// <summary>The lock's key.</summary>
    public const string Key = "/deis-proxy/lock";

    /// <summary>How long the lock outlives a holder that is gone.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(10);

    /// <summary>How long one attempt may take: the answer to it may have been lost.</summary>
    private static readonly TimeSpan ReleaseAttempt = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ReleasePause = TimeSpan.FromMilliseconds(200);

    private readonly EtcdClient _etcd;
    private readonly TimeProvider _time;
    private readonly LockHolder _holder;
    private readonly string _value;
    private readonly Action<string> _warn;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _released = new();
    private readonly Task _refreshing;
    private volatile bool _wasLost;
    private volatile Moment _refreshed;

    private RunLock(EtcdClient etcd, TimeProvider time, LockHolder holder, string value, Moment taken, Action<string> warn)
    {
        (_etcd, _time, _holder, _value, _refreshed, _warn) = (etcd, time, holder, value, taken, warn);
        _refreshing = RefreshAsync();
    }

    /// <summary>Is cancelled when the lock is no longer held, though it was not given back.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <inheritdoc/>
    public TimeSpan HeldForSure
    {
        get
        {
            // While a machine sleeps, only the one clock goes on; the other is not set right meanwhile.
            var refreshed = _refreshed;
            var (steady, wall) = (_time.GetElapsedTime(refreshed.Timestamp), _time.GetUtcNow() - refreshed.Utc);
            var left = TimeToLive - (wall > steady ? wall : steady);
            return _wasLost || left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    /// <summary>Takes the lock.</summary>
    /// <param name="warn">Is told when it could not be given back in the end.</param>
    /// <exception cref="DeisProxyException"><c>locked</c>: somebody else holds it; or etcd is not available.</exception>
    public static async Task<RunLock> AcquireAsync(
        EtcdClient etcd, LockHolder holder, TimeProvider time, Action<string> warn, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(etcd);
        ArgumentNullException.ThrowIfNull(holder);
        var value = JsonSerializer.Serialize(holder, LockJson.Default.LockHolder);
        var begun = Moment.Now(time);
        await TakeAsync(etcd, holder, value, cancellationToken);
        return new RunLock(etcd, time, holder, value, begun, warn);
    }

    /// <summary>Says who holds the lock, without taking it.</summary>
    /// <returns>Who, for people; null if nobody does, or if it is known from here that the holder is gone.</returns>
    public static async Task<string?> DescribeHolderAsync(EtcdClient etcd, string self, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(etcd);
        var found = await EtcdErrors.CallAsync(() => etcd.GetAsync(Key, recursive: false, cancellationToken));
        return found is null || (Parse(found.Value) is { IsGone: true } holder && holder.Who == self) ? null : Describe(found.Value);
    }

    /// <inheritdoc/>
    public async Task<bool> EnsureHeldAsync(bool takeBack, CancellationToken cancellationToken)
    {
        try
        {
            await EtcdErrors.CallAsync(() => RefreshOnceAsync(cancellationToken));
            return !_wasLost;
        }
        catch (DeisProxyException error)
            when (error.InnerException is EtcdException { ErrorCode: EtcdErrorCode.KeyNotFound or EtcdErrorCode.CompareFailed })
        {
            _wasLost = true;
            if (takeBack)
            {
                await TakeAsync(_etcd, _holder, _value, cancellationToken);
                return false;
            }

            var holder = await DescribeHolderAsync(_etcd, _holder.Who, cancellationToken);
            throw new DeisProxyException(
                "lock-lost",
                $"The lock in etcd was lost while the run was under way: {(holder is null ? "somebody has removed it" : $"{holder} has it now")}.",
                "Find out who is changing this cluster; then run the command again.",
                error);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _released.CancelAsync();
        await _refreshing;
        if (await ReleaseAsync() is { } error)
        {
            var why = error is OperationCanceledException ? "etcd did not answer" : error.Message.TrimEnd('.');
            _warn($"Could not release the lock ({why}). It expires within {TimeToLive.TotalSeconds} s; until then other runs are refused.");
        }

        _lost.Dispose();
        _released.Dispose();
    }

    /// <summary>Gives the lock back. Returns why it may still be there; null: it is this run's no longer.</summary>
    private async Task<Exception?> ReleaseAsync()
    {
        for (var begun = _time.GetTimestamp(); ; await Task.Delay(ReleasePause, _time, CancellationToken.None))
        {
            using var limit = new CancellationTokenSource(ReleaseAttempt, _time);
            try
            {
                await _etcd.DeleteAsync(Key, EtcdCondition.Value(_value), recursive: false, limit.Token);
                return null;
            }
            catch (EtcdException error) when (error.ErrorCode is EtcdErrorCode.KeyNotFound or EtcdErrorCode.CompareFailed)
            {
                // Given back by an attempt before, or somebody else's by now.
                return null;
            }
            catch (Exception error) when (error is EtcdException or DeisProxyException or OperationCanceledException)
            {
                if (error is EtcdException or DeisProxyException { IsTransient: false } || _time.GetElapsedTime(begun) >= ReleaseLimit)
                {
                    return error;
                }
            }
        }
    }

    private async Task<EtcdNode> RefreshOnceAsync(CancellationToken cancellationToken)
    {
        // etcd counts from somewhere between the request and its answer.
        var begun = Moment.Now(_time);
        var node = await _etcd.RefreshTtlAsync(Key, _value, TimeToLive, cancellationToken);
        _refreshed = begun;
        return node;
    }

    private async Task RefreshAsync()
    {
        using var timer = new PeriodicTimer(RefreshInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_released.Token))
            {
                try
                {
                    await RefreshOnceAsync(_released.Token);
                }
                catch (EtcdException error) when (error.ErrorCode is EtcdErrorCode.KeyNotFound or EtcdErrorCode.CompareFailed)
                {
                    // It may be taken back, and is then to be kept again.
                    _wasLost = true;
                    await _lost.CancelAsync();
                }
                catch (Exception error) when (error is EtcdException or DeisProxyException)
                {
                    // Out of reach for the moment; it is lost only when its time has run out.
                    if (HeldForSure <= RefreshInterval)
                    {
                        await _lost.CancelAsync();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_released.IsCancellationRequested)
        {
            // Given back.
        }
    }

    private static async Task TakeAsync(EtcdClient etcd, LockHolder holder, string value, CancellationToken cancellationToken)
    {
        try
        {
            // Not cancelled on its way: a lock that was taken without anybody knowing would lie there until its time is up.
            cancellationToken.ThrowIfCancellationRequested();
            await EtcdErrors.CallAsync(() => etcd.SetAsync(Key, value, EtcdCondition.Absent, TimeToLive, CancellationToken.None));
        }
        catch (DeisProxyException error) when (error.InnerException is EtcdException { ErrorCode: EtcdErrorCode.NodeExists } || error.IsTransient)
        {
            // Held by somebody; or taken by this very request, whose answer was lost.
            var found = await EtcdErrors.CallAsync(() => etcd.GetAsync(Key, recursive: false, cancellationToken));
            if (found is null)
            {
                throw;
            }

            if (found.Value != value)
            {
                await TakeOverAsync(etcd, found, holder, value, error, cancellationToken);
            }
        }
    }

    /// <summary>Takes the lock of a holder that is known to be gone, so that nobody has to wait for its time to run out.</summary>
    private static async Task TakeOverAsync(
        EtcdClient etcd, EtcdNode found, LockHolder self, string value, Exception error, CancellationToken cancellationToken)
    {
        var holder = Parse(found.Value);
        // Another user's processes may be hidden from this one, so only one's own can be known to be gone.
        if (holder?.IsGone == true && holder.Who == self.Who)
        {
            await EtcdErrors.CallAsync(() => etcd.SetAsync(Key, value, EtcdCondition.Index(found.ModifiedIndex), TimeToLive, cancellationToken));
            return;
        }

        throw new DeisProxyException(
            IRunLock.HeldByAnother,
            $"Another run holds the lock: {Describe(found.Value)}.",
            $"Wait for it to end. If its process is gone, the lock expires within {TimeToLive.TotalSeconds} s; etcdctl rm {Key} on a node breaks it "
                + "at once.",
            error);
    }

    private static string Describe(string? value) => Parse(value)?.ToString() ?? "somebody";

    private static LockHolder? Parse(string? text)
    {
        try
        {
            return text is null ? null : JsonSerializer.Deserialize(text, LockJson.Default.LockHolder);
        }
        catch (JsonException)
        {
            // Written by another program; that it is held is enough.
            return null;
        }
    }

    private sealed record Moment(long Timestamp, DateTimeOffset Utc)
    {
        public static Moment Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow());
    }

    [JsonSourceGenerationOptions(RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
    [JsonSerializable(typeof(LockHolder))]
    private sealed partial class LockJson : JsonSerializerContext;
}
