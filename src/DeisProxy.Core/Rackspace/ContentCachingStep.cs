using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>Turns content caching on or off; only HTTP has it.</summary>
public sealed record ContentCachingStep(bool From, bool To) : CloudStep
{
    /// <inheritdoc/>
    public override string Id => "content-caching";

    /// <inheritdoc/>
    public override string Description => $"turn content caching {(To ? "on" : "off")}";

    /// <inheritdoc/>
    public override string FromText => From ? "on" : "off";

    /// <inheritdoc/>
    public override string ToText => To ? "on" : "off";

    /// <inheritdoc/>
    public override ContentCachingStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithCloudBalancer(before.CloudBalancer with { ContentCaching = To });

    /// <inheritdoc/>
    protected override Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.Balancers.SetContentCachingAsync(cluster.Id, To, cancellationToken);
}
