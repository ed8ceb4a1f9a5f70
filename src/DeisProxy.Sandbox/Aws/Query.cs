using System.Globalization;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <summary>An error that a service answers with.</summary>
internal sealed class QueryException(string code, string message, int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;
}

/// <summary>A request of the Query protocol: its parameters, with the errors that real services give for bad ones.</summary>
internal sealed class QueryRequest(string operation, IReadOnlyDictionary<string, string> parameters, TimeSpan extraLag)
{
    private readonly string _prefix = "";

    private QueryRequest(QueryRequest parent, string prefix)
        : this(parent.Operation, parent.Parameters, parent.ExtraLag) => _prefix = prefix;

    public string Operation { get; } = operation;

    public IReadOnlyDictionary<string, string> Parameters { get; } = parameters;

    /// <summary>By how much this change reaches the data plane later than it would.</summary>
    public TimeSpan ExtraLag { get; } = extraLag;

    public string? Optional(string name) => Parameters.GetValueOrDefault(_prefix + name);

    public string Required(string name) => Optional(name) ?? throw Missing(name);

    public int? OptionalInt(string name, int minimum, int maximum)
    {
        if (Optional(name) is not { } text)
        {
            return null;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            throw new QueryException("MalformedInput", $"Unable to parse the value '{text}' of '{_prefix}{name}' as an integer");
        }

        if (value < minimum)
        {
            throw Constraint(name, text, $"Member must have value greater than or equal to {minimum}");
        }

        return value <= maximum ? value : throw Constraint(name, text, $"Member must have value less than or equal to {maximum}");
    }

    public int RequiredInt(string name, int minimum, int maximum) => OptionalInt(name, minimum, maximum) ?? throw Missing(name);

    /// <summary>The members of a list of values. Empty when the list is sent empty (<c>Name=</c>) or not at all.</summary>
    /// <param name="member"><c>member.</c> in the Query protocol, nothing in EC2's.</param>
    public IReadOnlyList<string> List(string name, string member = "member.")
    {
        var values = new List<string>();
        for (var at = 1; Optional($"{name}.{member}{at}") is { } value; at++)
        {
            values.Add(value);
        }

        return values;
    }

    public IReadOnlyList<string> RequiredList(string name) => Has(name) ? List(name) : throw Missing(name);

    /// <summary>The members of a list of structures.</summary>
    public IReadOnlyList<QueryRequest> Structures(string name, string member = "member.")
    {
        var structures = new List<QueryRequest>();
        for (var at = 1; Has($"{name}.{member}{at}"); at++)
        {
            structures.Add(new QueryRequest(this, $"{_prefix}{name}.{member}{at}."));
        }

        return structures;
    }

    public QueryRequest? Structure(string name) => Has(name) ? new QueryRequest(this, $"{_prefix}{name}.") : null;

    public bool Has(string name) =>
        Parameters.ContainsKey(_prefix + name) || Parameters.Keys.Any(key => key.StartsWith($"{_prefix}{name}.", StringComparison.Ordinal));

    public QueryException Missing(string name) => new(
        "ValidationError",
        $"1 validation error detected: Value null at '{Path(name)}' failed to satisfy constraint: Member must not be null");

    public QueryException Constraint(string name, string value, string constraint) => new(
        "ValidationError",
        $"1 validation error detected: Value '{value}' at '{Path(name)}' failed to satisfy constraint: {constraint}");

    // Services spell the path in their model's lower camel case.
    private string Path(string name) =>
        string.Join('.', (_prefix + name).Split('.').Select(part => part.Length > 0 ? char.ToLowerInvariant(part[0]) + part[1..] : part));
}

/// <summary>Builds response elements.</summary>
internal static class Xml
{
    public static XElement Of(string name, params object?[] content) => new(name, content);

    /// <summary>An element that is left out when there is no value.</summary>
    public static XElement? Maybe(string name, object? value) => value is null ? null : new XElement(name, value);

    public static XElement List(string name, IEnumerable<object> members, string member = "member") =>
        new(name, members.Select(content => new XElement(member, content)));

    public static string Bool(bool value) => value ? "true" : "false";

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static XElement InNamespace(XElement element, XNamespace xmlNamespace)
    {
        foreach (var descendant in element.DescendantsAndSelf())
        {
            descendant.Name = xmlNamespace + descendant.Name.LocalName;
        }

        return element;
    }
}
