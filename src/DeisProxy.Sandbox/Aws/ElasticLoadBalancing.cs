using System.Collections.Immutable;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <summary>
/// Classic Elastic Load Balancing, API 2012-06-01: what it answers and refuses. Codes and statuses are those of the API model; where the
/// model says nothing, what clients in the field report.
/// </summary>
internal sealed partial class ElasticLoadBalancing : AwsService
{
    private readonly CloudState _cloud;

    public ElasticLoadBalancing(CloudState cloud)
        : base("elasticloadbalancing", ["2012-06-01"], "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/")
    {
        _cloud = cloud;
        Operations = new Dictionary<string, Func<QueryRequest, object?[]>>(StringComparer.Ordinal)
        {
            ["DescribeLoadBalancers"] = DescribeLoadBalancers,
            ["DescribeLoadBalancerAttributes"] = DescribeLoadBalancerAttributes,
            ["DescribeLoadBalancerPolicies"] = DescribeLoadBalancerPolicies,
            ["DescribeLoadBalancerPolicyTypes"] = DescribeLoadBalancerPolicyTypes,
            ["DescribeInstanceHealth"] = DescribeInstanceHealth,
            ["DescribeTags"] = DescribeTags,
            ["CreateLoadBalancer"] = CreateLoadBalancer,
            ["DeleteLoadBalancer"] = DeleteLoadBalancer,
            ["CreateLoadBalancerListeners"] = CreateLoadBalancerListeners,
            ["DeleteLoadBalancerListeners"] = DeleteLoadBalancerListeners,
            ["SetLoadBalancerListenerSSLCertificate"] = SetLoadBalancerListenerSslCertificate,
            ["CreateLoadBalancerPolicy"] = CreateLoadBalancerPolicy,
            ["CreateLBCookieStickinessPolicy"] = CreateLoadBalancerCookiePolicy,
            ["CreateAppCookieStickinessPolicy"] = CreateApplicationCookiePolicy,
            ["DeleteLoadBalancerPolicy"] = DeleteLoadBalancerPolicy,
            ["SetLoadBalancerPoliciesOfListener"] = SetLoadBalancerPoliciesOfListener,
            ["SetLoadBalancerPoliciesForBackendServer"] = SetLoadBalancerPoliciesForBackendServer,
            ["ConfigureHealthCheck"] = ConfigureHealthCheck,
            ["ModifyLoadBalancerAttributes"] = ModifyLoadBalancerAttributes,
            ["RegisterInstancesWithLoadBalancer"] = RegisterInstances,
            ["DeregisterInstancesFromLoadBalancer"] = DeregisterInstances,
            ["AddTags"] = AddTags,
            ["RemoveTags"] = RemoveTags,
        };
    }

    public override IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    private LoadBalancer Find(string name) =>
        _cloud.LoadBalancers.Find(candidate => candidate.Name == name)
        ?? throw new QueryException("LoadBalancerNotFound", $"There is no ACTIVE Load Balancer named '{name}'");

    private LoadBalancer Find(QueryRequest request) => Find(request.Required("LoadBalancerName"));

    private void Change(QueryRequest request, LoadBalancer loadBalancer, Func<LoadBalancerState, LoadBalancerState> change)
    {
        var range = _cloud.Options.DataPlaneLagByOperation.TryGetValue(request.Operation, out var own) ? own : _cloud.Options.DataPlaneLag;
        loadBalancer.Change(change(loadBalancer.State), range.Draw(_cloud.Random) + request.ExtraLag);
    }

    private static QueryException InvalidConfiguration(string message) => new("InvalidConfigurationRequest", message, 409);

    private object?[] DescribeLoadBalancers(QueryRequest request)
    {
        var pageSize = request.OptionalInt("PageSize", 1, 400) ?? 400;
        var names = request.List("LoadBalancerNames");
        var all = names.Count > 0 ? names.Select(Find).ToList() : [.. _cloud.LoadBalancers];
        var start = 0;
        if (request.Optional("Marker") is { } marker)
        {
            start = all.FindIndex(candidate => candidate.Name == marker);
            if (start < 0)
            {
                throw new QueryException("ValidationError", $"Marker '{marker}' is not valid");
            }
        }

        var page = all.Skip(start).Take(pageSize).ToList();
        var next = all.ElementAtOrDefault(start + page.Count);
        return [Xml.List("LoadBalancerDescriptions", page.Select(Description)), Xml.Maybe("NextMarker", next?.Name)];
    }

