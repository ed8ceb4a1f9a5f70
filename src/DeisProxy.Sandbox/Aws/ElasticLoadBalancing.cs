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
            ["DescribeInstanceHealth"] = DescribeInstanceHealth,
            ["CreateLoadBalancerListeners"] = CreateLoadBalancerListeners,
            ["DeleteLoadBalancerListeners"] = DeleteLoadBalancerListeners,
            ["SetLoadBalancerListenerSSLCertificate"] = SetLoadBalancerListenerSslCertificate,
            ["CreateLoadBalancerPolicy"] = CreateLoadBalancerPolicy,
            ["DeleteLoadBalancerPolicy"] = DeleteLoadBalancerPolicy,
            ["SetLoadBalancerPoliciesOfListener"] = SetLoadBalancerPoliciesOfListener,
            ["SetLoadBalancerPoliciesForBackendServer"] = SetLoadBalancerPoliciesForBackendServer,
            ["ConfigureHealthCheck"] = ConfigureHealthCheck,
            ["ModifyLoadBalancerAttributes"] = ModifyLoadBalancerAttributes,
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

        return new LoadBalancerState
        {
            Listeners = [.. options.Listeners],
            Policies = policies,
            BackendPolicies = options.BackendPolicies.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value.ToImmutableList()),
            HealthCheck = options.HealthCheck,
            IdleTimeout = options.IdleTimeout,
            Instances = [.. cloud.Instances.Take(options.RegisteredNodes ?? int.MaxValue).Select(instance => instance.Id)],
            Subnets = [.. CloudState.SubnetIds],
            SecurityGroups = [CloudState.LoadBalancerGroup],
        };
    }
}
