using System.Globalization;

namespace AwsSdk.StandIn;

/// <summary>Writes a request as form parameters of the query protocol: <c>A.member.1.B</c>.</summary>
internal sealed class RequestWriter(IDictionary<string, string> parameters, string prefix = "") : Wire
{
    protected override string? Scalar(string member, WireType type, string? value)
    {
        if (value is not null)
        {
            parameters.Add(prefix + member, value);
        }

        return value;
    }

    protected override List<string>? Scalars(string member, WireType type, List<string>? values)
    {
        for (int index = 0; index < values?.Count; index++)
        {
            parameters.Add(ItemPath(member, index), values[index]);
        }

        AddIfEmpty(member, values?.Count);
        return values;
    }

    protected override T? Nested<T>(string member, T? value)
        where T : class
    {
        value?.Describe(new RequestWriter(parameters, prefix + member + "."));
        return value;
    }

    protected override List<T>? NestedList<T>(string member, List<T>? values)
    {
        for (int index = 0; index < values?.Count; index++)
        {
            values[index].Describe(new RequestWriter(parameters, ItemPath(member, index) + "."));
        }

        AddIfEmpty(member, values?.Count);
        return values;
    }

    /// <summary>An empty list is not an absent one: for SetLoadBalancerPoliciesForBackendServer it means "none".</summary>
    private void AddIfEmpty(string member, int? count)
    {
        if (count == 0)
        {
            parameters.Add(prefix + member, "");
        }
    }

    private string ItemPath(string member, int index) => string.Create(CultureInfo.InvariantCulture, $"{prefix}{member}.member.{index + 1}");
}
