using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Rackspace;

namespace DeisProxy.Core.Applying;

/// <summary>
/// What the journal holds of a run: enough for another process on another machine to finish it or to put everything back. It is
/// written before each step. It holds no secrets: certificates are named by their ARN only.
/// </summary>
public sealed record RunRecord
{
    /// <summary>
    /// The format that this release writes. Format 1 (deis-proxy 0.1.0) knew classic load balancers only, and not what setup had made.
    /// </summary>
    public const int CurrentFormat = 2;

    /// <summary>Format of the record.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Command that runs: <c>setup</c> or <c>teardown</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Who runs it, as <c>user@host</c>.</summary>
    public required string Holder { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What was there before the first setup: what <c>teardown</c> goes back to.</summary>
    public required ClusterSnapshot Original { get; init; }

    /// <summary>What setup has made of <see cref="Original"/>, over several runs: only that goes back, whatever a later release would make.</summary>
    public required ClusterSnapshot Made { get; init; }

    /// <summary>The ports of the routers that setup has been told, over several runs.</summary>
    public required ValueList<int> RouterPorts { get; init; }

    /// <summary>The steps, in their order.</summary>
    public required ValueList<Step> Steps { get; init; }

    /// <summary>How many of the first steps mend what an earlier run has left half done. They are never undone: that would break it again.</summary>
    public int Repairs { get; init; }

    /// <summary>The change that these steps mend; null if there are none.</summary>
    public Step? CutOff { get; init; }

    /// <summary>Index of the last step that has been begun: those after it are not begun.</summary>
    public int Current { get; init; }

    /// <summary>Whether the steps are being undone, from <see cref="Current"/> backwards.</summary>
    public bool Undoing { get; init; }

    /// <summary>The step that has been begun, for people.</summary>
    /// <returns>For example <c>setup by ann@ci, begun 2026-01-01 10:00:00Z, at step listener-80</c>.</returns>
    public override string ToString() =>
        $"{Command} by {Holder}, begun {StartedAt.UtcDateTime:u}, {(Undoing ? "undoing" : "at")} step {Steps[Current].Id}";

    /// <summary>The record as the journal keeps it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, RecordJson.Contract.RunRecord);

    /// <summary>Reads what the journal keeps.</summary>
    /// <returns>The record; null if its format is unknown or something in it contradicts the rest.</returns>
    /// <exception cref="JsonException">It is no record.</exception>
    public static RunRecord? Parse(string text)
    {
        try
        {
            // A name that is there twice would be an error of another kind, and only where it is looked for.
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) is JsonObject json
                ? Read(json)
                : null;
        }
        catch (Exception error) when (error is InvalidOperationException or NotSupportedException or FormatException or ArgumentException
            or OverflowException)
        {
            // A value of another kind than is asked for, half a character, or what an old record cannot be brought up to date with.
            throw new JsonException(error.Message, error);
        }
    }

    private static RunRecord? Read(JsonObject json)
    {
        if (json["format"] is JsonValue format && format.TryGetValue<int>(out var number) && number == 1)
        {
            RecordFormat1.Upgrade(json);
        }

        return json.Deserialize(RecordJson.Contract.RunRecord) is { Format: CurrentFormat, Steps.Count: > 0, Current: >= 0 } record
            && record.Current < record.Steps.Count ? record : null;
    }
}

/// <summary>How records, snapshots and steps are written as JSON: by generated code, because a native program has no reflection.</summary>
[JsonSerializable(typeof(RunRecord))]
internal sealed partial class RecordJson : JsonSerializerContext
{
    /// <summary>Leaves out what is derived from the rest; lists compare by value.</summary>
    public static RecordJson Contract { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        IgnoreReadOnlyProperties = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowOutOfOrderMetadataProperties = true,
        Converters =
        {
            new ValueListConverter<int>(),
            new ValueListConverter<string>(),
            new ValueListConverter<Step>(),
            new ValueListConverter<Node>(),
            new ValueListConverter<LiveRouter>(),
            new ValueListConverter<Listener>(),
            new ValueListConverter<LoadBalancerPolicy>(),
            new ValueListConverter<PolicyAttribute>(),
            new ValueListConverter<BackendPolicies>(),
            new ValueListConverter<RegisteredInstance>(),
            new ValueListConverter<OtherLoadBalancer>(),
            new ValueListConverter<SecurityGroup>(),
            new ValueListConverter<IngressRule>(),
            new ValueListConverter<Unread>(),
            new ValueListConverter<VirtualIp>(),
            new ValueListConverter<BalancerNode>(),
            new ValueListConverter<LoadBalancerSummary>(),
            new ValueListConverter<WebSocketBalancer>(),
        },
    });
}
