using DeisProxy.Core.Model;

namespace DeisProxy.Core.Applying;

/// <summary>What the steps of a run work on: the routers, and whatever a provider adds to them.</summary>
public class ClusterControl(IRouterControl routers, TimeProvider time)
{
    /// <summary>The routers.</summary>
    public IRouterControl Routers { get; } = routers;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; } = time;

    /// <summary>Is told, in words for people, what a step waits for.</summary>
    public Action<string> Activity { get; set; } = _ => { };

    /// <summary>How long putting a run's changes back may take in all.</summary>
    public virtual TimeSpan RollbackLimit => TimeSpan.FromMinutes(3);

    /// <summary>How long a read may still show what was there before a change.</summary>
    public virtual TimeSpan ReadLag => TimeSpan.Zero;

    /// <summary>How balancer and routers were switched together; null if they were not.</summary>
    public virtual FlipReport? FlipReport => null;

    /// <summary>Reads balancer and routers again; the rest is as it was read before.</summary>
    public Task<ClusterSnapshot> ReadAsync(ClusterSnapshot previous, CancellationToken cancellationToken) => Waiting.RetryAsync(
        Time,
        async ct =>
        {
            var balancer = ReadBalancerAsync(previous.Balancer, ct);
            var router = Routers.ReadAsync(ct);
            await Task.WhenAll(balancer, router);
            return previous with { Balancer = await balancer, Router = await router };
        },
        cancellationToken);

    /// <summary>Reads the balancer again.</summary>
    protected virtual Task<BalancerState?> ReadBalancerAsync(BalancerState? previous, CancellationToken cancellationToken) =>
        Task.FromResult(previous);
}
