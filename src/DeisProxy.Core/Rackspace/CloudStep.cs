using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>A step that changes a Cloud Load Balancer.</summary>
public abstract record CloudStep : Step
{
    /// <summary>A value that an earlier setup made is not what teardown goes back to.</summary>
    public override ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) =>
        Inverse().IsDoneIn(made) ? original : base.OriginalAfter(original, made);

    /// <inheritdoc/>
    protected sealed override Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        cluster.Activity($"{Id}: waiting for the load balancer to be ACTIVE");
        return ChangeAsync((CloudControl)cluster, before, cancellationToken);
    }

    /// <inheritdoc cref="Step.ChangeAsync"/>
    protected abstract Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken);
}
