using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>What the steps of a Cloud Load Balancer work on.</summary>
/// <param name="saveErrorPage">Keeps an error page in a file before the service removes it.</param>
public sealed class CloudControl(
    ICloudLoadBalancers balancers, long id, IRouterControl routers, Func<string, CancellationToken, Task> saveErrorPage, TimeProvider time)
    : ClusterControl(routers, time)
{
    /// <summary>The account's load balancers.</summary>
    public ICloudLoadBalancers Balancers { get; } = balancers;

    /// <summary>One change that takes as long as the service may take is waited for, and the others are put back, too.</summary>
    public override TimeSpan RollbackLimit => base.RollbackLimit + Balancers.ChangeLimit;

    /// <summary>The load balancer's id.</summary>
    public long Id { get; } = id;

    /// <summary>Keeps an error page in a file.</summary>
    public Task SaveErrorPageAsync(string content, CancellationToken cancellationToken) => saveErrorPage(content, cancellationToken);

    /// <summary>Reads a load balancer and what stands beside it.</summary>
    public static async Task<CloudState> ReadAsync(ICloudLoadBalancers balancers, long id, string? region, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(balancers);
        var listing = balancers.ListAsync(cancellationToken);
        var reading = balancers.ReadAsync(id, cancellationToken);
        await Task.WhenAll(listing, reading);
        var balancer = await reading;
        var sharing = (await listing).Where(b => b.Id != id && b.VirtualIps.Any(v => balancer.VirtualIps.Any(own => own.Id == v.Id))).ToList();
        return new CloudState
        {
            LoadBalancer = balancer,
            Region = region,
            Sharing = sharing.Where(b => !WebSocketBalancer.Is(b, balancer)).ToValueList(),
            WebSocketOnly = sharing.Where(b => WebSocketBalancer.Is(b, balancer))
                .Select(b => new WebSocketBalancer(b.Name, b.Protocol, b.Port)).OrderBy(b => b.Port).ToValueList(),
        };
    }

    /// <summary>Finds a load balancer by id or name; without either, the only one that can lead to routers.</summary>
    /// <exception cref="DeisProxyException"><c>load-balancer-not-found</c> or <c>load-balancer-ambiguous</c>.</exception>
    public static LoadBalancerSummary Find(ValueList<LoadBalancerSummary> all, string? wanted)
    {
        ArgumentNullException.ThrowIfNull(all);
        var found = wanted is null
            ? all.Where(b => b.Port != DeisPort.Builder && !all.Any(first => first.Id != b.Id && b.Name == $"{first.Name}-websocket-{b.Port}"))
                .ToList()
            : all.Where(b => $"{b.Id}" == wanted).ToList() is { Count: > 0 } byId ? byId : all.Where(b => b.Name == wanted).ToList();
        if (found.Count == 1)
        {
            return found[0];
        }

        var candidates = all.Count == 0 ? "there is none in this account and region" : $"there are {string.Join("; ", all)}";
        return found.Count == 0
            ? throw new DeisProxyException(
                "load-balancer-not-found",
                $"Could not find {(wanted is null ? "a load balancer" : $"the load balancer {wanted}")}: {candidates}.",
                "Name one with --load-balancer, by id or name; check --region, too.")
            : throw new DeisProxyException(
                "load-balancer-ambiguous",
                $"Could not choose a load balancer: {candidates}.",
                "Name the one that leads to the routers with --load-balancer, by its id.");
    }

    /// <inheritdoc/>
    protected override async Task<BalancerState?> ReadBalancerAsync(BalancerState? previous, CancellationToken cancellationToken) =>
        await ReadAsync(Balancers, Id, (previous as CloudState)?.Region, cancellationToken);
}
