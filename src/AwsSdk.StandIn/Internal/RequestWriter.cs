using System.Globalization;

namespace AwsSdk.StandIn;

/// <summary>Writes a request as form parameters: <c>A.member.1.B</c> in the query protocol, <c>A.1.B</c> in EC2's.</summary>
internal sealed class RequestWriter(IDictionary<string, string> parameters, Protocol protocol, string prefix = "") : Wire
{
    protected override string? Scalar(string member, string? name, WireType type, string? value)
    {
        if (value is not null)
        {
            parameters.Add(Path(member, name), value);
        }

        return value;
    }

    protected override List<string>? Scalars(string member, string? name, WireType type, List<string>? values)
    {
        for (int index = 0; index < values?.Count; index++)
        {
            parameters.Add(ItemPath(member, name, index), values[index]);
        }

        AddIfEmpty(member, name, values?.Count);
        return values;
    }

    protected override T? Nested<T>(string member, string? name, T? value)
        where T : class
    {
        value?.Describe(new RequestWriter(parameters, protocol, Path(member, name) + "."));
        return value;
    }

    protected override List<T>? NestedList<T>(string member, string? name, List<T>? values)
    {
        for (int index = 0; index < values?.Count; index++)
        {
            values[index].Describe(new RequestWriter(parameters, protocol, ItemPath(member, name, index) + "."));
        }

        AddIfEmpty(member, name, values?.Count);
        return values;
    }

    /// <summary>An empty list is not an absent one: for SetLoadBalancerPoliciesForBackendServer it means "none".</summary>
    private void AddIfEmpty(string member, string? name, int? count)
    {
        if (count == 0)
        {
            parameters.Add(Path(member, name), "");
        }
    }

    private string ItemPath(string member, string? name, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{Path(member, name)}{(protocol == Protocol.Query ? ".member." : ".")}{index + 1}");

    private string Path(string member, string? name) => prefix + (name ?? member);
}
