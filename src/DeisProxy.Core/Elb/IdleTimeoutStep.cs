using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Changes how long a silent connection lives.</summary>
/// <param name="From">Seconds before.</param>
/// <param name="To">Seconds after.</param>
public sealed record IdleTimeoutStep(int From, int To) : ElbStep
{
    /// <inheritdoc/>
    public override string Id => "idle-timeout";

    /// <inheritdoc/>
    public override string Description => "change the idle timeout (WebSockets can be silent for a long time)";

    /// <inheritdoc/>
    public override string FromText => $"{From} s";

    /// <inheritdoc/>
    public override string ToText => $"{To} s";

    /// <inheritdoc/>
    public override bool IsIndependent => true;

    /// <inheritdoc/>
    public override IdleTimeoutStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithLoadBalancer(before.LoadBalancer with { IdleTimeoutSeconds = To });

    /// <inheritdoc/>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) =>
        Inverse().IsDoneIn(made) ? original : base.OriginalAfter(original, made);

    /// <inheritdoc/>
    protected override Task ChangeAsync(ElbControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.LoadBalancer.SetIdleTimeoutAsync(To, cancellationToken);
}
