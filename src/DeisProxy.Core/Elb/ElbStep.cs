using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>A step that changes a classic load balancer.</summary>
public abstract record ElbStep : Step
{
    /// <inheritdoc/>
    protected sealed override Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        ChangeAsync((ElbControl)cluster, before, cancellationToken);

    /// <inheritdoc cref="Step.ChangeAsync"/>
    protected abstract Task ChangeAsync(ElbControl cluster, ClusterSnapshot before, CancellationToken cancellationToken);
}
