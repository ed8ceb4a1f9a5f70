using System.Globalization;
using System.Text;

namespace DeisProxy.Sandbox.Etcd;

/// <summary>Writes answers as etcd does: Go's order of fields and Go's escapes.</summary>
internal static class EtcdJson
{
    public static string Of(EtcdEvent change, bool actionOnly = false)
    {
        if (actionOnly)
        {
            return $"{{\"action\":{Text(change.Action)}}}\n";
        }

        var previous = change.Previous is null ? "" : $",\"prevNode\":{Of(change.Previous)}";
        return $"{{\"action\":{Text(change.Action)},\"node\":{Of(change.Node)}{previous}}}\n";
    }

    public static string Of(EtcdException error) =>
        $"{{\"errorCode\":{error.Code},\"message\":{Text(error.Message)},\"cause\":{Text(error.Cause)},\"index\":{error.Index}}}\n";

    private static string Of(EtcdView view)
    {
        var fields = new List<string>();
        if (view.Key != "/")
        {
            fields.Add($"\"key\":{Text(view.Key)}");
        }

        if (view.Value is not null)
        {
            fields.Add($"\"value\":{Text(view.Value)}");
        }

        if (view.IsDirectory)
        {
            fields.Add("\"dir\":true");
        }

        if (view.Expiration is { } expiration)
        {
            fields.Add($"\"expiration\":\"{expiration.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture)}\"");
        }

        if (view.Ttl is { } ttl and not 0)
        {
            fields.Add($"\"ttl\":{ttl}");
        }

        if (view.Children is not null)
        {
            fields.Add($"\"nodes\":[{string.Join(',', view.Children.Select(Of))}]");
        }

        if (view.ModifiedIndex != 0)
        {
            fields.Add($"\"modifiedIndex\":{view.ModifiedIndex}");
        }

        if (view.CreatedIndex != 0)
        {
            fields.Add($"\"createdIndex\":{view.CreatedIndex}");
        }

        return $"{{{string.Join(',', fields)}}}";
    }

    private static string Text(string value)
    {
        var text = new StringBuilder("\"");
        foreach (var letter in value)
        {
            _ = letter switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => text.Append($"\\u{(int)letter:x4}"),
                _ => text.Append(letter),
            };
        }

        return text.Append('"').ToString();
    }
}
