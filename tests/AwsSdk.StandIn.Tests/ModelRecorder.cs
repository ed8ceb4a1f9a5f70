using System.Text.Json;

namespace AwsSdk.StandIn.Tests;

/// <summary>Walks a shape as a third direction, and holds each member against the service model.</summary>
internal sealed class ModelRecorder(JsonElement shapes, string shape, List<string> problems, HashSet<string> seen) : Wire
{
    public static void Check(JsonElement shapes, string shape, IShape stub, List<string> problems)
    {
        ModelRecorder recorder = new(shapes, shape, problems, new(StringComparer.Ordinal));
        stub.Describe(recorder);
    }

    protected override string? Scalar(string member, WireType type, string? value)
    {
        Expect(member, target =>
            !Same(Type(target), ModelType(type)) ? $"is {Type(target)} in the model, {ModelType(type)} here"
            : shapes.GetProperty(target).TryGetProperty("enum", out _) != (type == WireType.Constant) ? "is an enumeration either in the model or "
            + "here"
            : null);
        return null;
    }

    protected override List<string>? Scalars(string member, WireType type, List<string>? values)
    {
        Expect(member, target => ListProblem(target, ModelType(type)));
        return null;
    }

    protected override T? Nested<T>(string member, T? value)
        where T : class
    {
        Expect(member, target => Type(target) is "structure" ? Descend<T>(target) : $"is {Type(target)} in the model, a structure here");
        return null;
    }

    protected override List<T>? NestedList<T>(string member, List<T>? values)
    {
        Expect(member, target => ListProblem(target, "structure") ?? Descend<T>(Item(target).GetProperty("shape").GetString()!));
        return null;
    }

    private static bool Same(string left, string right) => string.Equals(left, right, StringComparison.Ordinal);

    private static string ModelType(WireType type) => type switch
    {
        WireType.Text or WireType.Constant => "string",
        WireType.Integer => "integer",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    private void Expect(string member, Func<string, string?> problem)
    {
        if (!shapes.GetProperty(shape).GetProperty("members").TryGetProperty(member, out JsonElement reference))
        {
            problems.Add($"{shape}.{member} is not in the model");
            return;
        }

        if (Text(reference, "locationName") is { } expected && !Same(expected, member))
        {
            problems.Add($"{shape}.{member} is {expected} on the wire in the model");
        }

        if (problem(reference.GetProperty("shape").GetString()!) is { } text)
        {
            problems.Add($"{shape}.{member} {text}");
        }
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
        return element is null or "member" ? null : $"has elements <{element}> in the model";
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
            new T().Describe(new ModelRecorder(shapes, target, problems, seen));
        }

        return null;
    }

    private string Type(string target) => shapes.GetProperty(target).GetProperty("type").GetString()!;

    private JsonElement Item(string list) => shapes.GetProperty(list).GetProperty("member");

    private static string? Text(JsonElement element, string property) =>
        element.TryGetProperty(property, out JsonElement value) ? value.GetString() : null;
}
