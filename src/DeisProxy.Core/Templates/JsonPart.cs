using System.Text;
using System.Text.Json;

namespace DeisProxy.Core.Templates;

/// <summary>A value in a JSON text, and where it stands: what is edited is cut out of the text, and everything else stays as it is.</summary>
/// <param name="start">First byte.</param>
internal sealed class JsonPart(JsonValueKind kind, int start)
{
    public JsonValueKind Kind => kind;

    public int Start => start;

    /// <summary>First byte after it.</summary>
    public int End { get; private set; }

    /// <summary>The value of a string, a number, true or false; null for the others.</summary>
    public string? Scalar { get; private set; }

    /// <summary>Members of an object, in their order.</summary>
    public List<JsonMember> Members { get; } = [];

    /// <summary>Elements of an array.</summary>
    public List<JsonPart> Items { get; } = [];

    public bool IsObject => kind == JsonValueKind.Object;

    public bool IsArray => kind == JsonValueKind.Array;

    /// <summary>The value of a member.</summary>
    /// <returns>The value, or null if this is no object or has no such member.</returns>
    public JsonPart? this[string name] => Members.Find(m => m.Name == name)?.Value;

    /// <summary>Reads a text.</summary>
    /// <param name="text">UTF-8.</param>
    public static JsonPart Parse(ReadOnlySpan<byte> text)
    {
        var reader = new Utf8JsonReader(text);
        reader.Read();
        var part = Read(ref reader);
        return reader.Read() ? throw new JsonException("There is something after the document's end.") : part;
    }

    private static JsonPart Read(ref Utf8JsonReader reader)
    {
        var kind = reader.TokenType switch
        {
            JsonTokenType.StartObject => JsonValueKind.Object,
            JsonTokenType.StartArray => JsonValueKind.Array,
            JsonTokenType.String => JsonValueKind.String,
            JsonTokenType.Number => JsonValueKind.Number,
            JsonTokenType.True => JsonValueKind.True,
            JsonTokenType.False => JsonValueKind.False,
            _ => JsonValueKind.Null,
        };
        var part = new JsonPart(kind, (int)reader.TokenStartIndex);
        switch (kind)
        {
            case JsonValueKind.Object:
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    var (name, nameStart, nameEnd) = (reader.GetString()!, (int)reader.TokenStartIndex, (int)reader.TokenStartIndex + reader.ValueSpan.Length + 2);
                    reader.Read();
                    part.Members.Add(new JsonMember(name, nameStart, nameEnd, Read(ref reader)));
                }

                break;
            case JsonValueKind.Array:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    part.Items.Add(Read(ref reader));
                }

                break;
            case JsonValueKind.Null:
                break;
            default:
                part.Scalar = kind == JsonValueKind.String ? reader.GetString() : Encoding.UTF8.GetString(reader.ValueSpan);
                break;
        }

        part.End = (int)reader.BytesConsumed;
        return part;
    }
}

/// <summary>A member of an object.</summary>
/// <param name="NameStart">First byte of the name with its quotes.</param>
/// <param name="NameEnd">First byte after them.</param>
internal sealed record JsonMember(string Name, int NameStart, int NameEnd, JsonPart Value);
