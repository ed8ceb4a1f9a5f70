using System.Text.Json;

namespace AwsSdk.StandIn.Tests;

/// <summary>Walks a shape as a third direction, and holds each member against the service model.</summary>
internal sealed class ModelRecorder(JsonElement shapes, Protocol protocol, bool request, string shape, List<string> problems, HashSet<string> seen) : Wire
{
    /// <summary>Names that the official packages give to members, where C# or their own past forbids the model's.</summary>
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["IpPermission.Ipv4Ranges"] = "IpRanges",
        ["PrefixListId.Id"] = "PrefixListId",
    };

    public static void Check(JsonElement shapes, Protocol protocol, bool request, string shape, IShape stub, List<string> problems)
    {
        ModelRecorder recorder = new(shapes, protocol, request, shape, problems, new(StringComparer.Ordinal));
        stub.Describe(recorder);
    }

    protected override string? Scalar(string member, string? name, WireType type, string? value)
    {
        Expect(member, name, target =>
            !Same(Type(target), ModelType(type)) ? $"is {Type(target)} in the model, {ModelType(type)} here"
            : shapes.GetProperty(target).TryGetProperty("enum", out _) != (type == WireType.Constant) ? "is an enumeration either in the model or here"
            : null);
        return null;
    }

    protected override List<string>? Scalars(string member, string? name, WireType type, List<string>? values)
    {
        Expect(member, name, target => ListProblem(target, ModelType(type)));
        return null;
    }

    protected override T? Nested<T>(string member, string? name, T? value)
        where T : class
    {
        Expect(member, name, target => Type(target) is "structure" ? Descend<T>(target) : $"is {Type(target)} in the model, a structure here");
        return null;
    }

    protected override List<T>? NestedList<T>(string member, string? name, List<T>? values)
    {
        Expect(member, name, target => ListProblem(target, "structure") ?? Descend<T>(Item(target).GetProperty("shape").GetString()!));
        return null;
    }

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.Ordinal);

    private static string ModelType(WireType type) => type switch
    {
        WireType.Text or WireType.Constant => "string",
        WireType.Integer => "integer",
        WireType.Long => "long",
        WireType.Boolean => "boolean",
        WireType.Timestamp => "timestamp",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private void Expect(string member, string? name, Func<string, string?> problem)
    {
        string modelMember = Renamed.GetValueOrDefault($"{shape}.{member}", member);
        if (!shapes.GetProperty(shape).GetProperty("members").TryGetProperty(modelMember, out JsonElement reference))
        {
            problems.Add($"{shape}.{member} is not in the model");
            return;
        }

        string expected = WireName(modelMember, reference);
        string actual = name ?? (protocol == Protocol.Ec2 && !request ? char.ToLowerInvariant(member[0]) + member[1..] : member);
        if (!Same(expected, actual))
        {
            problems.Add($"{shape}.{member} is {expected} on the wire in the model, {actual} here");
        }

        if (problem(reference.GetProperty("shape").GetString()!) is { } text)
        {
            problems.Add($"{shape}.{member} {text}");
        }
    }

    /// <summary>The rules of the two protocols: EC2 requests use queryName, else locationName with a capital; everything else locationName.</summary>
    private string WireName(string member, JsonElement reference)
    {
        string? location = Text(reference, "locationName");
        return protocol == Protocol.Ec2 && request
            ? Text(reference, "queryName") ?? (location is null ? member : char.ToUpperInvariant(location[0]) + location[1..])
            : location ?? member;
    }

    private string? ListProblem(string target, string item)
    {
        if (Type(target) is not "list")
        {
            return $"is {Type(target)} in the model, a list here";
        }

        JsonElement reference = Item(target);
        if (Type(reference.GetProperty("shape").GetString()!) is var actual && !Same(actual, item))
        {
            return $"is a list of {actual} in the model, of {item} here";
        }

        if (shapes.GetProperty(target).TryGetProperty("flattened", out JsonElement flattened) && flattened.GetBoolean())
        {
            return "is a flattened list in the model";
        }

        string? element = Text(reference, "locationName");
        return (protocol, request, element) switch
        {
            (Protocol.Query, _, null or "member") or (Protocol.Ec2, true, _) or (Protocol.Ec2, false, "item") => null,
            _ => $"has elements <{element}> in the model",
        };
    }

    private string? Descend<T>(string target)
        where T : IShape, new()
    {
        if (!Same(typeof(T).Name, target))
        {
            return $"is a {target} in the model, a {typeof(T).Name} here";
        }

        if (seen.Add(target))
        {
            new T().Describe(new ModelRecorder(shapes, protocol, request, target, problems, seen));
        }

        return null;
    }

    private string Type(string target) => shapes.GetProperty(target).GetProperty("type").GetString()!;

    private JsonElement Item(string list) => shapes.GetProperty(list).GetProperty("member");

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement value) ? value.GetString() : null;
}
