namespace DeisProxy.Sandbox.Etcd;

/// <summary>The last changes, and those who wait for the next one. To be used under the store's lock.</summary>
internal sealed class EtcdHistory
{
    private const int Length = 1000;

    private readonly LinkedList<(long Index, EtcdEvent Event)> _changes = [];
    private readonly List<Watcher> _watchers = [];

    /// <summary>Takes note of a change, and tells those who wait for it.</summary>
    public void Add(long index, EtcdEvent change)
    {
        _changes.AddLast((index, change));
        if (_changes.Count > Length)
        {
            _changes.RemoveFirst();
        }

        foreach (var watcher in _watchers.FindAll(watcher => index >= watcher.Since && Concerns(change, watcher.Path, watcher.Recursive)))
        {
            watcher.Seen.TrySetResult(change);
        }

        _watchers.RemoveAll(watcher => watcher.Seen.Task.IsCompleted);
    }

    /// <summary>The next change of a key, or of anything below it; one since an index that is past is there already.</summary>
    /// <param name="present">The store's index.</param>
    public Task<EtcdEvent> NextAsync(string path, bool recursive, long since, long present, CancellationToken cancellationToken)
    {
        var first = _changes.First?.Value.Index ?? present + 1;
        if (since > 0 && since <= present)
        {
            if (since < first && _changes.Count == Length)
            {
                throw new EtcdException(401, $"the requested history has been cleared [{first}/{since}]", present);
            }

            foreach (var (index, past) in _changes)
            {
                if (index >= since && (Concerns(past, path, recursive) || RemovedPrefix(past, path)))
                {
                    return Task.FromResult(past);
                }
            }
        }

        var watcher = new Watcher(path, recursive, since);
        _watchers.Add(watcher);
        cancellationToken.Register(() => watcher.Seen.TrySetCanceled(cancellationToken));
        return watcher.Seen.Task;
    }

    private static bool Concerns(EtcdEvent change, string path, bool recursive)
    {
        if (change.Silent)
        {
            return false;
        }

        var key = change.Node.Key;
        var below = path == "/" ? "/" : $"{path}/";
        if (key == path)
        {
            return true;
        }

        if (recursive && key.StartsWith(below, StringComparison.Ordinal))
        {
            // What begins with an underscore is hidden from those who watch above it.
            return !key[below.Length..].Split('/').Any(part => part.StartsWith('_'));
        }

        return change.Action is "delete" or "expire" && change.Node.IsDirectory && path.StartsWith($"{key}/", StringComparison.Ordinal);
    }

    // etcd looks through its history with a plain prefix: a removed directory /d answers a watch of /deis, too.
    private static bool RemovedPrefix(EtcdEvent change, string path) =>
        change is { Action: "delete" or "expire", Previous: { IsDirectory: true, Key: var key } } && path.StartsWith(key, StringComparison.Ordinal);

    private sealed record Watcher(string Path, bool Recursive, long Since)
    {
        public TaskCompletionSource<EtcdEvent> Seen { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
