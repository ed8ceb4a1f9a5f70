using System.Text.Json;

namespace DeisProxy.Core.Applying;

/// <summary>A place that keeps small texts by name.</summary>
public interface IRecordStore
{
    /// <summary>Reads a text.</summary>
    /// <returns>The text, or null if there is none of that name.</returns>
    Task<string?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a text over what is there.</summary>
    Task WriteAsync(string name, string text, CancellationToken cancellationToken);

    /// <summary>Removes a text; one that is not there is no error.</summary>
    Task DeleteAsync(string name, CancellationToken cancellationToken);
}

/// <summary>
/// The record of the run under way, and of the last one that ended well. Kept in the cluster's etcd, where another machine
/// finds it, and as a second copy on this machine, in case etcd is lost.
/// </summary>
/// <param name="warn">Is told when the second copy cannot be kept.</param>
public sealed class Journal(IRecordStore cluster, IRecordStore local, Action<string> warn)
{
    private const string Unfinished = "run";
    private const string Last = "history";

    /// <summary>Says in the cluster that this journal has been kept there: what it does not hold any more has ended, wherever a copy lies.</summary>
    private const string Kept = "kept";

    private bool _isMarked;

    /// <summary>Reads the record of a run that has not ended.</summary>
    /// <returns>The record, or null if there is none.</returns>
    public Task<RunRecord?> ReadUnfinishedAsync(CancellationToken cancellationToken) => ReadAsync(Unfinished, cancellationToken);

    /// <summary>Reads the record of the last <c>setup</c> that ended well.</summary>
    /// <returns>The record, or null if there is none.</returns>
    public Task<RunRecord?> ReadHistoryAsync(CancellationToken cancellationToken) => ReadAsync(Last, cancellationToken);

    /// <summary>Writes how far the run is, before a step begins.</summary>
    public Task WriteAsync(RunRecord record, CancellationToken cancellationToken) => WriteAsync(Unfinished, record, cancellationToken);

    /// <summary>Closes a run.</summary>
    /// <param name="history">The record to keep for <c>teardown</c>; null if everything is as before the first setup.</param>
    public async Task CloseAsync(RunRecord? history, CancellationToken cancellationToken)
    {
        if (history is null)
        {
            await DeleteAsync(Last, cancellationToken);
        }
        else
        {
            await WriteAsync(Last, history, cancellationToken);
        }

        await DeleteAsync(Unfinished, cancellationToken);
    }

    /// <summary>Drops the record of a run that has been put back; what <c>teardown</c> knows stays.</summary>
    public Task DropAsync(CancellationToken cancellationToken) => DeleteAsync(Unfinished, cancellationToken);

    private async Task<RunRecord?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        var text = await cluster.ReadAsync(name, cancellationToken);
        if (text is null && await cluster.ReadAsync(Kept, cancellationToken) is null)
        {
            text = await LocallyAsync(() => local.ReadAsync(name, cancellationToken));
        }

        if (text is null)
        {
            return null;
        }

        try
        {
            return RunRecord.Parse(text) ?? throw Unreadable(name, innerException: null);
        }
        catch (JsonException error)
        {
            throw Unreadable(name, error);
        }
    }

    private async Task WriteAsync(string name, RunRecord record, CancellationToken cancellationToken)
    {
        var text = record.ToJson();

        // Here first: should the way to the cluster break now, this copy is ahead and not behind.
        await LocallyAsync(async () =>
        {
            await local.WriteAsync(name, text, cancellationToken);
            return null;
        });
        if (!_isMarked)
        {
            await cluster.WriteAsync(Kept, "1", cancellationToken);
            _isMarked = true;
        }

        await cluster.WriteAsync(name, text, cancellationToken);
    }

    private async Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await cluster.DeleteAsync(name, cancellationToken);
        await LocallyAsync(async () =>
        {
            await local.DeleteAsync(name, cancellationToken);
            return null;
        });
    }

    private async Task<string?> LocallyAsync(Func<Task<string?>> call)
    {
        try
        {
            return await call();
        }
        catch (DeisProxyException error)
        {
            warn($"{error.Message} {error.Remedy}");
            return null;
        }
    }

    private static DeisProxyException Unreadable(string name, Exception? innerException) => new(
        "journal-unreadable",
        $"Could not read the journal's record \"{name}\"; a newer deis-proxy may have written it.",
        "Use the newest deis-proxy. If the record is broken, find it in etcd (etcdctl ls --recursive /deis-proxy), save it, and remove that "
            + $"\"{name}\".",
        innerException);
}
