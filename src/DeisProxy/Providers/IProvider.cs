using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Providers;

/// <summary>
/// A system that balances a cluster's traffic, or none: reads its balancer, plans, gives its steps what they work on, checks. Runner,
/// journal, lock, output and commands know nothing else of it.
/// </summary>
internal interface IProvider : IDisposable
{
    /// <summary>Its name, as <c>--provider</c> takes it.</summary>
    string Name { get; }

    /// <summary>Reads everything that is planned on, but for the routers.</summary>
    /// <param name="found">Is called once, as soon as it is known which nodes there are, while the rest is still being read.</param>
    /// <exception cref="Core.DeisProxyException">The balancer is not there or cannot be read.</exception>
    Task<BalancerReading> ReadAsync(Action<BalancerFound> found, CancellationToken cancellationToken);

    /// <summary>What the steps of a plan work on.</summary>
    ClusterControl Control(ClusterSession session);

    /// <summary>Plans <c>setup</c>: a pure function.</summary>
    Plan PlanSetup(ClusterSnapshot now);

    /// <summary>Plans <c>teardown</c>: a pure function.</summary>
    /// <param name="known">Record of the last setup; null if nothing is recorded.</param>
    Plan PlanTeardown(ClusterSnapshot now, RunRecord? known);

    /// <summary>What routers are to expect at the beginning of a connection.</summary>
    RouterMode WantedMode { get; }

    /// <summary>Checks what is there: a pure function.</summary>
    /// <param name="known">Record of the last setup; null if nothing is recorded.</param>
    /// <param name="seen">What traffic showed; null if none was sent.</param>
    IReadOnlyList<CheckResult> Check(ClusterSnapshot now, RunRecord? known, TrafficSeen? seen);
}

/// <summary>Which balancer it is.</summary>
/// <param name="Key">Names it in the cluster's journal.</param>
/// <param name="Scope">Names it on this machine, where other clusters have journals, too.</param>
internal sealed record BalancerFound(string Key, string Scope, ValueList<Node> Nodes);

/// <summary>What a provider reads.</summary>
internal sealed record BalancerReading(BalancerState? Balancer, ValueList<Node> Nodes);
