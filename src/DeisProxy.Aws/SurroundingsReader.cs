using Amazon.EC2.Model;
using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using SecurityGroup = DeisProxy.Core.Elb.SecurityGroup;

namespace DeisProxy.Aws;

/// <summary>
/// Reads what is around a load balancer. None of it is needed for the change itself, so a call that AWS refuses, or a service that
/// cannot be reached, takes nothing but the check that depends on it.
/// </summary>
public sealed class SurroundingsReader(AwsClients clients)
{
    private const string OtherBalancers = "whether another load balancer sends traffic to the same nodes";

    /// <summary>Load balancers on a page (API <c>DescribeLoadBalancers</c>, the most that is allowed).</summary>
    private const int PageSize = 400;

    /// <summary>Ids that one filter takes.</summary>
    private const int FilterSize = 200;

    /// <summary>Reads what is around a load balancer, side by side.</summary>
    /// <param name="description">Names the network that its nodes are in.</param>
    internal async Task<Surroundings> ReadAsync(
        Task<BalancerScan> scan,
        Task<LoadBalancerDescription> description,
        Task<(ValueList<Node> Nodes, string? VpcId)> nodes,
        CancellationToken cancellationToken)
    {
        var balancers = OptionalAsync(OtherBalancers, async () => await ReadOthersAsync(await scan, cancellationToken), []);
        var groups = OptionalAsync(
            "whether the nodes' security groups admit the load balancer",
            async () => await ReadSecurityGroupsAsync((await description).VPCId, nodes, cancellationToken),
            []);
        await Task.WhenAll(scan, balancers, groups);
        var (own, _, unread) = await scan;
        return new Surroundings
        {
            OtherLoadBalancers = (await balancers).Value,
            LoadBalancerSecurityGroups = (own.SecurityGroups ?? []).Order(StringComparer.Ordinal).ToValueList(),
            NodeSecurityGroups = (await groups).Value,
            Unread = new[] { unread, (await balancers).Unread, (await groups).Unread }.OfType<Unread>().ToValueList(),
        };
    }

    /// <summary>Describes all load balancers, this one among them; where that is refused, this one alone.</summary>
    /// <exception cref="DeisProxyException"><c>load-balancer-gone</c>, or AWS refuses even that.</exception>
    internal async Task<BalancerScan> ScanAsync(string name, CancellationToken cancellationToken)
    {
        var (all, unread) = await OptionalAsync(OtherBalancers, () => DescribeAllAsync(cancellationToken), []);
        return all.Find(b => b.LoadBalancerName == name) is { } own
            ? new BalancerScan(own, all, unread)
            : new BalancerScan(await ClassicLoadBalancer.DescribeAsync(clients.ElasticLoadBalancing, name, cancellationToken), all, unread);
    }

    private static async Task<(T Value, Unread? Unread)> OptionalAsync<T>(string what, Func<Task<T>> read, T otherwise)
    {
        try
        {
            return (await read(), null);
        }
        catch (DeisProxyException error)
        {
            return (otherwise, new Unread(what, error.Message));
        }
    }

    private Task<List<LoadBalancerDescription>> DescribeAllAsync(CancellationToken cancellationToken)
    {
        const string Operation = "elasticloadbalancing:DescribeLoadBalancers";
        return AwsErrors.ReadPagesAsync(Operation, async marker =>
        {
            var request = new DescribeLoadBalancersRequest { Marker = marker, PageSize = PageSize };
            var page = await AwsErrors.CallAsync(
                Operation, ct => clients.ElasticLoadBalancing.DescribeLoadBalancersAsync(request, ct), cancellationToken);
            return (page.LoadBalancerDescriptions?.AsEnumerable(), page.NextMarker);
        });
    }

