using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Sets or deletes the network that routers trust.</summary>
/// <param name="From">Value of <c>/deis/router/proxyRealIpCidr</c> before, null if absent.</param>
/// <param name="To">Value after, null to delete the key.</param>
public sealed record RealIpCidrStep(string? From, string? To) : Step
{
    /// <inheritdoc/>
    public override string Id => "real-ip-cidr";

    /// <inheritdoc/>
    public override string Description => "change the network that routers trust for the client's address (proxyRealIpCidr)";

    /// <inheritdoc/>
    public override string FromText => From ?? $"{RouterState.DefaultRealIpNetwork} (default)";

    /// <inheritdoc/>
    public override string ToText => To ?? $"{RouterState.DefaultRealIpNetwork} (default)";

    /// <inheritdoc/>
    public override RealIpCidrStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before with { Router = before.Router with { ProxyRealIpCidr = To } };

    /// <inheritdoc/>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) =>
        Inverse().IsDoneIn(made) ? original : base.OriginalAfter(original, made);

    /// <inheritdoc/>
    protected override Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        before.Router.ProxyRealIpCidr == To
            ? Task.CompletedTask
            : cluster.Routers.WriteAsync(RouterSetting.ProxyRealIpCidr, before.Router.ProxyRealIpCidr, To, cancellationToken);
}
