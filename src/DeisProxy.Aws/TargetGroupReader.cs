using Amazon.ElasticLoadBalancingV2;
using Amazon.ElasticLoadBalancingV2.Model;
using DeisProxy.Core;
using DeisProxy.Core.Model;
using TargetGroup = DeisProxy.Core.Model.TargetGroup;

namespace DeisProxy.Aws;

/// <summary>Finds the target groups of application and network load balancers in which nodes are registered, by instance or by address.</summary>
internal sealed class TargetGroupReader(AwsClients clients)
{
    /// <summary>Groups on a page (API <c>DescribeTargetGroups</c>, the most that is allowed).</summary>
    private const int PageSize = 400;

    /// <summary>Groups whose targets are asked for side by side; there is one call for each, and the API's rate is limited.</summary>
    private const int GroupsAtOnce = 10;

    /// <summary>Attribute of network load balancers' groups (Network Load Balancers guide, "Proxy protocol").</summary>
    private const string ProxyProtocolV2 = "proxy_protocol_v2.enabled";

    /// <summary>Finds them.</summary>
    public async Task<ValueList<TargetGroup>> ReadAsync(ValueList<Node> nodes, CancellationToken cancellationToken)
    {
        var ids = nodes.SelectMany(n => new[] { n.InstanceId, n.PrivateAddress }).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var found = new List<TargetGroup?>();
        foreach (var some in (await ListAsync(cancellationToken)).Where(MayConcern).Chunk(GroupsAtOnce))
        {
            found.AddRange(await Task.WhenAll(some.Select(group => ReadAsync(group, ids, cancellationToken))));
        }

        return found.OfType<TargetGroup>().OrderBy(g => g.Name, StringComparer.Ordinal).ToValueList();
    }

    /// <summary>A group that no load balancer uses gets no traffic, and routers serve none over UDP.</summary>
    private static bool MayConcern(Amazon.ElasticLoadBalancingV2.Model.TargetGroup group) =>
        group.LoadBalancerArns is { Count: > 0 }
        && (group.TargetType == TargetTypeEnum.Instance || group.TargetType == TargetTypeEnum.Ip)
        && group.Protocol != ProtocolEnum.UDP;

    private async Task<List<Amazon.ElasticLoadBalancingV2.Model.TargetGroup>> ListAsync(CancellationToken cancellationToken)
    {
        var all = new List<Amazon.ElasticLoadBalancingV2.Model.TargetGroup>();
        string? marker = null;
        do
        {
            var request = new DescribeTargetGroupsRequest { Marker = marker, PageSize = PageSize };
            var page = await AwsErrors.CallAsync(
                "elasticloadbalancing:DescribeTargetGroups", ct => clients.ElasticLoadBalancingV2.DescribeTargetGroupsAsync(request, ct), cancellationToken);
            all.AddRange(page.TargetGroups ?? []);
            marker = string.IsNullOrEmpty(page.NextMarker) ? null : page.NextMarker;
        }
        while (marker is not null);
        return all;
    }

    private async Task<TargetGroup?> ReadAsync(Amazon.ElasticLoadBalancingV2.Model.TargetGroup group, HashSet<string> ids, CancellationToken cancellationToken)
    {
        var health = await AwsErrors.CallAsync(
            "elasticloadbalancing:DescribeTargetHealth",
            ct => clients.ElasticLoadBalancingV2.DescribeTargetHealthAsync(new DescribeTargetHealthRequest { TargetGroupArn = group.TargetGroupArn }, ct),
            cancellationToken);
        var ports = (health.TargetHealthDescriptions ?? []).Where(t => t.Target is not null && ids.Contains(t.Target.Id))
            .Select(t => t.Target.Port ?? group.Port).OfType<int>().Distinct().Order().ToValueList();
        return ports.Count == 0
            ? null
            : new TargetGroup(group.TargetGroupName, string.Join(" and the ", group.LoadBalancerArns.Select(NameOf)), ports, await SendsProxyLineAsync(group, cancellationToken));
    }

    private async Task<bool> SendsProxyLineAsync(Amazon.ElasticLoadBalancingV2.Model.TargetGroup group, CancellationToken cancellationToken)
    {
        if (group.Protocol == ProtocolEnum.HTTP || group.Protocol == ProtocolEnum.HTTPS)
        {
            return false;
        }

        var request = new DescribeTargetGroupAttributesRequest { TargetGroupArn = group.TargetGroupArn };
        var answer = await AwsErrors.CallAsync(
            "elasticloadbalancing:DescribeTargetGroupAttributes", ct => clients.ElasticLoadBalancingV2.DescribeTargetGroupAttributesAsync(request, ct), cancellationToken);
        return (answer.Attributes ?? []).Exists(a => a.Key == ProxyProtocolV2 && a.Value == "true");
    }

    /// <summary>An ARN ends in <c>loadbalancer/app/NAME/ID</c>, or <c>net</c> or <c>gwy</c> in the place of <c>app</c>.</summary>
    private static string NameOf(string arn) => arn.Split('/') switch
    {
        [_, "app", var name, ..] => $"application load balancer {name}",
        [_, "net", var name, ..] => $"network load balancer {name}",
        _ => $"load balancer {RemoteText.Clean(arn, 200)}",
    };
}
