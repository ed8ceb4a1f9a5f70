using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>What the runner does to a classic load balancer. Every write asks for a whole target state, so repeating it is safe.</summary>
public interface ILoadBalancerControl
{
    /// <summary>Reads the load balancer with its policies, attributes and instance health.</summary>
    Task<LoadBalancer> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the health check.</summary>
    Task ConfigureHealthCheckAsync(HealthCheck healthCheck, CancellationToken cancellationToken);

    /// <summary>Sets the idle timeout.</summary>
    /// <param name="seconds">1–3600 seconds.</param>
    Task SetIdleTimeoutAsync(int seconds, CancellationToken cancellationToken);

    /// <summary>Creates a policy.</summary>
    Task CreatePolicyAsync(LoadBalancerPolicy policy, CancellationToken cancellationToken);

    /// <summary>Deletes a policy that nothing uses.</summary>
    Task DeletePolicyAsync(string name, CancellationToken cancellationToken);

    /// <summary>Replaces the listener of one load balancer port, its policies included.</summary>
    /// <param name="from">The listener that is there, or null.</param>
    /// <param name="to">The listener that shall be there, or null.</param>
    Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken);

    /// <summary>Replaces the whole list of policies towards one instance port.</summary>
    /// <param name="backend">The port and all of its policies; an empty list clears them.</param>
    Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken);
}

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
