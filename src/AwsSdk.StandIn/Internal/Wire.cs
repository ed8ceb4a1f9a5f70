using System.Globalization;
using System.Runtime.CompilerServices;
using Amazon.Runtime;

namespace AwsSdk.StandIn;

/// <summary>
/// A structure that names its members once, for both directions: each line of <see cref="Describe"/> reads
/// <c>Member = wire.Kind(Member)</c>. A writer sends what it is given and hands it back; a reader ignores it and hands back what it read.
/// </summary>
internal interface IShape
{
    void Describe(Wire wire);
}

/// <summary>The types a scalar can have in the service models.</summary>
internal enum WireType
{
    Text,
    Constant,
    Integer,
}

/// <summary>One direction of the query protocol.</summary>
internal abstract class Wire
{
    public string? Text(string? value, [CallerArgumentExpression(nameof(value))] string member = "") => Scalar(member, WireType.Text, value);

    public int? Number(int? value, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, WireType.Integer, value?.ToString(CultureInfo.InvariantCulture)) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;

    /// <summary>An enumeration; <paramref name="find"/> also accepts values that were added to the service later.</summary>
    public T? Constant<T>(T? value, Func<string, T> find, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : ConstantClass =>
        Scalar(member, WireType.Constant, value?.Value) is { } text ? find(text) : null;

    public List<string>? Texts(List<string>? value, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalars(member, WireType.Text, value);

    public List<int>? Numbers(List<int>? value, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalars(member, WireType.Integer, value?.ConvertAll(number => number.ToString(CultureInfo.InvariantCulture)))
            ?.ConvertAll(text => int.Parse(text, CultureInfo.InvariantCulture));

    public T? Structure<T>(T? value, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : class, IShape, new() =>
        Nested(member, value);

    public List<T>? List<T>(List<T>? value, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : class, IShape, new() =>
        NestedList(member, value);

    protected abstract string? Scalar(string member, WireType type, string? value);

    protected abstract List<string>? Scalars(string member, WireType type, List<string>? values);

    protected abstract T? Nested<T>(string member, T? value)
        where T : class, IShape, new();

    protected abstract List<T>? NestedList<T>(string member, List<T>? values)
        where T : class, IShape, new();
}