    private object?[] Description(LoadBalancer loadBalancer)
    {
        var state = loadBalancer.State;
        var cookies = state.Policies.Where(policy => policy.TypeName == PolicyTypes.LoadBalancerCookie);
        var applicationCookies = state.Policies.Where(policy => policy.TypeName == PolicyTypes.ApplicationCookie);
        var others = state.Policies.Where(policy => policy.TypeName is not (PolicyTypes.LoadBalancerCookie or PolicyTypes.ApplicationCookie));
        return
        [
            Xml.Of("LoadBalancerName", loadBalancer.Name),
            Xml.Of("DNSName", loadBalancer.DnsName),
            loadBalancer.Scheme == "internal" ? null : Xml.Of("CanonicalHostedZoneName", loadBalancer.DnsName),
            Xml.Of("CanonicalHostedZoneNameID", "Z35SXDOTRQ7X7K"),
            Xml.List("ListenerDescriptions", state.Listeners.Select(listener => new object?[]
            {
                Xml.Of(
                    "Listener",
                    Xml.Of("Protocol", listener.Protocol),
                    Xml.Of("LoadBalancerPort", listener.LoadBalancerPort),
                    Xml.Of("InstanceProtocol", listener.InstanceProtocol),
                    Xml.Of("InstancePort", listener.InstancePort),
                    Xml.Maybe("SSLCertificateId", listener.CertificateId)),
                Xml.List("PolicyNames", listener.PolicyNames),
            })),
            Xml.Of(
                "Policies",
                Xml.List("AppCookieStickinessPolicies", applicationCookies.Select(policy => new object?[]
                {
                    Xml.Of("PolicyName", policy.Name), Xml.Maybe("CookieName", policy.Value("CookieName")),
                })),
                Xml.List("LBCookieStickinessPolicies", cookies.Select(policy => new object?[]
                {
                    Xml.Of("PolicyName", policy.Name), Xml.Maybe("CookieExpirationPeriod", policy.Value("CookieExpirationPeriod")),
                })),
                Xml.List("OtherPolicies", others.Select(policy => policy.Name))),
            Xml.List("BackendServerDescriptions", state.BackendPolicies.Select(pair => new object?[]
            {
                Xml.Of("InstancePort", pair.Key), Xml.List("PolicyNames", pair.Value),
            })),
            Xml.List("AvailabilityZones", (object[])[$"{_cloud.Options.Region}a", $"{_cloud.Options.Region}b"]),
            Xml.List("Subnets", state.Subnets),
            Xml.Of("VPCId", CloudState.VpcId),
            Xml.List("Instances", state.Instances.Select(id => Xml.Of("InstanceId", id))),
            HealthCheckElement(state.HealthCheck),
            Xml.Of("SourceSecurityGroup", Xml.Of("OwnerAlias", _cloud.Options.Account), Xml.Of("GroupName", _cloud.LoadBalancerGroupName)),
            Xml.List("SecurityGroups", state.SecurityGroups),
            Xml.Of("CreatedTime", Xml.Time(loadBalancer.Created)),
            Xml.Of("Scheme", loadBalancer.Scheme),
        ];
    }

    private object?[] CreateLoadBalancer(QueryRequest request)
    {
        var name = request.Required("LoadBalancerName");
        if (name.Length is 0 or > 32 || name.StartsWith('-') || name.EndsWith('-') || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
        {
            throw new QueryException(
                "ValidationError",
                "LoadBalancer name must be 32 characters or less, contain only characters a-z, A-Z, 0-9 and '-', and cannot begin or end with '-'");
        }

        var scheme = request.Optional("Scheme") ?? "internet-facing";
        if (scheme is not ("internet-facing" or "internal"))
        {
            throw new QueryException("InvalidScheme", $"Invalid scheme: {scheme}");
        }

        var empty = new LoadBalancerOptions
        {
            Name = name,
            LogicalId = null,
            Scheme = scheme,
            Listeners = [],
            RegisteredNodes = 0,
            IdleTimeout = 60,
            HealthCheck = new("TCP:80", 30, 5, 2, 10),
        };
        var listeners = ReadListeners(request, name, LoadBalancerFactory.InitialState(_cloud, empty));
        if (_cloud.LoadBalancers.Find(candidate => candidate.Name == name) is { } existing)
        {
            var same = existing.Listeners.Count == listeners.Count && existing.Listeners.Zip(listeners).All(pair => pair.First.Same(pair.Second));
            return same
                ? [Xml.Of("DNSName", existing.DnsName)]
                : throw new QueryException("DuplicateLoadBalancerName", "A load balancer with the same name already exists and is configured with different parameters.");
        }

        var options = empty with
        {
            Listeners = listeners,
            DnsSuffix = $"{_cloud.Random.Next(1_000_000_000, 2_000_000_000)}",
            Tags = ReadTags(request).ToDictionary(tag => tag.Key, tag => tag.Value, StringComparer.Ordinal),
        };
        var created = _cloud.CreateLoadBalancer!(options);
        _cloud.LoadBalancers = _cloud.LoadBalancers.Add(created);
        return [Xml.Of("DNSName", created.DnsName)];
    }

