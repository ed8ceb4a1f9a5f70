using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.NoBalancer;

/// <summary>Sets or deletes the routers' key alone, where nothing in front of them sends the PROXY line.</summary>
/// <param name="From">Value of <c>/deis/router/proxyProtocol</c> before, null if absent.</param>
/// <param name="To">Value after, null to delete the key.</param>
public sealed record RouterKeyStep(string? From, string? To) : Step
{
    /// <inheritdoc/>
    public override string Id => "router-key";

    /// <inheritdoc/>
    public override string Description => $"{(To is null ? "delete" : "set")} the routers' key proxyProtocol";

    /// <inheritdoc/>
    public override string FromText => Text(From);

    /// <inheritdoc/>
    public override string ToText => Text(To);

    /// <inheritdoc/>
    public override RouterKeyStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        ArgumentNullException.ThrowIfNull(before);
        return before with { Router = before.Router with { ProxyProtocol = To } };
    }

    /// <inheritdoc/>
    protected override Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        before.Router.ProxyProtocol == To
            ? Task.CompletedTask
            : cluster.Routers.WriteAsync(RouterSetting.ProxyProtocol, before.Router.ProxyProtocol, To, cancellationToken);

    private static string Text(string? value) => value is null ? "not set" : $"\"{RemoteText.Clean(value)}\"";
}
