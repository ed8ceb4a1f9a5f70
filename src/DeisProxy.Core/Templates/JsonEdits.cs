using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DeisProxy.Core.Templates;

/// <summary>Edits of a JSON text, collected and then carried out together. What is new looks like what is around it.</summary>
/// <param name="text">The text in UTF-8.</param>
internal sealed class JsonEdits(byte[] text, JsonPart sample)
{
    private readonly List<(int Start, int End, string Text)> _edits = [];
    private readonly bool _multiLine = sample.Members.Count > 0 && text.AsSpan(sample.Start, sample.Members[0].NameStart - sample.Start).Contains((byte)'\n');
    private readonly string _colon = sample.Members.Count == 0 ? ": " : Encoding.UTF8.GetString(text, sample.Members[0].NameEnd, sample.Members[0].Value.Start - sample.Members[0].NameEnd);

    /// <summary>One level of indentation: what the sample's members stand further in than the sample itself.</summary>
    private string Unit => IndentationAt(sample.Members[0].NameStart) is var inner && IndentationAt(sample.Start) is var outer && inner.Length > outer.Length && inner.StartsWith(outer, StringComparison.Ordinal)
        ? inner[outer.Length..]
        : "  ";

    private string NewLine => text.AsSpan(sample.Start).IndexOf("\r\n"u8) is var crlf && crlf >= 0 && crlf < text.AsSpan(sample.Start).IndexOf((byte)'\n') ? "\r\n" : "\n";

    /// <summary>Carries all edits out.</summary>
    public string Apply()
    {
        var result = new StringBuilder();
        var position = 0;
        foreach (var (start, end, replacement) in _edits.OrderBy(e => e.Start).ThenBy(e => e.End))
        {
            result.Append(Encoding.UTF8.GetString(text, position, start - position)).Append(replacement);
            position = end;
        }

        return result.Append(Encoding.UTF8.GetString(text, position, text.Length - position)).ToString();
    }

    /// <summary>The text of a part, for people.</summary>
    public string TextOf(JsonPart part) => JsonNode.Parse(text.AsSpan(part.Start, part.End - part.Start))?.ToJsonString() ?? "null";

    /// <summary>Replaces a value.</summary>
    public void Replace(JsonPart part, JsonNode value) => _edits.Add((part.Start, part.End, Render(value, IndentationAt(part.Start))));

    /// <summary>Adds a member at the end of an object that has some.</summary>
    public void AddMember(JsonPart target, string name, JsonNode value)
    {
        if (target.Members.Count == 0)
        {
            Replace(target, new JsonObject { [name] = value });
            return;
        }

        var end = target.Members[^1].Value.End;
        var own = IsMultiLine(target.Start, target.Members[0].NameStart);
        var indentation = IndentationAt(target.Members[^1].NameStart);
        _edits.Add((end, end, $",{(own ? NewLine + indentation : Space)}{Quote(name)}{_colon}{Render(value, indentation, own)}"));
    }

    /// <summary>Takes elements out of an array and puts others at its end.</summary>
    public void Change(JsonPart array, IReadOnlyCollection<JsonPart> removed, IReadOnlyCollection<JsonNode> added)
    {
        if (removed.Count == array.Items.Count)
        {
            if (removed.Count > 0 || added.Count > 0)
            {
                Replace(array, new JsonArray([.. added]));
            }

            return;
        }

        var kept = false;
        for (var i = 0; i < array.Items.Count; i++)
        {
            var item = array.Items[i];
            if (!removed.Contains(item))
            {
                kept = true;
            }
            else if (kept)
            {
                _edits.Add((array.Items[i - 1].End, item.End, ""));
            }
            else
            {
                _edits.Add((item.Start, array.Items[i + 1].Start, ""));
            }
        }

        var last = array.Items[^1];
        var own = IsMultiLine(array.Start, array.Items[0].Start);
        var indentation = IndentationAt(last.Start);
        foreach (var value in added)
        {
            _edits.Add((last.End, last.End, $",{(own ? NewLine + indentation : Space)}{Render(value, indentation, own)}"));
        }
    }

    private string Space => _multiLine || _colon.EndsWith(' ') ? " " : "";

    private static string Quote(string value) => $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";

    private bool IsMultiLine(int start, int end) => text.AsSpan(start, end - start).Contains((byte)'\n');

    private string IndentationAt(int position)
    {
        var start = text.AsSpan(0, position).LastIndexOf((byte)'\n') + 1;
        var end = start;
        while (end < position && text[end] is (byte)' ' or (byte)'\t')
        {
            end++;
        }

        return Encoding.UTF8.GetString(text, start, end - start);
    }

    private string Render(JsonNode value, string indentation, bool? multiLine = null)
    {
        var lines = multiLine ?? _multiLine;
        var inner = lines ? indentation + Unit : "";
        return value switch
        {
            JsonObject { Count: > 0 } o => Join('{', o.Select(m => $"{Quote(m.Key)}{_colon}{Render(m.Value!, inner, lines)}"), '}'),
            JsonArray { Count: > 0 } a => Join('[', a.Select(i => Render(i!, inner, lines)), ']'),
            JsonValue v when v.GetValueKind() == JsonValueKind.String => Quote(v.GetValue<string>()),
            _ => value.ToJsonString(),
        };

        string Join(char open, IEnumerable<string> parts, char close) => lines
            ? $"{open}{NewLine}{inner}{string.Join($",{NewLine}{inner}", parts)}{NewLine}{indentation}{close}"
            : $"{open}{string.Join($",{Space}", parts)}{close}";
    }
}
