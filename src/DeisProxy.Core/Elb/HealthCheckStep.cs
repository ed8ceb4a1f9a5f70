using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Replaces the health check.</summary>
public sealed record HealthCheckStep(HealthCheck From, HealthCheck To) : ElbStep
{
    /// <inheritdoc/>
    public override string Id => "health-check";

    /// <inheritdoc/>
    public override string Description => "change the health check's target, keep its interval, timeout and thresholds";

    /// <inheritdoc/>
    public override string FromText => From.Target.ToString();

    /// <inheritdoc/>
    public override string ToText => To.Target.ToString();

    /// <inheritdoc/>
    public override bool IsIndependent => true;

    /// <inheritdoc/>
    public override HealthCheckStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithLoadBalancer(before.LoadBalancer with { HealthCheck = To });

    /// <inheritdoc/>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) =>
        Inverse().IsDoneIn(made) ? original : base.OriginalAfter(original, made);

    /// <inheritdoc/>
    protected override Task ChangeAsync(ElbControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.LoadBalancer.ConfigureHealthCheckAsync(To, cancellationToken);
}
