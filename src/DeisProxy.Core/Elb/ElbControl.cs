using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

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

    /// <summary>
    /// Makes sure that a listener that is there could be created again, and opens the connections that replacing it takes. Changes nothing; only
    /// a port that has no listener after all gets this one.
    /// </summary>
    Task PrepareReplacementAsync(Listener from, CancellationToken cancellationToken);

    /// <summary>Replaces the listener of one load balancer port, its policies included; prepares that where it has not been prepared.</summary>
    /// <param name="from">The listener that is there, or null.</param>
    /// <param name="to">The listener to create, or null.</param>
    Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken);

    /// <summary>Replaces the whole list of policies towards one instance port.</summary>
    /// <param name="backend">The port and all of its policies; an empty list clears them.</param>
    Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken);
}

/// <summary>What the steps of a classic load balancer work on.</summary>
public sealed class ElbControl : ClusterControl
{
    /// <summary>Creates it.</summary>
    public ElbControl(ILoadBalancerControl loadBalancer, IRouterControl routers, Flip flip, IBalancerTraffic traffic, TimeProvider time)
        : base(routers, time)
    {
        ArgumentNullException.ThrowIfNull(flip);
        (LoadBalancer, Flip, Traffic) = (loadBalancer, flip, traffic);
        flip.Activity = text => Activity(text);
    }

    /// <summary>The load balancer.</summary>
    public ILoadBalancerControl LoadBalancer { get; }

    /// <summary>Switches load balancer and routers together.</summary>
    public Flip Flip { get; }

    /// <summary>Traffic through the load balancer.</summary>
    public IBalancerTraffic Traffic { get; }

    /// <summary>AWS says no more than that reads are consistent in the end; the usual time, with reserve.</summary>
    public override TimeSpan ReadLag => TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public override FlipReport? FlipReport => Flip.Report;

    /// <inheritdoc/>
    protected override async Task<BalancerState?> ReadBalancerAsync(BalancerState? previous, CancellationToken cancellationToken)
    {
        var balancer = await LoadBalancer.ReadAsync(cancellationToken);
        return ((ElbState)previous!) with { LoadBalancer = balancer };
    }
}
