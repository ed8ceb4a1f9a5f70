using System.Text.Json;

namespace DeisProxy.Core.Model;

/// <summary>How snapshots and steps are written as JSON.</summary>
public static class SnapshotJson
{
    /// <summary>Leaves out what is derived from the rest.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web) { IgnoreReadOnlyProperties = true };
}