    private object?[] DeleteLoadBalancer(QueryRequest request)
    {
        var name = request.Required("LoadBalancerName");
        if (_cloud.LoadBalancers.Find(candidate => candidate.Name == name) is { } loadBalancer)
        {
            Change(request, loadBalancer, state => state with { Listeners = [], Instances = [] });
            _cloud.LoadBalancers = _cloud.LoadBalancers.Remove(loadBalancer);
        }

        return [];
    }

    private object?[] DescribeTags(QueryRequest request) =>
        [Xml.List("TagDescriptions", request.RequiredList("LoadBalancerNames").Select(Find).Select(loadBalancer => new object?[]
        {
            Xml.Of("LoadBalancerName", loadBalancer.Name),
            Xml.List("Tags", loadBalancer.State.Tags.Select(tag => new object?[] { Xml.Of("Key", tag.Key), Xml.Of("Value", tag.Value) })),
        }))];

    private object?[] AddTags(QueryRequest request)
    {
        var loadBalancer = Find(request.RequiredList("LoadBalancerNames")[0]);
        var tags = ReadTags(request);
        if (tags.Count == 0)
        {
            throw request.Missing("Tags");
        }

        var merged = loadBalancer.State.Tags.SetItems(tags);
        if (merged.Count(tag => !tag.Key.StartsWith("aws:", StringComparison.Ordinal)) > 10)
        {
            throw new QueryException("TooManyTags", "The quota for the number of tags that can be assigned to a load balancer has been reached");
        }

        Change(request, loadBalancer, state => state with { Tags = merged });
        return [];
    }

    private object?[] RemoveTags(QueryRequest request)
    {
        var loadBalancer = Find(request.RequiredList("LoadBalancerNames")[0]);
        var keys = request.Structures("Tags").Select(tag => tag.Required("Key"));
        Change(request, loadBalancer, state => state with { Tags = state.Tags.RemoveRange(keys) });
        return [];
    }

    private static List<KeyValuePair<string, string>> ReadTags(QueryRequest request)
    {
        var tags = request.Structures("Tags").Select(tag => new KeyValuePair<string, string>(tag.Required("Key"), tag.Optional("Value") ?? "")).ToList();
        foreach (var (key, value) in tags)
        {
            if (key.Length is 0 or > 128 || value.Length > 256 || key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
            {
                throw new QueryException("ValidationError", $"The tag '{key}' is not valid");
            }
        }

        return tags.DistinctBy(tag => tag.Key, StringComparer.Ordinal).Count() == tags.Count
            ? tags
            : throw new QueryException("DuplicateTagKeys", "A tag key was specified more than once");
    }

    private static XElement HealthCheckElement(HealthCheck check) => Xml.Of(
        "HealthCheck",
        Xml.Of("Target", check.Target),
        Xml.Of("Interval", check.Interval),
        Xml.Of("Timeout", check.Timeout),
        Xml.Of("UnhealthyThreshold", check.UnhealthyThreshold),
        Xml.Of("HealthyThreshold", check.HealthyThreshold));
}

/// <summary>Builds load balancers from their options.</summary>
internal static class LoadBalancerFactory
{
    public static LoadBalancerState InitialState(CloudState cloud, LoadBalancerOptions options)
    {
        var policies = options.Policies.ToImmutableList();
        foreach (var name in options.Listeners.SelectMany(listener => listener.PolicyNames).Distinct(StringComparer.Ordinal))
        {
            if (!policies.Exists(policy => policy.Name == name) && PolicyTypes.Predefined(name) is { } predefined)
            {
                policies = policies.Add(predefined);
            }
        }

        var tags = options.Tags.ToImmutableSortedDictionary(StringComparer.Ordinal);
        if (options.LogicalId is not null)
        {
            tags = tags
                .Add("aws:cloudformation:logical-id", options.LogicalId)
                .Add("aws:cloudformation:stack-id", cloud.StackId)
                .Add("aws:cloudformation:stack-name", cloud.Options.StackName);
        }

        return new LoadBalancerState
        {
            Listeners = [.. options.Listeners],
            Policies = policies,
            BackendPolicies = options.BackendPolicies.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.ToImmutableList()),
            HealthCheck = options.HealthCheck,
            Attributes = new LoadBalancerAttributes(options.IdleTimeout, CrossZone: false, ConnectionDraining: false, DrainingTimeout: 300),
            Instances = [.. cloud.Instances.Take(options.RegisteredNodes ?? int.MaxValue).Select(instance => instance.Id)],
            Tags = tags,
            Subnets = [.. CloudState.SubnetIds],
            SecurityGroups = [CloudState.LoadBalancerGroup],
        };
    }
}
