using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>A protocol, and what the service gives up with it without a word.</summary>
/// <param name="SessionPersistence">Type of session persistence, null if there is none.</param>
/// <param name="ErrorPage">The page that users see while no node answers; null where it does not matter.</param>
public sealed record ProtocolSettings(string Protocol, int Port, bool HalfClosed, string? SessionPersistence, string? ErrorPage)
{
    /// <summary>The settings of a load balancer.</summary>
    public static ProtocolSettings Of(CloudLoadBalancer balancer)
    {
        ArgumentNullException.ThrowIfNull(balancer);

        // Other protocols have no error page of their own.
        return new(
            balancer.Protocol,
            balancer.Port,
            balancer.HalfClosed,
            balancer.SessionPersistence,
            balancer.Protocol == CloudProtocol.Http ? balancer.ErrorPage : null);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Protocol} on port {Port}{(SessionPersistence is null ? "" : $", session persistence {SessionPersistence}")}";
}

/// <summary>
/// Changes the protocol and restores what the service drops with it: session persistence and a custom error page belong to one protocol,
/// so they go and come back with it.
/// </summary>
public sealed record ProtocolStep(ProtocolSettings From, ProtocolSettings To) : CloudStep
{
    /// <inheritdoc/>
    public override string Id => "protocol";

    /// <inheritdoc/>
    public override string Description => "change the protocol";

    /// <inheritdoc/>
    public override string FromText => From.ToString();

    /// <inheritdoc/>
    public override string ToText => To.ToString();

    /// <inheritdoc/>
    public override ProtocolStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var balancer = before.CloudBalancer;
        return before.WithCloudBalancer(balancer with
        {
            Protocol = To.Protocol,
            Port = To.Port,
            HalfClosed = To.HalfClosed,
            SessionPersistence = To.SessionPersistence,
            ErrorPage = To.ErrorPage ?? balancer.ErrorPage,
        });
    }

    /// <summary>The protocol may have changed and what goes with it not yet.</summary>
    public override bool IsOurs(ClusterSnapshot current) =>
        current.CloudBalancer.Port == To.Port && (current.CloudBalancer.Protocol == To.Protocol || current.CloudBalancer.Protocol == From.Protocol);

    /// <summary>A protocol that has changed hides that what goes with it is still missing.</summary>
    public override Step? Repair(ClusterSnapshot current) =>
        current.CloudBalancer.Protocol == To.Protocol && current.CloudBalancer.Port == To.Port && !IsDoneIn(current)
            ? new ProtocolStep(ProtocolSettings.Of(current.CloudBalancer), To)
            : null;

    /// <inheritdoc/>
    protected override async Task ChangeAsync(CloudControl cluster, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        var (id, balancers) = (cluster.Id, cluster.Balancers);
        var now = before.CloudBalancer;
        if ((now.Protocol, now.Port, now.HalfClosed) != (To.Protocol, To.Port, To.HalfClosed))
        {
            if (now.Protocol == CloudProtocol.Http && To.Protocol != CloudProtocol.Http && From.ErrorPage is { } page)
            {
                await cluster.SaveErrorPageAsync(page, cancellationToken);
            }

            // The service wants the port with the protocol, and HTTP refuses half-closed connections.
            var update = new LoadBalancerUpdate
            {
                Protocol = To.Protocol,
                Port = To.Port,
                HalfClosed = now.HalfClosed || To.HalfClosed ? To.HalfClosed : null,
            };
            await balancers.UpdateAsync(id, update, cancellationToken);
            now = await balancers.ReadAsync(id, cancellationToken);
        }

        if (now.SessionPersistence != To.SessionPersistence)
        {
            await balancers.SetSessionPersistenceAsync(id, To.SessionPersistence, cancellationToken);
        }

        if (To.ErrorPage is { } wanted && now.ErrorPage != wanted)
        {
            await balancers.SetErrorPageAsync(id, wanted, cancellationToken);
        }
    }
}
