namespace DeisProxy.Sandbox.Etcd;

/// <summary>The tree behind etcd's v2 keys API, as etcd's own store keeps it (rules and their order from etcd's v2store).</summary>
internal sealed class EtcdStore(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly EtcdHistory _history = new();
    private readonly EtcdEntry _root = new("/", value: null, created: 0, expires: null);

    // A fresh member has written three entries of its own.
    private long _index = 3;

    public long Index
    {
        get
        {
            lock (_lock)
            {
                return _index;
            }
        }
    }

    /// <summary>Reads a key, or a directory with its children (all of its tree when recursive).</summary>
    public (EtcdEvent Event, long Index) Get(string path, bool recursive)
    {
        lock (_lock)
        {
            Expire();
            return (new EtcdEvent("get", View(Find(path), recursive, children: true), Previous: null), _index);
        }
    }

    /// <summary>The value of a key; null when it is absent or a directory.</summary>
    public string? Value(string path)
    {
        try
        {
            return Get(path, recursive: false).Event.Node.Value;
        }
        catch (EtcdException error) when (error.Code is 100 or 104)
        {
            return null;
        }
    }

    /// <summary>Whether there is a key or directory.</summary>
    public bool Exists(string path)
    {
        try
        {
            Get(path, recursive: false);
            return true;
        }
        catch (EtcdException error) when (error.Code is 100 or 104)
        {
            return false;
        }
    }

    /// <summary>PUT: set, create, update or compare-and-swap, as the conditions say.</summary>
    public (EtcdEvent Event, long Index) Put(EtcdWrite write)
    {
        lock (_lock)
        {
            Expire();
            var compares = write.PreviousIndex > 0 || write.PreviousValue.Length > 0;
            var change = write switch
            {
                { PreviousExists: false } => Create("create", write, replace: false),
                _ when compares => CompareAndSwap(write),
                { PreviousExists: true } => Update(write),
                _ => Set(write),
            };
            return (Record(change), _index);
        }
    }

    /// <summary>POST: creates a key in order below a directory.</summary>
    public (EtcdEvent Event, long Index) CreateInOrder(EtcdWrite write)
    {
        lock (_lock)
        {
            Expire();
            var path = $"{write.Path.TrimEnd('/')}/{_index + 1:00000000000000000000}";
            return (Record(Create("create", write with { Path = path }, replace: false)), _index);
        }
    }

    /// <summary>DELETE, with a comparison when one is given.</summary>
    public (EtcdEvent Event, long Index) Delete(EtcdWrite write, bool recursive)
    {
        lock (_lock)
        {
            Expire();
            var compares = write.PreviousIndex > 0 || write.PreviousValue.Length > 0;
            RequireWritable(write.Path);
            var entry = Find(write.Path);
            if (compares)
            {
                Compare(entry, write);
            }
            else if (entry.IsDirectory && !recursive)
            {
                if (!write.Directory)
                {
                    throw Fail(102, write.Path);
                }

                if (entry.Children!.Count > 0)
                {
                    throw Fail(108, write.Path);
                }
            }

            return (Record(Remove(entry, compares ? "compareAndDelete" : "delete")), _index);
        }
    }

    /// <summary>Waits for the next change of a key, or of anything below it; a change since an index that is past is answered at once.</summary>
    public (Task<EtcdEvent> Event, long Index) Watch(string path, bool recursive, long since, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Expire();
            return (_history.NextAsync(path, recursive, since, _index, cancellationToken), _index);
        }
    }

    /// <summary>Removes what has expired, so that watchers hear of it.</summary>
    public void RemoveExpired()
    {
        lock (_lock)
        {
            Expire();
        }
    }

    /// <summary>As Go's path.Clean of an absolute path.</summary>
    public static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }

    private EtcdException Fail(int code, string cause) => new(code, cause, _index);

    private void RequireWritable(string path)
    {
        if (path == "/")
        {
            throw Fail(107, "/");
        }
    }

    private EtcdEntry Find(string path)
    {
        var entry = _root;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!entry.IsDirectory)
            {
                throw Fail(104, entry.Path);
            }

            entry = entry.Children!.GetValueOrDefault(part)
                ?? throw Fail(100, entry.Path == "/" ? $"/{part}" : $"{entry.Path}/{part}");
        }

        return entry;
    }

    private EtcdEvent Set(EtcdWrite write)
    {
        EtcdEntry? before = null;
        try
        {
            before = Find(write.Path);
        }
        catch (EtcdException error) when (error.Code == 100 && !write.Refresh)
        {
            // A new key.
        }

        return Create("set", write.Refresh ? write with { Value = before!.Value ?? "" } : write, replace: true) with { Silent = write.Refresh };
    }

    private EtcdEvent Create(string action, EtcdWrite write, bool replace)
    {
        RequireWritable(write.Path);
        var parent = _root;
        var parts = write.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts[..^1])
        {
            if (!parent.Children!.TryGetValue(part, out var child))
            {
                child = parent.Add(part, value: null, _index + 1, expires: null);
            }

            parent = child.IsDirectory ? child : throw Fail(104, child.Path);
        }

        EtcdView? previous = null;
        if (parent.Children!.TryGetValue(parts[^1], out var existing))
        {
            if (!replace)
            {
                throw Fail(105, write.Path);
            }

            if (existing.IsDirectory)
            {
                throw Fail(102, write.Path);
            }

            previous = View(existing, recursive: false, children: false);
        }

        var entry = parent.Add(parts[^1], write.Directory ? null : write.Value, _index + 1, write.Expires);
        return new EtcdEvent(action, View(entry, recursive: false, children: false), previous);
    }

    private EtcdEvent Update(EtcdWrite write)
    {
        RequireWritable(write.Path);
        var entry = Find(write.Path);
        if (entry.IsDirectory && write.Value.Length > 0)
        {
            throw Fail(102, write.Path);
        }

        return Change("update", entry, write);
    }

    private EtcdEvent CompareAndSwap(EtcdWrite write)
    {
        RequireWritable(write.Path);
        var entry = Find(write.Path);
        Compare(entry, write);
        return Change("compareAndSwap", entry, write);
    }

    private EtcdEvent Change(string action, EtcdEntry entry, EtcdWrite write)
    {
        var previous = View(entry, recursive: false, children: false);
        if (!entry.IsDirectory)
        {
            entry.Value = write.Refresh ? entry.Value : write.Value;
            entry.Modified = _index + 1;
        }

        entry.Expires = write.Expires;
        // The event carries the new index; a directory itself keeps the index that it was made with.
        return new EtcdEvent(action, View(entry, recursive: false, children: false) with { ModifiedIndex = _index + 1 }, previous, write.Refresh);
    }

    private void Compare(EtcdEntry entry, EtcdWrite write)
    {
        if (entry.IsDirectory)
        {
            throw Fail(102, write.Path);
        }

        var causes = new List<string>();
        var valueMatches = write.PreviousValue.Length == 0 || write.PreviousValue == entry.Value;
        var indexMatches = write.PreviousIndex == 0 || write.PreviousIndex == entry.Modified;
        if (!valueMatches)
        {
            causes.Add($"[{write.PreviousValue} != {entry.Value}]");
        }

        if (!indexMatches)
        {
            causes.Add($"[{write.PreviousIndex} != {entry.Modified}]");
        }

        if (causes.Count > 0)
        {
            throw Fail(101, string.Join(' ', causes));
        }
    }

    private EtcdEvent Remove(EtcdEntry entry, string action)
    {
        var previous = View(entry, recursive: false, children: false);
        entry.Parent!.Children!.Remove(entry.Name);
        return new EtcdEvent(
            action,
            new EtcdView(entry.Path, Value: null, entry.IsDirectory, Expiration: null, Ttl: null, Children: null, _index + 1, entry.Created),
            previous);
    }

    private EtcdEvent Record(EtcdEvent change)
    {
        _history.Add(++_index, change);
        return change;
    }

    private void Expire()
    {
        var now = time.GetUtcNow();
        for (var expired = FirstExpired(_root, now); expired is not null; expired = FirstExpired(_root, now))
        {
            Record(Remove(expired, "expire"));
        }
    }

    private static EtcdEntry? FirstExpired(EtcdEntry entry, DateTimeOffset now) =>
        entry.Expires <= now ? entry : entry.Children?.Values.Select(child => FirstExpired(child, now)).FirstOrDefault(found => found is not null);

    private EtcdView View(EtcdEntry entry, bool recursive, bool children)
    {
        long? ttl = entry.Expires is { } expires ? (long)Math.Ceiling((expires - time.GetUtcNow()).TotalSeconds) : null;
        var shown = children && entry.IsDirectory
            ? entry.Children!.Values.Where(child => !child.Name.StartsWith('_')).Select(child => View(child, recursive, recursive)).ToList()
            : null;
        return new EtcdView(
            entry.Path, entry.Value, entry.IsDirectory, entry.Expires, ttl, shown is { Count: 0 } ? null : shown, entry.Modified, entry.Created);
    }
}
