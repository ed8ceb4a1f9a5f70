using System.Xml.Linq;

namespace AwsSdk.StandIn;

/// <summary>Reads a response element. As in the official v4 models, what is absent and a list without items are both null.</summary>
internal sealed class ResponseReader(XElement element) : Wire
{
    protected override string? Scalar(string member, WireType type, string? value) => Child(member)?.Value;

    protected override List<string>? Scalars(string member, WireType type, List<string>? values) => Items(member, item => item.Value);

    protected override T? Nested<T>(string member, T? value)
        where T : class =>
        Child(member) is { } child ? Read<T>(child) : null;

    protected override List<T>? NestedList<T>(string member, List<T>? values) => Items(member, Read<T>);

    private static T Read<T>(XElement child)
        where T : IShape, new()
    {
        T shape = new();
        shape.Describe(new ResponseReader(child));
        return shape;
    }

    private List<T>? Items<T>(string member, Func<XElement, T> read)
    {
        List<T>? items = Child(member)?.Elements(element.Name.Namespace + "member").Select(read).ToList();
        return items is { Count: > 0 } ? items : null;
    }

    private XElement? Child(string member) => element.Element(element.Name.Namespace + member);
}
