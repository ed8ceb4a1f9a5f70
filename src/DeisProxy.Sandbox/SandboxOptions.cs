using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Sandbox;

/// <summary>
/// What the sandbox holds when it starts. The defaults are a Deis v1.5 stack (load balancer in HTTP mode) whose platform has been
/// upgraded to v1.6.0, the first version whose routers know the PROXY protocol: what <c>setup</c> meets.
/// </summary>
public sealed record SandboxOptions
{
    /// <summary>A stack of Deis v1.5: HTTP on port 80, health check over HTTP, no policy.</summary>
    public static SandboxOptions DeisV15 { get; } = new();

    /// <summary>A stack of Deis v1.6: everything TCP, the policy attached; only the router's key is missing.</summary>
    public static SandboxOptions DeisV16 { get; } = new() { LoadBalancers = [LoadBalancerOptions.DeisV16] };

    /// <summary>A cluster on Rackspace as Deis's documentation had people set it up: HTTP on port 80, TCP on port 2222.</summary>
    public static SandboxOptions DeisOnRackspace { get; } = new() { LoadBalancers = [], Rackspace = new RackspaceOptions() };

    /// <summary>A cluster without a load balancer: clients reach the routers directly.</summary>
    public static SandboxOptions DeisWithoutBalancer { get; } = new() { LoadBalancers = [] };

    /// <summary>AWS region.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>The end of load balancers' DNS names.</summary>
    public string DnsZone { get; init; } = "elb.amazonaws.com";

    /// <summary>AWS account number.</summary>
    public string Account { get; init; } = "123456789012";

    /// <summary>Name of the CloudFormation stack.</summary>
    public string StackName { get; init; } = "deis";

    /// <summary>The stack's status; with <c>DELETE_COMPLETE</c> it is found by its id only.</summary>
    public string StackStatus { get; init; } = "CREATE_COMPLETE";

    /// <summary>Resources of the stack beyond those of the template: with 90 or more it has over 100.</summary>
    public int AdditionalStackResources { get; init; }

    /// <summary>The version of the platform: <c>/deis/platform/version</c>, and how its routers behave.</summary>
    public string PlatformVersion { get; init; } = "1.6.0";

    /// <summary>The classic load balancers of the account.</summary>
    public IReadOnlyList<LoadBalancerOptions> LoadBalancers { get; init; } = [LoadBalancerOptions.DeisV15];

    /// <summary>The Rackspace account whose load balancers are in front of the cluster; null: there is none.</summary>
    public RackspaceOptions? Rackspace { get; init; }

    /// <summary>Instances of the stack.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>How many of the nodes run a router: the first ones.</summary>
    public int Routers { get; init; } = 3;

    /// <summary>
    /// Ports that the nodes' security group admits from the load balancers; null is what the template of the platform's version admits.
    /// Packets to other ports are dropped.
    /// </summary>
    public IReadOnlyList<int>? AdmittedPorts { get; init; }

    /// <summary>Whether the instances have public addresses.</summary>
    public bool PublicAddresses { get; init; } = true;

    /// <summary>Whether an instance that was terminated a short while ago is still listed.</summary>
    public bool TerminatedInstance { get; init; }

    /// <summary>The network of the VPC; at least a /20.</summary>
    public string VpcCidr { get; init; } = "10.21.0.0/16";

    /// <summary>Further networks associated with the VPC.</summary>
    public IReadOnlyList<string> AdditionalVpcCidrs { get; init; } = [];

    /// <summary>
    /// Network of the second subnet, a /24 of <see cref="VpcCidr"/> or of one of <see cref="AdditionalVpcCidrs"/>; null: beside the first one.
    /// </summary>
    public string? SecondSubnetCidr { get; init; }

    /// <summary>Server certificates of the account, by ARN.</summary>
    public IReadOnlyList<string> Certificates { get; init; } = ["arn:aws:iam::123456789012:server-certificate/deis"];

    /// <summary>
    /// Keys in etcd at the start, besides the platform's version and the live routers; an example is <c>/deis/router/enforceHTTPS</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> EtcdKeys { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The address that clients of the data plane seem to have. Every real client comes from 127.0.0.1; with this the way of an address
    /// through the load balancer becomes visible. Null: the connection's own address.
    /// </summary>
    public string? ClientAddress { get; init; } = "203.0.113.9";

    /// <summary>Time from an answered AWS request until the data plane acts on it.</summary>
    public LagRange DataPlaneLag { get; init; } = LagRange.None;

    /// <summary>The same for single operations, by name.</summary>
    public IReadOnlyDictionary<string, LagRange> DataPlaneLagByOperation { get; init; } = new Dictionary<string, LagRange>(StringComparer.Ordinal);

