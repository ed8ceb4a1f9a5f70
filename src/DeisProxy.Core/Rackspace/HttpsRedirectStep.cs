using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>Turns the redirect of HTTP to HTTPS on or off; TCP has none.</summary>
public sealed record HttpsRedirectStep(bool From, bool To) : CloudStep
{
    /// <inheritdoc/>
    public override string Id => "https-redirect";

    /// <inheritdoc/>
    public override string Description => $"turn the redirect to HTTPS {(To ? "on" : "off")}";

    /// <inheritdoc/>
    public override string FromText => From ? "on" : "off";

    /// <inheritdoc/>
    public override string ToText => To ? "on" : "off";

    /// <inheritdoc/>
    public override HttpsRedirectStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithCloudBalancer(before.CloudBalancer with { HttpsRedirect = To });

    /// <inheritdoc/>
    protected override Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.Balancers.UpdateAsync(cluster.Id, new LoadBalancerUpdate { HttpsRedirect = To }, cancellationToken);
}
