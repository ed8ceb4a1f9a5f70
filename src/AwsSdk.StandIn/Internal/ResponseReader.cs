using System.Xml.Linq;

namespace AwsSdk.StandIn;

/// <summary>Reads a response element. As in the official v4 models, what is absent and a list without items are both null.</summary>
internal sealed class ResponseReader(XElement element, Protocol protocol) : Wire
{
    protected override string? Scalar(string member, string? name, WireType type, string? value) => Child(member, name)?.Value;

    protected override List<string>? Scalars(string member, string? name, WireType type, List<string>? values) =>
        Items(member, name, item => item.Value);

    protected override T? Nested<T>(string member, string? name, T? value)
        where T : class =>
        Child(member, name) is { } child ? Read<T>(child) : null;

    protected override List<T>? NestedList<T>(string member, string? name, List<T>? values) => Items(member, name, Read<T>);

    private T Read<T>(XElement child)
        where T : IShape, new()
    {
        T shape = new();
        shape.Describe(new ResponseReader(child, protocol));
        return shape;
    }

    private List<T>? Items<T>(string member, string? name, Func<XElement, T> read)
    {
        XName item = element.Name.Namespace + (protocol == Protocol.Query ? "member" : "item");
        List<T>? items = Child(member, name)?.Elements(item).Select(read).ToList();
        return items is { Count: > 0 } ? items : null;
    }

    /// <summary>EC2's elements begin with a small letter, those of the query protocol are the member's own name.</summary>
    private XElement? Child(string member, string? name)
    {
        string local = name ?? (protocol == Protocol.Query ? member : char.ToLowerInvariant(member[0]) + member[1..]);
        return element.Element(element.Name.Namespace + local);
    }
}