    /// <summary>Time that every AWS request takes before it is handled.</summary>
    public LagRange ApiDelay { get; init; } = LagRange.None;

    /// <summary>Seconds of a health check's interval and timeout are multiplied by this.</summary>
    public double HealthCheckTimeScale { get; init; } = 0.02;

    /// <summary>Seconds of a load balancer's idle timeout are multiplied by this.</summary>
    public double IdleTimeScale { get; init; } = 1;

    /// <summary>How often each router reads etcd; 5 s on the real one, each router with a phase of its own.</summary>
    public TimeSpan RouterInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From a router's new rendering until it serves by it (<c>nginx -s reload</c> returns at once).</summary>
    public TimeSpan RouterReloadDelay { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary>
    /// Creating a policy that is there with the same type and attributes: the model says <c>DuplicatePolicyName</c> (true), observed is
    /// success (false).
    /// </summary>
    public bool IdenticalPolicyIsDuplicate { get; init; }

    /// <summary>Policies a load balancer may have; a real limit exists and is not published.</summary>
    public int PolicyLimit { get; init; } = 100;

    /// <summary>Resources on one page of ListStackResources.</summary>
    public int StackPageSize { get; init; } = 100;

    /// <summary>Seeds every random choice.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Loopback port of the AWS endpoint; 0 takes a free one.</summary>
    public int AwsPort { get; init; }

    /// <summary>Loopback port of etcd; 0 takes a free one.</summary>
    public int EtcdPort { get; init; }

    /// <summary>The clock for lags, ticks, TTLs, timeouts and health checks.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>A span of time out of which one is drawn at random.</summary>
public sealed record LagRange(TimeSpan Minimum, TimeSpan Maximum)
{
    /// <summary>At once.</summary>
    public static LagRange None { get; } = new(TimeSpan.Zero, TimeSpan.Zero);

    internal TimeSpan Draw(Random random) => Minimum + ((Maximum - Minimum) * random.NextDouble());
}

/// <summary>A classic load balancer when the sandbox starts. Every load balancer has all nodes registered.</summary>
public sealed record LoadBalancerOptions
{
    /// <summary>As the template of Deis v1.5 makes it.</summary>
    public static LoadBalancerOptions DeisV15 { get; } = new();

    /// <summary>As the template of Deis v1.6 makes it.</summary>
    public static LoadBalancerOptions DeisV16 { get; } = new()
    {
        Listeners = [new Listener("TCP", 80, "TCP", 80), new Listener("TCP", 443, "TCP", 443), new Listener("TCP", 2222, "TCP", 2222)],
        Policies = [new Policy("EnableProxyProtocol", "ProxyProtocolPolicyType", [new("ProxyProtocol", "true")])],
        BackendPolicies = new Dictionary<int, IReadOnlyList<string>> { [80] = ["EnableProxyProtocol"], [443] = ["EnableProxyProtocol"] },
        HealthCheck = new HealthCheck("TCP:80", 15, 5, 2, 4),
    };

    /// <summary>Its name.</summary>
    public string Name { get; init; } = "deis-DeisWebE-17PGCR3KPJC54";

    /// <summary>Its logical id in the stack; null: not part of the stack.</summary>
    public string? LogicalId { get; init; } = "DeisWebELB";

    /// <summary>The number that AWS puts behind the name in the DNS name.</summary>
    public string DnsSuffix { get; init; } = "1352182655";

    /// <summary><c>internet-facing</c> or <c>internal</c>.</summary>
    public string Scheme { get; init; } = "internet-facing";

    /// <summary>Listeners with the policies that are enabled on them.</summary>
    public IReadOnlyList<Listener> Listeners { get; init; } =
        [new Listener("HTTP", 80, "HTTP", 80), new Listener("TCP", 443, "TCP", 443), new Listener("TCP", 2222, "TCP", 2222)];

    /// <summary>Policies of the load balancer. Predefined SSL policies that listeners use need not be listed.</summary>
    public IReadOnlyList<Policy> Policies { get; init; } = [];

    /// <summary>Names of policies by instance port.</summary>
    public IReadOnlyDictionary<int, IReadOnlyList<string>> BackendPolicies { get; init; } = new Dictionary<int, IReadOnlyList<string>>();

    /// <summary>The health check.</summary>
    public HealthCheck HealthCheck { get; init; } = new("HTTP:80/health-check", 15, 5, 2, 4);

    /// <summary>Idle timeout in seconds: 1200 from Deis v1.3 on, 60 before.</summary>
    public int IdleTimeout { get; init; } = 1200;

    /// <summary>How many of the nodes are registered: the first ones; null is all.</summary>
    public int? RegisteredNodes { get; init; }
}
