using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A finished run of deis-proxy.</summary>
/// <param name="Document">What it said in JSON; null if that is not JSON.</param>
internal sealed record Tool(int ExitCode, JsonObject? Document, string Error)
{
    public double? Number(string name) => Document?[name] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    /// <summary>Code of the error that it ended with; null: there was none.</summary>
    public string? ErrorCode => (string?)Document?["error"]?["code"];

    /// <summary>Runs it as a person would, as a process of its own.</summary>
    public static async Task<Tool> RunAsync(Testbed bed, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        await using var tool = new RunningTool(bed, arguments);
        return await tool.EndAsync(cancellationToken);
    }

    /// <summary>Reads what a run has said.</summary>
    public static Tool Of(int exitCode, string output, string error) => new(exitCode, Parse(output), error);

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
