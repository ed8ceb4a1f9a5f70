using System.Text.Json.Serialization;

namespace DeisProxy.Cluster.Etcd;

/// <summary>A key or a directory in etcd.</summary>
public sealed record EtcdNode
{
    /// <summary>The whole key, beginning with a slash.</summary>
    public required string Key { get; init; }

    /// <summary>The value; null for a directory. An empty value is not null.</summary>
    public string? Value { get; init; }

    /// <summary>Whether it is a directory.</summary>
    public bool IsDirectory { get; init; }

    /// <summary>What is in the directory; one level, or all of them for a recursive read. Hidden keys (<c>_name</c>) are left out by etcd.</summary>
    public IReadOnlyList<EtcdNode> Nodes { get; init; } = [];

    /// <summary>The index at which it was last set; what <see cref="EtcdCondition.Index"/> compares with.</summary>
    public ulong ModifiedIndex { get; init; }

    /// <summary>How long it has still to live; null: forever.</summary>
    public TimeSpan? TimeToLive { get; init; }

    /// <summary>The last part of the key.</summary>
    public string Name => Key[(Key.LastIndexOf('/') + 1)..];
}

/// <summary>What must be so for a write to happen; etcd checks it in the same step as it writes.</summary>
public sealed record EtcdCondition
{
    private EtcdCondition(string name, string text)
    {
        Name = name;
        Text = text;
    }

    /// <summary>The key must not exist.</summary>
    public static EtcdCondition Absent { get; } = new("prevExist", "false");

    internal string Name { get; }

    internal string Text { get; }

    /// <summary>The key must have this value.</summary>
    /// <param name="value">The value. Not empty: etcd's API has no way to say that; use <see cref="Index"/>.</param>
    public static EtcdCondition Value(string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(value);
        return new EtcdCondition("prevValue", value);
    }

    /// <summary>The key must not have been set since.</summary>
    public static EtcdCondition Index(ulong modifiedIndex) =>
        new("prevIndex", modifiedIndex.ToString(System.Globalization.CultureInfo.InvariantCulture));
}

/// <summary>etcd's own error codes, those that a client of the keys API meets.</summary>
public enum EtcdErrorCode
{
    /// <summary>The key does not exist.</summary>
    KeyNotFound = 100,

    /// <summary>A condition on the value or the index was not met.</summary>
    CompareFailed = 101,

    /// <summary>The key is a directory.</summary>
    NotAFile = 102,

    /// <summary>A part of the key is not a directory.</summary>
    NotADirectory = 104,

    /// <summary>The key exists and must not.</summary>
    NodeExists = 105,

    /// <summary>The root can only be read.</summary>
    RootIsReadOnly = 107,

    /// <summary>The directory is not empty.</summary>
    DirectoryNotEmpty = 108,

    /// <summary>The request needs credentials; it is reported as <c>etcd-access-denied</c>.</summary>
    Unauthorized = 110,

    /// <summary>A field of the request is wrong.</summary>
    InvalidField = 209,

    /// <summary>The write could not be agreed on; like every code from 300 to 399 it is reported as <c>etcd-unavailable</c>.</summary>
    RaftInternal = 300,

    /// <summary>A leader is being elected.</summary>
    LeaderElection = 301,

    /// <summary>The index that was asked for is too old.</summary>
    EventIndexCleared = 401,
}

/// <summary>etcd refused a request.</summary>
public sealed class EtcdException : Exception
{
    /// <summary>Creates the error.</summary>
    public EtcdException(EtcdErrorCode errorCode, string message, string cause, ulong index)
        : base($"{message} ({(int)errorCode}): {cause}")
    {
        ErrorCode = errorCode;
        Cause = cause;
        Index = index;
    }

    /// <summary>etcd's code; one that has no name in <see cref="EtcdErrorCode"/> is possible.</summary>
    public EtcdErrorCode ErrorCode { get; }

    /// <summary>The key, or what was compared.</summary>
    public string Cause { get; }

    /// <summary>etcd's index at that moment.</summary>
    public ulong Index { get; }
}

/// <summary>Any answer of the keys API, as it is on the wire.</summary>
internal sealed record WireAnswer(WireNode? Node, int? ErrorCode, string? Message, string? Cause, ulong Index);

/// <summary>A node as it is on the wire.</summary>
internal sealed record WireNode(string? Key, string? Value, bool Dir, List<WireNode?>? Nodes, ulong ModifiedIndex, long? Ttl)
{
    public EtcdNode ToNode() => new()
    {
        Key = Key ?? "/",
        Value = Dir ? null : Value ?? "",
        IsDirectory = Dir,
        Nodes = Nodes is null ? [] : [.. Nodes.OfType<WireNode>().Select(node => node.ToNode())],
        ModifiedIndex = ModifiedIndex,

        // More than a TimeSpan holds is forever.
        TimeToLive = Ttl is { } seconds and > int.MinValue and < int.MaxValue ? TimeSpan.FromSeconds(seconds) : null,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WireAnswer))]
internal sealed partial class EtcdJson : JsonSerializerContext;
