namespace DeisProxy.Sandbox.Etcd;

/// <summary>An error of the keys API.</summary>
internal sealed class EtcdException(int code, string cause, long index) : Exception(EtcdException.Text(code))
{
    public int Code { get; } = code;

    public string Cause { get; } = cause;

    public long Index { get; } = index;

    public int Status => Code switch
    {
        100 => 404,
        102 or 108 => 403,
        101 or 105 => 412,
        110 => 401,
        300 or 301 => 500,
        _ => 400,
    };

    private static string Text(int code) => code switch
    {
        100 => "Key not found",
        101 => "Compare failed",
        102 => "Not a file",
        104 => "Not a directory",
        105 => "Key already exists",
        107 => "Root is read only",
        108 => "Directory not empty",
        201 => "PrevValue is Required in POST form",
        202 => "The given TTL in POST form is not a number",
        203 => "The given index in POST form is not a number",
        209 => "Invalid field",
        210 => "Invalid POST form",
        211 => "Value provided on refresh",
        212 => "A TTL must be provided on refresh",
        300 => "Raft Internal Error",
        401 => "The event in requested index is outdated and cleared",
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "not an error of the keys API"),
    };
}

/// <summary>A node as an answer shows it.</summary>
internal sealed record EtcdView(
    string Key, string? Value, bool IsDirectory, DateTimeOffset? Expiration, long? Ttl, IReadOnlyList<EtcdView>? Children, long ModifiedIndex,
    long CreatedIndex);

/// <summary>Something that happened to a key.</summary>
/// <param name="Silent">A refreshed TTL: watchers are not told.</param>
internal sealed record EtcdEvent(string Action, EtcdView Node, EtcdView? Previous, bool Silent = false)
{
    public bool IsCreated => Action == "create" || (Action == "set" && Previous is null);
}

/// <summary>What a write asks for.</summary>
internal sealed record EtcdWrite(string Path)
{
    public string Value { get; init; } = "";

    public bool Directory { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public bool Refresh { get; init; }

    public string PreviousValue { get; init; } = "";

    public long PreviousIndex { get; init; }

    public bool? PreviousExists { get; init; }
}

/// <summary>A key or directory in the tree.</summary>
internal sealed class EtcdEntry(string path, string? value, long created, DateTimeOffset? expires)
{
    public string Path { get; } = path;

    public string Name { get; } = path[(path.LastIndexOf('/') + 1)..];

    public string? Value { get; set; } = value;

    /// <summary>Null for a key that is no directory.</summary>
    public SortedDictionary<string, EtcdEntry>? Children { get; } = value is null ? new(StringComparer.Ordinal) : null;

    public bool IsDirectory => Children is not null;

    public EtcdEntry? Parent { get; private init; }

    public long Created { get; } = created;

    public long Modified { get; set; } = created;

    public DateTimeOffset? Expires { get; set; } = expires;

    public EtcdEntry Add(string name, string? value, long created, DateTimeOffset? expires)
    {
        var child = new EtcdEntry(Path == "/" ? $"/{name}" : $"{Path}/{name}", value, created, expires) { Parent = this };
        Children![name] = child;
        return child;
    }
}
