using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Output;

/// <summary>The JSON document of <c>setup</c>.</summary>
internal sealed record ChangeDocument(
    string Command,
    string? Stack,
    string Provider,
    LoadBalancerDocument? LoadBalancer,
    bool DryRun,
    bool Changed,
    IReadOnlyList<StepDocument> Steps,
    IReadOnlyList<NoticeDocument> Warnings,
    FlipManner? FlipManner,
    string? FlipReason,
    long? OutageMilliseconds,
    long? HeldMilliseconds,
    int? Machines,
    long? MachinesApartMilliseconds,
    int? RequestsSent,
    int? RequestsFailed,
    long? LongestWaitMilliseconds,
    ErrorDocument? Error);

internal sealed record LoadBalancerDocument(string Name, string DnsName);

internal sealed record StepDocument(string Id, string Description, string From, string To, StepStatus Status, long Milliseconds)
{
    public static StepDocument Of(StepProgress progress) => new(
        progress.Step.Id, progress.Step.Description, progress.Step.FromText, progress.Step.ToText, progress.Status,
        (long)progress.Duration.TotalMilliseconds);
}

internal sealed record NoticeDocument(string Id, string Message, string Remedy)
{
    public static NoticeDocument Of(Notice notice) => new(notice.Id, notice.Message, notice.Remedy);
}

internal sealed record ErrorDocument(string Code, string Message, string Remedy)
{
    public static ErrorDocument Of(Exception error) => error switch
    {
        DeisProxyException expected => new(expected.Code, expected.Message, expected.Remedy),
        OperationCanceledException => new("interrupted", "The command was interrupted.", "Run it again."),
        _ => new("bug", error.Message, "This is a bug in deis-proxy; please report it with the stack trace on stderr."),
    };
}

/// <summary>The JSON document of <c>verify</c>.</summary>
internal sealed record VerifyDocument(
    string Command, string? Stack, string Provider, bool Ok, IReadOnlyList<CheckDocument> Checks, ErrorDocument? Error);

internal sealed record CheckDocument(string Id, CheckStatus Status, string Seen, string Expected, string Remedy)
{
    public static CheckDocument Of(CheckResult check) => new(check.Id, check.Status, check.Seen, check.Expected, check.Remedy);
}

/// <summary>The JSON document of a command that could not begin, or of <c>template</c> when it fails.</summary>
/// <param name="Command">Empty: none was named.</param>
internal sealed record FailureDocument(string Command, ErrorDocument Error);

[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(FailureDocument))]
[JsonSerializable(typeof(VerifyDocument))]
internal sealed partial class DocumentJson : JsonSerializerContext
{
    /// <summary>As the contract has it: names in camel case, statuses in lower case, arrows readable.</summary>
    public static DocumentJson Contract { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
            {
                new JsonStringEnumConverter<StepStatus>(JsonNamingPolicy.CamelCase),
                new JsonStringEnumConverter<CheckStatus>(JsonNamingPolicy.CamelCase),
                new JsonStringEnumConverter<FlipManner>(JsonNamingPolicy.KebabCaseLower)
            },
    });

    /// <summary>A document's text. JSON's own rules escape control characters; what turns the direction of writing around is escaped here.</summary>
    public static string Text<T>(T document)
    {
        var json = JsonSerializer.Serialize(document, (JsonTypeInfo<T>)Contract.GetTypeInfo(typeof(T))!);
        return json.EnumerateRunes().Any(IsFormat)
            ? string.Concat(json.EnumerateRunes().Select(rune =>
                IsFormat(rune) ? string.Concat(rune.ToString().Select(unit => $"\\u{(int)unit:X4}")) : rune.ToString()))
            : json;

        static bool IsFormat(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format;
    }
}
