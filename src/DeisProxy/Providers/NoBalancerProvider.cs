using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.NoBalancer;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Providers;

/// <summary>No load balancer: clients reach the routers directly, as with DNS-based balancing on DigitalOcean.</summary>
/// <param name="cluster">Names the cluster on this machine: a node of it.</param>
internal sealed class NoBalancerProvider(string cluster, TimeProvider time) : IProvider
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "none";

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public RouterMode WantedMode => RouterMode.Plain;

    /// <inheritdoc/>
    public Task<BalancerReading> ReadAsync(Action<BalancerFound> found, CancellationToken cancellationToken)
    {
        found(new BalancerFound(ProviderName, $"{ProviderName}-{cluster}", []));
        return Task.FromResult(new BalancerReading(Balancer: null, []));
    }

    /// <inheritdoc/>
    public ClusterControl Control(ClusterSession session) => new(session.Routers, time);

    /// <inheritdoc/>
    public Plan PlanSetup(ClusterSnapshot now) => NoBalancerPlanner.Setup(now);

    /// <inheritdoc/>
    public Plan PlanTeardown(ClusterSnapshot now, RunRecord? known) => NoBalancerPlanner.Teardown(now);

    /// <inheritdoc/>
    public IReadOnlyList<CheckResult> Check(ClusterSnapshot now, RunRecord? known, TrafficSeen? seen) => NoBalancerChecks.Run(now, seen);

    /// <inheritdoc/>
    public void Dispose()
    {
        // It holds nothing.
    }
}
