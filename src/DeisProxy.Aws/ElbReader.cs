using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Aws;

/// <summary>
/// Reads a stack's load balancer and all that is around it, with as few calls one after the other as the API allows: three, and one where it was
/// read before.
/// </summary>
public sealed class ElbReader(AwsClients clients, string stackName, string? wanted, TimeProvider time)
{
    private readonly StackReader _stacks = new(clients);
    private readonly SurroundingsReader _surroundings = new(clients);
    private string? _name;
    private LoadBalancerDescription? _known;

    /// <summary>Reads it.</summary>
    /// <param name="found">Is called as soon as it is known which instances are running, while the rest is still being read.</param>
    /// <exception cref="DeisProxyException">The stack or its load balancer is not there, or AWS refuses.</exception>
    public async Task<(ElbState State, ValueList<Node> Nodes)> ReadAsync(
        Action<StackInfo, string, ValueList<Node>> found, CancellationToken cancellationToken)
    {
        Task<StackInfo> stack;
        if (_name is null)
        {
            var (info, name) = await _stacks.FindAsync(stackName, wanted, cancellationToken);
            (stack, _name) = (Task.FromResult(info), name);
        }
        else
        {
            // Which load balancer it is, is settled: everything goes by that name from here on.
            stack = _stacks.DescribeAsync(stackName, cancellationToken);
        }

        // What is around it hangs on its instances and networks, which hardly ever change between two looks.
        var scan = _surroundings.ScanAsync(_name, cancellationToken);
        var own = DescriptionAsync(scan);
        var balancer = new ClassicLoadBalancer(clients, _name, time).ReadAsync(own, cancellationToken);
        var (nodes, networks, surroundings) = ReadAround(_known is { } known ? Task.FromResult(known) : own);
        await Task.WhenAll(stack, balancer, nodes, networks, surroundings);
        if (_known is not null && !IsAmongTheSame(_known, await own))
        {
            (nodes, networks, surroundings) = ReadAround(own);
            await Task.WhenAll(nodes, networks, surroundings);
        }

        _known = await own;
        var state = new ElbState
        {
            Stack = await stack,
            LoadBalancer = await balancer,
            Networks = await networks,
            Surroundings = await surroundings,
        };
        return (state, (await nodes).Nodes);

        (Task<(ValueList<Node> Nodes, string? VpcId)> Nodes, Task<ValueList<string>> Networks, Task<Surroundings> Surroundings) ReadAround(
            Task<LoadBalancerDescription> description)
        {
            var running = NodesAsync(description, stack, found, cancellationToken);
            return (
                running,
                NetworksAsync(description, running, cancellationToken),
                _surroundings.ReadAsync(scan, description, running, cancellationToken));
        }
    }

    private static bool IsAmongTheSame(LoadBalancerDescription known, LoadBalancerDescription now) =>
        known.VPCId == now.VPCId && (known.Subnets ?? []).ToHashSet(StringComparer.Ordinal).SetEquals(now.Subnets ?? [])
        && (known.Instances ?? []).Select(i => i.InstanceId).ToHashSet(StringComparer.Ordinal).SetEquals(
            (now.Instances ?? []).Select(i => i.InstanceId));

    private static async Task<LoadBalancerDescription> DescriptionAsync(Task<BalancerScan> scan) => (await scan).Own;

    private async Task<(ValueList<Node> Nodes, string? VpcId)> NodesAsync(
        Task<LoadBalancerDescription> description,
        Task<StackInfo> stack,
        Action<StackInfo, string, ValueList<Node>> found,
        CancellationToken cancellationToken)
    {
        var read = await _stacks.ReadNodesAsync(await description, cancellationToken);
        found(await stack, _name!, read.Nodes);
        return read;
    }

    private async Task<ValueList<string>> NetworksAsync(
        Task<LoadBalancerDescription> description, Task<(ValueList<Node> Nodes, string? VpcId)> nodes, CancellationToken cancellationToken)
    {
        // Only where the load balancer does not name its network do the instances have to.
        var own = await description;
        var vpc = string.IsNullOrEmpty(own.VPCId) ? (await nodes).VpcId : own.VPCId;
        return vpc is null ? [] : await _stacks.ReadNetworksAsync(vpc, own, cancellationToken);
    }
}