    private async Task<ValueList<OtherLoadBalancer>> ReadOthersAsync(BalancerScan scan, CancellationToken cancellationToken)
    {
        var instances = InstancesOf(scan.Own).ToHashSet(StringComparer.Ordinal);
        var others = scan.All.Where(b => b.LoadBalancerName != scan.Own.LoadBalancerName && InstancesOf(b).Any(instances.Contains))
            .OrderBy(b => b.LoadBalancerName, StringComparer.Ordinal)
            .Select(b => ReadOtherAsync(b, cancellationToken));
        return (await Task.WhenAll(others)).ToValueList();

        static IEnumerable<string> InstancesOf(LoadBalancerDescription balancer) => (balancer.Instances ?? []).Select(i => i.InstanceId);
    }

    private async Task<OtherLoadBalancer> ReadOtherAsync(LoadBalancerDescription description, CancellationToken cancellationToken)
    {
        var name = description.LoadBalancerName ?? "";
        var other = await new ClassicLoadBalancer(clients, name, TimeProvider.System).ReadAsync(Task.FromResult(description), cancellationToken);
        var ports = other.BackendPolicies.Select(b => b.InstancePort).Where(other.SendsProxyLineTo);
        return new OtherLoadBalancer(name, other.Listeners, ports.ToValueList());
    }

    /// <summary>
    /// Reads the groups of the nodes: with those of their whole network, which need not wait for the nodes; by their ids where none is known.
    /// </summary>
    private async Task<ValueList<SecurityGroup>> ReadSecurityGroupsAsync(
        string? vpcId, Task<(ValueList<Node> Nodes, string? VpcId)> nodes, CancellationToken cancellationToken)
    {
        var inNetwork = string.IsNullOrEmpty(vpcId) ? null : DescribeGroupsAsync("vpc-id", [vpcId], cancellationToken);
        var wanted = (await nodes).Nodes.SelectMany(n => n.SecurityGroups).ToHashSet(StringComparer.Ordinal);
        var groups = inNetwork is not null
            ? await inNetwork
            : (await Task.WhenAll(wanted.Chunk(FilterSize).Select(ids => DescribeGroupsAsync("group-id", ids, cancellationToken)))).SelectMany(
                g => g);
        return groups.Where(g => g.GroupId is not null && wanted.Contains(g.GroupId)).OrderBy(g => g.GroupId, StringComparer.Ordinal)
            .Select(g => new SecurityGroup(g.GroupId, (g.IpPermissions ?? []).Select(ToModel).ToValueList()))
            .ToValueList();
    }

    /// <summary>Describes groups by a filter: asked for by its id, one that is gone would be an error.</summary>
    private Task<List<Amazon.EC2.Model.SecurityGroup>> DescribeGroupsAsync(string filter, string[] values, CancellationToken cancellationToken)
    {
        const string Operation = "ec2:DescribeSecurityGroups";
        return AwsErrors.ReadPagesAsync(Operation, async token =>
        {
            var request = new DescribeSecurityGroupsRequest
            {
                Filters = [new Amazon.EC2.Model.Filter { Name = filter, Values = [.. values] }],
                NextToken = token,
            };
            var page = await AwsErrors.CallAsync(Operation, ct => clients.Ec2.DescribeSecurityGroupsAsync(request, ct), cancellationToken);
            return (page.SecurityGroups?.AsEnumerable(), page.NextToken);
        });
    }

    private static IngressRule ToModel(IpPermission permission) => new(
        permission.IpProtocol ?? "",
        permission.FromPort,
        permission.ToPort,
        (permission.UserIdGroupPairs ?? []).Select(p => p.UserId == IngressRule.AnyLoadBalancer ? IngressRule.AnyLoadBalancer : p.GroupId ?? "")
            .ToValueList(),
        (permission.Ipv4Ranges ?? []).Select(r => r.CidrIp ?? "").ToValueList(),
        permission.PrefixListIds is { Count: > 0 });
}

/// <summary>A load balancer among all of its account and region.</summary>
/// <param name="All">All of them; empty if they could not be read.</param>
/// <param name="Unread">Why they could not be read; null if they were.</param>
internal sealed record BalancerScan(LoadBalancerDescription Own, List<LoadBalancerDescription> All, Unread? Unread);
