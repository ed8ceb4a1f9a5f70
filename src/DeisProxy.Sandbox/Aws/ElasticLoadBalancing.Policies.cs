using System.Collections.Immutable;
using System.Globalization;

namespace DeisProxy.Sandbox.Aws;

/// <content>Policies.</content>
internal sealed partial class ElasticLoadBalancing
{
    private object?[] DescribeLoadBalancerPolicies(QueryRequest request)
    {
        var names = request.List("PolicyNames");
        var name = request.Optional("LoadBalancerName");
        var policies = name is null ? PolicyTypes.Samples : Find(name).State.Policies;
        var chosen = names.Count == 0
            ? policies
            : names.Select(wanted => policies.FirstOrDefault(policy => policy.Name == wanted) ?? throw PolicyNotFound(wanted, name));
        return [Xml.List("PolicyDescriptions", chosen.Select(policy => new object?[]
        {
            Xml.Of("PolicyName", policy.Name),
            Xml.Of("PolicyTypeName", policy.TypeName),
            Xml.List("PolicyAttributeDescriptions", policy.Attributes.Select(attribute => new object?[]
            {
                Xml.Of("AttributeName", attribute.Key), Xml.Of("AttributeValue", attribute.Value),
            })),
        }))];
    }

    private static PolicyType FindType(string name) =>
        PolicyTypes.All.FirstOrDefault(type => type.Name == name)
        ?? throw new QueryException("PolicyTypeNotFound", $"Policy type '{name}' could not be found");

    private static QueryException PolicyNotFound(string policy, string? loadBalancer) =>
        new("PolicyNotFound", $"There is no policy with name {policy}{(loadBalancer is null ? "" : $" for load balancer {loadBalancer}")}");

    private object?[] CreateLoadBalancerPolicy(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var name = request.Required("PolicyName");
        var type = FindType(request.Required("PolicyTypeName"));
        var attributes = request.Structures("PolicyAttributes")
            .Select(attribute => new KeyValuePair<string, string>(attribute.Required("AttributeName"), attribute.Optional("AttributeValue") ?? ""))
            .ToList();
        Validate(type, attributes, loadBalancer.State);
        return AddPolicy(request, loadBalancer, new Policy(name, type.Name, attributes));
    }

    private object?[] AddPolicy(QueryRequest request, LoadBalancer loadBalancer, Policy policy)
    {
        if (policy.Name.Length == 0 || !policy.Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            throw InvalidConfiguration("Policy names can only contain alphanumeric characters and dashes");
        }

        if (loadBalancer.State.Policies.Find(candidate => candidate.Name == policy.Name) is { } existing)
        {
            var identical = existing.TypeName == policy.TypeName
                && Normal(existing).SequenceEqual(Normal(policy), StringComparer.Ordinal);
            return identical && !_cloud.Options.IdenticalPolicyIsDuplicate
                ? []
                : throw new QueryException(
                    "DuplicatePolicyName", $"Policy already exists with name {policy.Name} for load balancer {loadBalancer.Name}");
        }

        if (loadBalancer.State.Policies.Count >= _cloud.Options.PolicyLimit)
        {
            throw new QueryException("TooManyPolicies", "The quota for the number of policies for this load balancer has been reached");
        }

        Change(request, loadBalancer, state => state with { Policies = state.Policies.Add(policy) });
        return [];

        static IEnumerable<string> Normal(Policy policy) =>
            policy.Attributes.Select(attribute => $"{attribute.Key}={attribute.Value.ToLowerInvariant()}").Order(StringComparer.Ordinal);
    }

    private static void Validate(PolicyType type, List<KeyValuePair<string, string>> attributes, LoadBalancerState state)
    {
        foreach (var (name, value) in attributes)
        {
            var known = type.Attributes.FirstOrDefault(attribute => attribute.Name == name)
                ?? throw InvalidConfiguration($"Policy type '{type.Name}' has no attribute '{name}'");
            var valid = known.Type switch
            {
                "Boolean" => bool.TryParse(value, out _),
                "Long" => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _),
                "PolicyName" => state.Policies.Exists(policy => policy.Name == value && policy.TypeName == PolicyTypes.PublicKey),
                _ => name != PolicyTypes.ReferencePolicy || PolicyTypes.Predefined(value) is not null,
            };
            if (!valid)
            {
                throw InvalidConfiguration($"Policy attribute '{name}' has the invalid value '{value}'");
            }
        }

