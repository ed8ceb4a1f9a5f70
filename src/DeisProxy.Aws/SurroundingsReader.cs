using Amazon.EC2.Model;
using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Model;
using SecurityGroup = DeisProxy.Core.Model.SecurityGroup;

namespace DeisProxy.Aws;

/// <summary>
/// Reads what is around a load balancer. None of it is needed for the change itself, so a call that AWS refuses, or a service that
/// cannot be reached, takes nothing but the check that depends on it.
/// </summary>
public sealed class SurroundingsReader(AwsClients clients)
{
    /// <summary>Load balancers on a page (API <c>DescribeLoadBalancers</c>, the most that is allowed).</summary>
    private const int PageSize = 400;

    /// <summary>Ids that one filter takes.</summary>
    private const int FilterSize = 200;

    /// <summary>Reads everything, side by side.</summary>
    public async Task<Surroundings> ReadAsync(string loadBalancerName, ValueList<Node> nodes, CancellationToken cancellationToken)
    {
        var unread = new List<Unread>();
        var balancers = OptionalAsync(
            "whether another load balancer sends traffic to the same nodes, and the load balancer's security groups",
            () => ReadLoadBalancersAsync(loadBalancerName, cancellationToken),
            (Groups: (ValueList<string>)[], Others: (ValueList<OtherLoadBalancer>)[]));
        var groups = OptionalAsync("whether the nodes' security groups admit the load balancer", () => ReadSecurityGroupsAsync(nodes, cancellationToken), []);
        await Task.WhenAll(balancers, groups);
        return new Surroundings
        {
            OtherLoadBalancers = (await balancers).Value.Others,
            LoadBalancerSecurityGroups = (await balancers).Value.Groups,
            NodeSecurityGroups = (await groups).Value,
            Unread = new[] { (await balancers).Unread, (await groups).Unread }.OfType<Unread>().ToValueList(),
        };
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

    private async Task<(ValueList<string> Groups, ValueList<OtherLoadBalancer> Others)> ReadLoadBalancersAsync(string name, CancellationToken cancellationToken)
    {
        var all = new List<LoadBalancerDescription>();
        string? marker = null;
        do
        {
            var request = new DescribeLoadBalancersRequest { Marker = marker, PageSize = PageSize };
            var page = await AwsErrors.CallAsync(
                "elasticloadbalancing:DescribeLoadBalancers", ct => clients.ElasticLoadBalancing.DescribeLoadBalancersAsync(request, ct), cancellationToken);
            all.AddRange(page.LoadBalancerDescriptions ?? []);
            marker = string.IsNullOrEmpty(page.NextMarker) ? null : page.NextMarker;
        }
        while (marker is not null);

        var own = all.Find(b => b.LoadBalancerName == name);
        var instances = InstancesOf(own).ToHashSet(StringComparer.Ordinal);
        var others = all.Where(b => b.LoadBalancerName != name && InstancesOf(b).Any(instances.Contains))
            .OrderBy(b => b.LoadBalancerName, StringComparer.Ordinal)
            .Select(b => ReadOtherAsync(b.LoadBalancerName, cancellationToken));
        return ((own?.SecurityGroups ?? []).Order(StringComparer.Ordinal).ToValueList(), (await Task.WhenAll(others)).ToValueList());

        static IEnumerable<string> InstancesOf(LoadBalancerDescription? balancer) => (balancer?.Instances ?? []).Select(i => i.InstanceId);
    }

    private async Task<OtherLoadBalancer> ReadOtherAsync(string name, CancellationToken cancellationToken)
    {
        var other = await new ClassicLoadBalancer(clients, name, TimeProvider.System).ReadAsync(cancellationToken);
        var ports = other.BackendPolicies.Select(b => b.InstancePort).Where(other.SendsProxyLineTo);
        return new OtherLoadBalancer(name, other.Listeners, ports.ToValueList());
    }

    private async Task<ValueList<SecurityGroup>> ReadSecurityGroupsAsync(ValueList<Node> nodes, CancellationToken cancellationToken)
    {
        var groups = new List<SecurityGroup>();

        // A filter instead of GroupIds: a group that is gone meanwhile would be an error there.
        foreach (var ids in nodes.SelectMany(n => n.SecurityGroups).Distinct(StringComparer.Ordinal).Chunk(FilterSize))
        {
            string? token = null;
            do
            {
                var request = new DescribeSecurityGroupsRequest { Filters = [new Amazon.EC2.Model.Filter { Name = "group-id", Values = [.. ids] }], NextToken = token };
                var page = await AwsErrors.CallAsync("ec2:DescribeSecurityGroups", ct => clients.Ec2.DescribeSecurityGroupsAsync(request, ct), cancellationToken);
                groups.AddRange((page.SecurityGroups ?? []).Select(g => new SecurityGroup(g.GroupId, (g.IpPermissions ?? []).Select(ToModel).ToValueList())));
                token = string.IsNullOrEmpty(page.NextToken) ? null : page.NextToken;
            }
            while (token is not null);
        }

        return groups.OrderBy(g => g.Id, StringComparer.Ordinal).ToValueList();
    }

    private static IngressRule ToModel(IpPermission permission) => new(
        permission.IpProtocol ?? "",
        permission.FromPort,
        permission.ToPort,
        (permission.UserIdGroupPairs ?? []).Select(p => p.UserId == IngressRule.AnyLoadBalancer ? IngressRule.AnyLoadBalancer : p.GroupId ?? "").ToValueList(),
        (permission.Ipv4Ranges ?? []).Select(r => r.CidrIp).ToValueList(),
        permission.PrefixListIds is { Count: > 0 });
}
