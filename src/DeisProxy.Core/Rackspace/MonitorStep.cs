using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>Replaces the health monitor. One of HTTP or HTTPS fits only a load balancer of that protocol; CONNECT fits all.</summary>
/// <param name="From">The monitor before, null if there is none.</param>
/// <param name="To">The monitor after, null if there is none.</param>
public sealed record MonitorStep(HealthMonitor? From, HealthMonitor? To) : CloudStep
{
    /// <inheritdoc/>
    public override string Id => "health-monitor";

    /// <inheritdoc/>
    public override string Description => "change how nodes are checked, keep delay, timeout and attempts";

    /// <inheritdoc/>
    public override string FromText => From?.ToString() ?? "none";

    /// <inheritdoc/>
    public override string ToText => To?.ToString() ?? "none";

    /// <inheritdoc/>
    public override MonitorStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithCloudBalancer(before.CloudBalancer with { HealthMonitor = To });

    /// <inheritdoc/>
    protected override Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.Balancers.SetHealthMonitorAsync(cluster.Id, To, cancellationToken);
}
