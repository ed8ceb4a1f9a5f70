using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using DeisProxy.Output;
using Json.Schema;

namespace DeisProxy.Tests;

/// <summary>The JSON Schema of what <c>--output json</c> prints: made from the documents' own types, and held against what commands print.</summary>
internal static class OutputSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSchema Written = JsonSchema.FromText(File.ReadAllText(Path.Combine(Repository.Root, "docs", "output.schema.json")));

    /// <summary>The same, but nothing may be in a document that is not in the schema.</summary>
    private static readonly JsonSchema Closed = JsonSchema.FromText(Make(isClosed: true));

    /// <summary>Makes it: published it is open, as more may be added; closed it refuses members that it does not name.</summary>
    public static string Make(bool isClosed = false)
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "What deis-proxy prints with --output json",
            ["anyOf"] = new JsonArray(
                Document(isClosed, DocumentJson.Contract.ChangeDocument, "setup and teardown", "setup", "teardown"),
                Document(isClosed, DocumentJson.Contract.VerifyDocument, "verify", "verify"),
                Document(isClosed, DocumentJson.Contract.FailureDocument, "wrong usage of any command, and template when it fails")),
        };
        return $"{schema.ToJsonString(Indented)}\n";
    }

    /// <summary>Fails if a document is not as the schema has it.</summary>
    public static JsonNode Valid(string output)
    {
        ShouldHold(Closed, output);
        var later = JsonNode.Parse(output)!;
        later["added"] = "later";
        ShouldHold(Written, later.ToJsonString());
        return JsonNode.Parse(output)!;
    }

    private static void ShouldHold(JsonSchema schema, string output)
    {
        using var document = JsonDocument.Parse(output);
        var results = schema.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        results.IsValid.ShouldBeTrue($"{output}\n{string.Join('\n', Errors(results))}");
    }

    private static IEnumerable<string> Errors(EvaluationResults results) =>
        (results.Details ?? []).SelectMany(detail => detail.Errors?.Select(error => $"{detail.InstanceLocation}: {error.Value}") ?? []);

    private static JsonNode Document(bool isClosed, JsonTypeInfo type, string title, params string[] commands)
    {
        var schema = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (_, part) => Require(part, isClosed),
        });
        if (commands.Length > 0)
        {
            schema["properties"]!["command"] = new JsonObject
            {
                ["enum"] = new JsonArray([.. commands.Select(command => JsonValue.Create(command))]),
            };
        }

        schema["title"] = title;
        return schema;
    }

    /// <summary>Every member is always there.</summary>
    private static JsonNode Require(JsonNode schema, bool isClosed)
    {
        if (schema is JsonObject { } type && type["properties"] is JsonObject properties)
        {
            type["required"] = new JsonArray([.. properties.Select(property => JsonValue.Create(property.Key))]);
            if (isClosed)
            {
                type["additionalProperties"] = false;
            }
        }

        return schema;
    }
}
