using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>
/// The Cloud Load Balancers of an account in one region. Each change is in effect when its call returns: the service takes one at a time, and each
/// takes a while.
/// </summary>
public interface ICloudLoadBalancers
{
    /// <summary>How long a change may take to come into effect.</summary>
    TimeSpan ChangeLimit { get; }

    /// <summary>Lists all load balancers that are not deleted.</summary>
    Task<ValueList<LoadBalancerSummary>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Reads a load balancer with everything that a change of its protocol touches.</summary>
    /// <exception cref="DeisProxyException"><c>load-balancer-gone</c>.</exception>
    Task<CloudLoadBalancer> ReadAsync(long id, CancellationToken cancellationToken);

    /// <summary>Changes settings together.</summary>
    Task UpdateAsync(long id, LoadBalancerUpdate update, CancellationToken cancellationToken);

    /// <summary>Replaces the health monitor; null removes it.</summary>
    Task SetHealthMonitorAsync(long id, HealthMonitor? monitor, CancellationToken cancellationToken);

    /// <summary>Turns content caching on or off.</summary>
    Task SetContentCachingAsync(long id, bool enabled, CancellationToken cancellationToken);

    /// <summary>Sets session persistence; null removes it.</summary>
    Task SetSessionPersistenceAsync(long id, string? type, CancellationToken cancellationToken);

    /// <summary>Installs an error page; null goes back to the default one.</summary>
    Task SetErrorPageAsync(long id, string? content, CancellationToken cancellationToken);

    /// <summary>Creates a load balancer. When the answer is lost it may be there all the same: list before repeating.</summary>
    Task CreateAsync(NewLoadBalancer balancer, CancellationToken cancellationToken);

    /// <summary>Deletes a load balancer; one that is gone is no error.</summary>
    Task DeleteAsync(long id, CancellationToken cancellationToken);
}
