using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using CoreProbeResult = DeisProxy.Core.Model.RouterProbeResult;
using CoreRouter = DeisProxy.Core.Model.LiveRouter;

namespace DeisProxy.Cluster.Router;

/// <summary>The routers of a cluster: their settings in its etcd, and their ports as a node sees them.</summary>
/// <param name="node">The node to reach them from.</param>
/// <param name="etcd">The cluster's etcd, reached through the same node.</param>
public sealed class ClusterRouters(INode node, EtcdClient etcd) : IRouterControl
{
    private const int HttpPort = 80;

    private readonly RouterStore _store = new(etcd);

    /// <inheritdoc/>
    public async Task<RouterState> ReadAsync(CancellationToken cancellationToken)
    {
        var settings = await EtcdErrors.CallAsync(() => _store.ReadAsync(cancellationToken));
        return new RouterState
        {
            // A custom image with a release in its tag says more about the routers than the platform's release does.
            Version = DeisVersion.TryParse(settings.RouterImage?.Split(':')[^1]) ?? DeisVersion.TryParse(settings.PlatformVersion),
            ProxyProtocol = settings.ProxyProtocol,
            ProxyRealIpCidr = settings.ProxyRealIpCidr,
            EnforcesHttps = settings.EnforceHttps == "true",
            HstsEnabled = settings.HstsEnabled == "true",
            HasCertificate = settings.HasPlatformCertificate || settings.CertificateDomains.Count > 0,
            ControllerWhitelist = settings.ControllerWhitelist,
            EnforcesWhitelist = settings.EnforceWhitelist == "true",
            LiveRouters = settings.Routers.Select(r => new CoreRouter(r.NodeAddress, r.Host, r.Port)).ToValueList(),
        };
    }

    /// <inheritdoc/>
    public Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken)
    {
        var key = setting == RouterSetting.ProxyProtocol ? RouterStore.ProxyProtocolKey : RouterStore.ProxyRealIpCidrKey;
        return EtcdErrors.CallAsync(async () =>
        {
            await _store.CompareAndSetAsync(key, expected, value, cancellationToken);
            return true;
        });
    }

    /// <inheritdoc/>
    public async Task<CoreProbeResult> ProbeAsync(CoreRouter router, int instancePort, CancellationToken cancellationToken)
    {
        // A router announces where its HTTP server is; its other ports are at the same address.
        var port = instancePort == HttpPort ? router.Port : instancePort;
        var result = await RouterProbe.ProbeAsync(node, router.Host, port, cancellationToken);
        return new CoreProbeResult(router, instancePort, result.Mode, result.Seen);
    }
}
