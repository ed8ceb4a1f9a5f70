using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>What the runner and the checks do to the routers of a cluster.</summary>
public interface IRouterControl
{
    /// <summary>Reads the routers' settings and which of them are alive.</summary>
    Task<RouterState> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Sets or deletes a router's setting, if it still has the value that was read.</summary>
    /// <param name="expected">The value that was read, null if the key was absent.</param>
    /// <param name="value">The new value, null to delete the key.</param>
    Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken);

    /// <summary>Asks one router, through a node, whether it demands the PROXY line. What the router does is a result, never an error.</summary>
    Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken);
}

/// <summary>A setting of the routers in etcd that deis-proxy changes.</summary>
public enum RouterSetting
{
    /// <summary><c>/deis/router/proxyProtocol</c>.</summary>
    ProxyProtocol,

    /// <summary><c>/deis/router/proxyRealIpCidr</c>.</summary>
    ProxyRealIpCidr,
}
