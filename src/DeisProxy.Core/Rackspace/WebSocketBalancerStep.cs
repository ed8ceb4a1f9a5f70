using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>Creates or deletes the second load balancer for WebSockets; the first one is not touched.</summary>
/// <param name="From">The second one before, null if there is none.</param>
/// <param name="To">The second one after, null if there is none.</param>
public sealed record WebSocketBalancerStep(WebSocketBalancer? From, WebSocketBalancer? To) : CloudStep
{
    /// <summary>How its nodes are checked: as often as Deis's documentation has it.</summary>
    private static readonly HealthMonitor Monitor = new(HealthMonitor.Connect, 10, 10, 3);

    /// <inheritdoc/>
    public override string Id => "websocket-load-balancer";

    /// <inheritdoc/>
    public override string Description => To is null
        ? "delete the load balancer for WebSockets"
        : "create a load balancer for WebSockets on the same virtual IP address, with the same nodes";

    /// <inheritdoc/>
    public override string FromText => From?.ToString() ?? "none";

    /// <inheritdoc/>
    public override string ToText => To?.ToString() ?? "none";

    /// <inheritdoc/>
    public override WebSocketBalancerStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var others = before.Cloud.WebSocketOnly.Where(b => b.Port != (To ?? From)!.Port);
        return before with
        {
            Balancer = before.Cloud with { WebSocketOnly = (To is null ? others : others.Append(To)).OrderBy(b => b.Port).ToValueList() },
        };
    }

    /// <inheritdoc/>
    protected override async Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        var first = before.CloudBalancer;
        if (To is { } wanted)
        {
            var nodes = first.Nodes.Select(n => n with { Status = "" }).ToValueList();
            var second = new NewLoadBalancer(
                wanted.Name, wanted.Protocol, wanted.Port, TimeoutStep.Maximum, first.VirtualIps.Select(v => v.Id).ToValueList(), nodes)
            {
                HealthMonitor = Monitor,
            };
            await cluster.Balancers.CreateAsync(second, cancellationToken);
            return;
        }

        // The id is looked up here, because records are written before the service gives one.
        var address = first.VirtualIps.Select(v => v.Id).ToHashSet();
        foreach (var second in (await cluster.Balancers.ListAsync(cancellationToken))
            .Where(b => b.Name == From!.Name && b.Port == From.Port && b.VirtualIps.Any(v => address.Contains(v.Id))))
        {
            await cluster.Balancers.DeleteAsync(second.Id, cancellationToken);
        }
    }
}
