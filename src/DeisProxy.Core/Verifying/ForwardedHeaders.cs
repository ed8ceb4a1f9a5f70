using System.Text.Json;

namespace DeisProxy.Core.Verifying;

/// <summary>The headers that an application behind the load balancer was given, as it echoes them.</summary>
/// <param name="For"><c>X-Forwarded-For</c>; null if the application does not name it.</param>
/// <param name="Proto"><c>X-Forwarded-Proto</c>; null likewise.</param>
/// <param name="Port"><c>X-Forwarded-Port</c>; null likewise.</param>
public sealed record ForwardedHeaders(string? For, string? Proto, string? Port)
{
    /// <summary>
    /// Reads the echo of an application: JSON with the headers as properties at any depth, or plain text with one <c>Header: value</c> a line.
    /// The names may also be written as CGI does it, <c>HTTP_X_FORWARDED_FOR</c>.
    /// </summary>
    public static ForwardedHeaders Parse(string body)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 16 });
            Collect(document.RootElement, found);
        }
        catch (JsonException)
        {
            // Not JSON, or cut in the middle of it: lines then.
            foreach (var line in body.Split('\n'))
            {
                var end = line.AsSpan().IndexOfAny(':', '=');
                if (end > 0)
                {
                    found.TryAdd(Canonical(line[..end]), line[(end + 1)..].Trim(' ', '\t', '\r', '"', ','));
                }
            }
        }

        return new(
            found.GetValueOrDefault("X-FORWARDED-FOR"), found.GetValueOrDefault("X-FORWARDED-PROTO"), found.GetValueOrDefault("X-FORWARDED-PORT"));
    }

    private static void Collect(JsonElement element, Dictionary<string, string> found)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Collect(item, found);
            }
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            if (ValueOf(property.Value) is { } value)
            {
                found.TryAdd(Canonical(property.Name), value);
            }

            Collect(property.Value, found);
        }
    }

    /// <summary>A header given twice may be echoed as a list.</summary>
    private static string? ValueOf(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.GetRawText(),
        JsonValueKind.Array when element.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String) =>
            string.Join(", ", element.EnumerateArray().Select(item => item.GetString())),
        _ => null,
    };

    private static string Canonical(string name)
    {
        var canonical = name.Trim(' ', '\t', '"').ToUpperInvariant().Replace('_', '-');
        return canonical.StartsWith("HTTP-", StringComparison.Ordinal) ? canonical["HTTP-".Length..] : canonical;
    }
}
