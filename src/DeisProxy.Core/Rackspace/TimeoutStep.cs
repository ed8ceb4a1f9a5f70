using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>Changes how long a silent connection lives.</summary>
/// <param name="From">Seconds before.</param>
/// <param name="To">Seconds after: 30–120.</param>
public sealed record TimeoutStep(int From, int To) : CloudStep
{
    /// <summary>The least that the service takes, in seconds.</summary>
    public const int Minimum = 30;

    /// <summary>The most that the service takes, in seconds.</summary>
    public const int Maximum = 120;

    /// <inheritdoc/>
    public override string Id => "timeout";

    /// <inheritdoc/>
    public override string Description => "change the timeout for idle connections";

    /// <inheritdoc/>
    public override string FromText => $"{From} s";

    /// <inheritdoc/>
    public override string ToText => $"{To} s";

    /// <inheritdoc/>
    public override TimeoutStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before) => before.WithCloudBalancer(before.CloudBalancer with { TimeoutSeconds = To });

    /// <inheritdoc/>
    protected override Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) =>
        cluster.Balancers.UpdateAsync(cluster.Id, new LoadBalancerUpdate { Timeout = To }, cancellationToken);
}
