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
    Long,
    Boolean,
    Timestamp,
}

/// <summary>One direction of one protocol. <c>name</c> is the wire name where it is not the member's own.</summary>
internal abstract class Wire
{
    public string? Text(string? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, name, WireType.Text, value);

    public int? Number(int? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, name, WireType.Integer, value?.ToString(CultureInfo.InvariantCulture)) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;

    public long? BigNumber(long? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, name, WireType.Long, value?.ToString(CultureInfo.InvariantCulture)) is { Length: > 0 } text
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : null;

    public bool? Flag(bool? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, name, WireType.Boolean, value is { } flag ? (flag ? "true" : "false") : null) is { Length: > 0 } text
            ? bool.Parse(text)
            : null;

    public DateTime? Time(DateTime? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalar(member, name, WireType.Timestamp, value?.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)) is { Length: > 0 } text
            ? DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal)
            : null;

    /// <summary>An enumeration; <paramref name="find"/> also accepts values that were added to the service later.</summary>
    public T? Constant<T>(T? value, Func<string, T> find, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : ConstantClass =>
        Scalar(member, name, WireType.Constant, value?.Value) is { } text ? find(text) : null;

    public List<string>? Texts(List<string>? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalars(member, name, WireType.Text, value);

    public List<int>? Numbers(List<int>? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "") =>
        Scalars(member, name, WireType.Integer, value?.ConvertAll(number => number.ToString(CultureInfo.InvariantCulture)))
            ?.ConvertAll(text => int.Parse(text, CultureInfo.InvariantCulture));

    public T? Structure<T>(T? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : class, IShape, new() =>
        Nested(member, name, value);

    public List<T>? List<T>(List<T>? value, string? name = null, [CallerArgumentExpression(nameof(value))] string member = "")
        where T : class, IShape, new() =>
        NestedList(member, name, value);

    protected abstract string? Scalar(string member, string? name, WireType type, string? value);

    protected abstract List<string>? Scalars(string member, string? name, WireType type, List<string>? values);

    protected abstract T? Nested<T>(string member, string? name, T? value)
        where T : class, IShape, new();

    protected abstract List<T>? NestedList<T>(string member, string? name, List<T>? values)
        where T : class, IShape, new();
}