        foreach (var attribute in type.Attributes)
        {
            var count = attributes.Count(candidate => candidate.Key == attribute.Name);
            var tooFew = count == 0 && attribute.Cardinality.StartsWith("ONE", StringComparison.Ordinal);
            var tooMany = count > 1 && !attribute.Cardinality.EndsWith("MORE", StringComparison.Ordinal);
            if (tooFew || tooMany)
            {
                throw InvalidConfiguration($"Policy attribute '{attribute.Name}' occurs {count} times; its cardinality is {attribute.Cardinality}");
            }
        }
    }

    private object?[] DeleteLoadBalancerPolicy(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var name = request.Required("PolicyName");
        var state = loadBalancer.State;
        if (state.BackendPolicies.Values.Any(names => names.Contains(name, StringComparer.Ordinal))
            || state.Listeners.Exists(listener => listener.PolicyNames.Contains(name, StringComparer.Ordinal))
            || state.Policies.Exists(policy =>
                policy.TypeName == PolicyTypes.BackendAuthentication && policy.Attributes.Any(attribute => attribute.Value == name)))
        {
            throw InvalidConfiguration($"You cannot delete policy {name} because it is in use");
        }

        // The model declares no PolicyNotFound here: deleting what is not there succeeds.
        Change(request, loadBalancer, before => before with { Policies = before.Policies.RemoveAll(policy => policy.Name == name) });
        return [];
    }

    private object?[] SetLoadBalancerPoliciesOfListener(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var listener = FindListener(request, loadBalancer);
        var policies = ReadPolicies(request, loadBalancer);
        foreach (var policy in policies)
        {
            var fits = policy.TypeName switch
            {
                PolicyTypes.LoadBalancerCookie or PolicyTypes.ApplicationCookie => listener.TerminatesHttp,
                PolicyTypes.SslNegotiation => listener.IsSecure,
                _ => false,
            };
            if (!fits)
            {
                throw InvalidConfiguration($"Policy {policy.Name} of type {policy.TypeName} on a {listener.Protocol} listener cannot be enabled");
            }
        }

        if (policies.Count(policy => policy.TypeName == PolicyTypes.SslNegotiation) > 1
            || policies.Count(policy => policy.TypeName is PolicyTypes.LoadBalancerCookie or PolicyTypes.ApplicationCookie) > 1)
        {
            throw InvalidConfiguration("Only one policy of this type can be enabled on a listener");
        }

        var changed = listener with { PolicyNames = [.. policies.Select(policy => policy.Name)] };
        Change(request, loadBalancer, state => state with { Listeners = state.Listeners.Replace(listener, changed) });
        return [];
    }

    private object?[] SetLoadBalancerPoliciesForBackendServer(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var port = request.RequiredInt("InstancePort", 1, 65535);
        var policies = ReadPolicies(request, loadBalancer);
        var listeners = loadBalancer.State.Listeners.FindAll(listener => listener.InstancePort == port);
        // What was left behind by a deleted listener can be taken away; nothing can be put there.
        if (listeners.Count == 0 && !(policies.Count == 0 && loadBalancer.State.BackendPolicies.ContainsKey(port)))
        {
            throw InvalidConfiguration($"There is no listener on load balancer {loadBalancer.Name} with instance port {port}");
        }

        foreach (var policy in policies)
        {
            var fits = policy.TypeName switch
            {
                PolicyTypes.ProxyProtocol => true,
                PolicyTypes.BackendAuthentication => listeners.Exists(listener => listener.IsInstanceSecure),
                _ => false,
            };
            if (!fits)
            {
                throw InvalidConfiguration($"Policy {policy.Name} of type {policy.TypeName} on instance port {port} cannot be enabled");
            }
        }

        var names = policies.Select(policy => policy.Name).ToImmutableList();
        Change(request, loadBalancer, state => state with
        {
            BackendPolicies = names.IsEmpty ? state.BackendPolicies.Remove(port) : state.BackendPolicies.SetItem(port, names),
        });
        return [];
    }

    /// <summary>The policies named in a request; the list replaces what is there, and an empty one clears it.</summary>
    private static List<Policy> ReadPolicies(QueryRequest request, LoadBalancer loadBalancer) =>
    [
        .. request.RequiredList("PolicyNames").Distinct(StringComparer.Ordinal).Select(name =>
            loadBalancer.State.Policies.Find(policy => policy.Name == name) ?? throw PolicyNotFound(name, loadBalancer.Name)),
    ];
}
