using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;

namespace DeisProxy.Aws;

/// <summary>Reads a stack's load balancer and all that is around it, with as few calls one after the other as the API allows.</summary>
public sealed class ElbReader(AwsClients clients, string stackName, string? wanted, TimeProvider time)
{
    private readonly StackReader _stacks = new(clients);
    private readonly SurroundingsReader _surroundings = new(clients);
    private string? _name;

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

        var scan = _surroundings.ScanAsync(_name, cancellationToken);
        var balancer = new ClassicLoadBalancer(clients, _name, time).ReadAsync(DescriptionAsync(scan), cancellationToken);
        var nodes = NodesAsync(scan, stack, found, cancellationToken);
        var networks = NetworksAsync(scan, nodes, cancellationToken);
        var surroundings = SurroundingsAsync(scan, nodes, cancellationToken);
        await Task.WhenAll(stack, balancer, nodes, networks, surroundings);
        var state = new ElbState
        {
            Stack = await stack,
            LoadBalancer = await balancer,
            Networks = await networks,
            Surroundings = await surroundings,
        };
        return (state, (await nodes).Nodes);
    }

    private static async Task<LoadBalancerDescription> DescriptionAsync(Task<BalancerScan> scan) => (await scan).Own;

    private async Task<(ValueList<Node> Nodes, string? VpcId)> NodesAsync(
        Task<BalancerScan> scan, Task<StackInfo> stack, Action<StackInfo, string, ValueList<Node>> found, CancellationToken cancellationToken)
    {
        var read = await _stacks.ReadNodesAsync((await scan).Own, cancellationToken);
        found(await stack, _name!, read.Nodes);
        return read;
    }

    private async Task<ValueList<string>> NetworksAsync(
        Task<BalancerScan> scan, Task<(ValueList<Node> Nodes, string? VpcId)> nodes, CancellationToken cancellationToken)
    {
        // Only where the load balancer does not name its network do the instances have to.
        var own = (await scan).Own;
        var vpc = string.IsNullOrEmpty(own.VPCId) ? (await nodes).VpcId : own.VPCId;
        return vpc is null ? [] : await _stacks.ReadNetworksAsync(vpc, own, cancellationToken);
    }

    private async Task<Surroundings> SurroundingsAsync(
        Task<BalancerScan> scan, Task<(ValueList<Node> Nodes, string? VpcId)> nodes, CancellationToken cancellationToken) =>
        await _surroundings.ReadAsync(await scan, nodes, cancellationToken);
}
