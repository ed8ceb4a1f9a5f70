using System.Collections.Immutable;

using DeisProxy.Sandbox.Aws;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>The settings of a Cloud Load Balancer.</summary>
public sealed record CloudBalancerState
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Protocol.</summary>
    public required string Protocol { get; init; }

    /// <summary>Port for clients.</summary>
    public required int Port { get; init; }

    /// <summary>Algorithm.</summary>
    public string Algorithm { get; init; } = "RANDOM";

    /// <summary>Idle timeout in seconds.</summary>
    public int Timeout { get; init; } = 30;

    /// <summary>Half-closed connections.</summary>
    public bool HalfClosed { get; init; }

    /// <summary>Redirect to HTTPS.</summary>
    public bool HttpsRedirect { get; init; }

    /// <summary>Session persistence, or null.</summary>
    public string? Persistence { get; init; }

    /// <summary>Content caching.</summary>
    public bool Caching { get; init; }

    /// <summary>A custom error page, or null.</summary>
    public string? ErrorPage { get; init; }

    /// <summary>The health monitor, or null.</summary>
    public CloudMonitor? Monitor { get; init; }

    /// <summary>SSL termination, or null.</summary>
    public CloudSsl? Ssl { get; init; }

    internal bool IsTcp => Protocol is "TCP" or "TCP_CLIENT_FIRST";
}

/// <summary>A Cloud Load Balancer of the sandbox.</summary>
public sealed class CloudBalancer
{
    private readonly TrafficContext _context;
    private string? _forced;
    private DateTimeOffset _activeFrom;
    private bool _isNew;

    internal CloudBalancer(TrafficContext context, long id, CloudBalancerState state, IReadOnlyList<CloudVirtualIp> virtualIps,
        IReadOnlyList<CloudNode> nodes)
    {
        _context = context;
        Id = id;
        State = state;
        VirtualIps = virtualIps;
        Nodes = nodes;
        Created = context.Options.Time.GetUtcNow();
        Traffic = new LoadBalancerTraffic(context, DataPlane());
    }

    /// <summary>Its id.</summary>
    public long Id { get; }

    /// <summary>Its settings, as the API shows them now.</summary>
    public CloudBalancerState State { get; private set; }

    /// <summary>Its virtual IP addresses.</summary>
    public IReadOnlyList<CloudVirtualIp> VirtualIps { get; }

    /// <summary>Its nodes.</summary>
    public IReadOnlyList<CloudNode> Nodes { get; }

    /// <summary>Its status now.</summary>
    public string Status => _forced ?? (_context.Options.Time.GetUtcNow() >= _activeFrom
        ? IsDeleted ? "DELETED" : "ACTIVE"
        : IsDeleted ? "PENDING_DELETE" : _isNew ? "BUILD" : "PENDING_UPDATE");

    internal bool IsDeleted { get; private set; }

    internal DateTimeOffset Created { get; }

    internal DateTimeOffset Updated { get; private set; }

    internal LoadBalancerTraffic Traffic { get; }

    /// <summary>Puts it into a status that it does not leave, such as <c>ERROR</c>; null lets it go on.</summary>
    public void ForceStatus(string? status) => _forced = status;

    internal bool IsOnline(CloudNode node) =>
        State.Monitor is null || InstanceOf(node) is not { } instance || Traffic.Health([instance.Id])[0].State == "InService";

    /// <summary>Takes settings over at once; status and data plane follow after a while.</summary>
    internal void Change(CloudBalancerState state, TimeSpan time, TimeSpan lag)
    {
        State = state;
        _isNew = false;
        Begin(time);
        Traffic.Publish(DataPlane(), time + lag);
    }

    /// <summary>It has been created a moment ago.</summary>
    internal void Build(TimeSpan time)
    {
        _isNew = true;
        Begin(time);
    }

    internal void Delete(TimeSpan time)
    {
        IsDeleted = true;
        Begin(time);
        Traffic.Publish(DataPlane(), time);
    }

    private void Begin(TimeSpan time)
    {
        Updated = _context.Options.Time.GetUtcNow();
        _activeFrom = Updated + time;
    }

    private Instance? InstanceOf(CloudNode node) => _context.Cloud.Instances.FirstOrDefault(instance => instance.PrivateAddress == node.Address);

    /// <summary>The same behavior in the words of the data plane, which a classic load balancer has, too.</summary>
    private LoadBalancerState DataPlane()
    {
        var nodePort = Nodes.Count > 0 ? Nodes[0].Port : State.Port;
        var front = State.Protocol == "HTTP" ? "HTTP" : "TCP";
        var listeners = new List<Listener>();
        if (!IsDeleted && State.Ssl is not { SecureTrafficOnly: true })
        {
            listeners.Add(new Listener(front, State.Port, front, nodePort));
        }

        if (!IsDeleted && State.Ssl is { } ssl)
        {
            listeners.Add(new Listener("HTTPS", ssl.SecurePort, "HTTP", nodePort, "sandbox"));
        }

        var monitor = State.Monitor;
        return new LoadBalancerState
        {
            Listeners = [.. listeners],
            Policies = [],
            BackendPolicies = ImmutableSortedDictionary<int, ImmutableList<string>>.Empty,
            HealthCheck = new HealthCheck(
                monitor is { Type: not "CONNECT" } ? $"{monitor.Type}:{nodePort}{monitor.Path}" : $"TCP:{nodePort}",
                monitor?.Delay ?? 10,
                monitor?.Timeout ?? 10,
                monitor?.Attempts ?? 3,
                HealthyThreshold: 1),
            IdleTimeout = State.Timeout,
            Instances = [.. Nodes.Where(node => node.Condition == "ENABLED").Select(InstanceOf).OfType<Instance>().Select(instance => instance.Id)],
            Subnets = [],
            SecurityGroups = [],
        };
    }
}
