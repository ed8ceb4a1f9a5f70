using System.Text.Json;
using System.Text.Json.Serialization;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Etcd;

/// <summary>Who holds the lock.</summary>
/// <param name="Id">Unique to the run, so that a repeated request is known for one's own.</param>
/// <param name="Who">User and host.</param>
/// <param name="Command">Command that runs.</param>
/// <param name="Since">When it began.</param>
/// <param name="ProcessId">Its process.</param>
/// <param name="ProcessSpace">Where that number means this process and no other; empty where it cannot be told.</param>
public sealed record LockHolder(string Id, string Who, string Command, DateTimeOffset Since, int ProcessId, string ProcessSpace)
{
    /// <summary>This process as a holder.</summary>
    /// <param name="who">User and host.</param>
    /// <param name="command">Command that runs.</param>
    /// <param name="since">When it began.</param>
    /// <returns>The holder.</returns>
    public static LockHolder OfThisProcess(string who, string command, DateTimeOffset since) =>
        new(Guid.NewGuid().ToString("N"), who, command, since, Environment.ProcessId, ThisProcessSpace());

    /// <summary>Whether it can be told from here that the holder's process has ended.</summary>
    internal bool IsGone => ProcessSpace.Length > 0 && ProcessSpace == ThisProcessSpace() && !Directory.Exists($"/proc/{ProcessId}");

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
public sealed partial class RunLock : IAsyncDisposable
{
    /// <summary>The lock's key.</summary>
    public const string Key = "/deis-proxy/lock";

    /// <summary>How long the lock outlives a holder that is gone.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ReleasePause = TimeSpan.FromMilliseconds(200);

    private readonly EtcdClient _etcd;
    private readonly TimeProvider _time;
    private readonly string _value;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _released = new();
    private readonly Task _refreshing;

    private RunLock(EtcdClient etcd, TimeProvider time, string value)
    {
        (_etcd, _time, _value) = (etcd, time, value);
        _refreshing = RefreshAsync();
    }

    /// <summary>Is cancelled when the lock is no longer held, though it was not given back.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Takes the lock.</summary>
    /// <param name="etcd">The cluster's etcd; it stays the caller's.</param>
    /// <param name="holder">Who takes it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The lock; disposing it gives it back.</returns>
    /// <exception cref="DeisProxyException"><c>locked</c>: somebody else holds it; or etcd is not available.</exception>
    public static async Task<RunLock> AcquireAsync(EtcdClient etcd, LockHolder holder, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(etcd);
        ArgumentNullException.ThrowIfNull(holder);
        var value = JsonSerializer.Serialize(holder, LockJson.Default.LockHolder);
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

        return new RunLock(etcd, time, value);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _released.CancelAsync();
        await _refreshing;
        using var limit = new CancellationTokenSource(ReleaseLimit, _time);
        for (var released = false; !released;)
        {
            try
            {
                await _etcd.DeleteAsync(Key, EtcdCondition.Value(_value), recursive: false, limit.Token);
                released = true;
            }
            catch (DeisProxyException error) when (error.IsTransient && !limit.IsCancellationRequested)
            {
                await Task.Delay(ReleasePause, _time, CancellationToken.None);
            }
            catch (Exception error) when (error is EtcdException or DeisProxyException or OperationCanceledException)
            {
                // It is somebody else's by now, or cannot be reached: then it ends by itself.
                released = true;
            }
        }

        _lost.Dispose();
        _released.Dispose();
    }

    private async Task RefreshAsync()
    {
        var refreshed = _time.GetTimestamp();
        using var timer = new PeriodicTimer(RefreshInterval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_released.Token))
            {
                try
                {
                    await _etcd.RefreshTtlAsync(Key, _value, TimeToLive, _released.Token);
                    refreshed = _time.GetTimestamp();
                }
                catch (EtcdException error) when (error.ErrorCode is EtcdErrorCode.KeyNotFound or EtcdErrorCode.CompareFailed)
                {
                    await _lost.CancelAsync();
                    return;
                }
                catch (Exception error) when (error is EtcdException or DeisProxyException)
                {
                    // Out of reach for the moment; it is lost only when its time has run out.
                    if (_time.GetElapsedTime(refreshed) + RefreshInterval >= TimeToLive)
                    {
                        await _lost.CancelAsync();
                        return;
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_released.IsCancellationRequested)
        {
            // Given back.
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

        var who = holder is null
            ? "somebody"
            : $"{RemoteText.Clean(holder.Who, 80)} ({RemoteText.Clean(holder.Command, 20)}, since {holder.Since.UtcDateTime:u})";
        throw new DeisProxyException(
            "locked",
            $"Another run holds the lock: {who}.",
            $"Wait for it to end. If its process is gone, the lock ends by itself within {TimeToLive.TotalSeconds} s; etcdctl rm {Key} on a node breaks it at once.",
            error);
    }

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

    [JsonSerializable(typeof(LockHolder))]
    private sealed partial class LockJson : JsonSerializerContext;
}
