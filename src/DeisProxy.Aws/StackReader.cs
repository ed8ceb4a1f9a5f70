using System.Net;
using System.Net.Sockets;
using Amazon.CloudFormation;
using Amazon.CloudFormation.Model;
using Amazon.EC2.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using LoadBalancerDescription = Amazon.ElasticLoadBalancing.Model.LoadBalancerDescription;

namespace DeisProxy.Aws;

/// <summary>Finds a stack's load balancer, by its resource in CloudFormation and never by its DNS name.</summary>
public sealed class StackReader(AwsClients clients)
{
    /// <summary>Logical id of the load balancer in every Deis template.</summary>
    private const string DeisLogicalId = "DeisWebELB";

    private const string ClassicType = "AWS::ElasticLoadBalancing::LoadBalancer";
    private const string SecondGenerationType = "AWS::ElasticLoadBalancingV2::LoadBalancer";

    /// <summary>Finds the stack and its load balancer.</summary>
    /// <param name="loadBalancer">Logical id or name of the load balancer; null if it is clear without.</param>
    public async Task<(StackInfo Stack, string LoadBalancerName)> FindAsync(
        string stackName, string? loadBalancer, CancellationToken cancellationToken)
    {
        var stack = DescribeAsync(stackName, cancellationToken);
        var resources = ListResourcesAsync(stackName, cancellationToken);
        var info = await stack;
        return (info, Choose(info, await resources, loadBalancer));
    }

    /// <summary>Reads the running instances behind a load balancer, and the VPC that they are in.</summary>
    internal async Task<(ValueList<Node> Nodes, string? VpcId)> ReadNodesAsync(LoadBalancerDescription balancer, CancellationToken cancellationToken)
    {
        var instances = await DescribeInstancesAsync([.. (balancer.Instances ?? []).Select(i => i.InstanceId)], cancellationToken);
        var running = instances.Where(i => i.State?.Name == Amazon.EC2.InstanceStateName.Running)
            .OrderBy(i => i.InstanceId, StringComparer.Ordinal).ToList();
        var nodes = running.Select(i => new Node(i.InstanceId ?? "", NullIfEmpty(i.PrivateIpAddress), NullIfEmpty(i.PublicIpAddress))
        {
            SecurityGroups = (i.SecurityGroups ?? []).Select(g => g.GroupId ?? "").Order(StringComparer.Ordinal).ToValueList(),
        }).ToValueList();
        return (nodes, running.Select(i => NullIfEmpty(i.VpcId)).FirstOrDefault(id => id is not null));
    }

    /// <summary>Reads the stack's own template, as it was submitted.</summary>
    public async Task<(string Body, string LogicalId, IReadOnlyDictionary<string, string> Parameters)> ReadTemplateAsync(
        string stackName, string loadBalancerName, CancellationToken cancellationToken)
    {
        var request = new GetTemplateRequest { StackName = stackName, TemplateStage = TemplateStage.Original };
        var template = await AwsErrors.CallAsync(
            "cloudformation:GetTemplate", ct => clients.CloudFormation.GetTemplateAsync(request, ct), cancellationToken);
        var stacks = await AwsErrors.CallAsync(
            "cloudformation:DescribeStacks",
            ct => clients.CloudFormation.DescribeStacksAsync(new DescribeStacksRequest { StackName = stackName }, ct),
            cancellationToken);
        var resources = await ListResourcesAsync(stackName, cancellationToken);
        return (
            template.TemplateBody ?? "",
            resources.Find(r => r.ResourceType == ClassicType && r.PhysicalResourceId == loadBalancerName)?.LogicalResourceId
                ?? throw AwsErrors.NotUnderstood("cloudformation:ListStackResources", "it does not list the load balancer any more"),
            (stacks.Stacks ?? []).SelectMany(s => s.Parameters ?? []).GroupBy(p => p.ParameterKey ?? "", StringComparer.Ordinal)
                .ToDictionary(p => p.Key, p => p.First().ResolvedValue ?? p.First().ParameterValue ?? "", StringComparer.Ordinal));
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>Describes a stack.</summary>
    /// <exception cref="DeisProxyException"><c>stack-not-found</c>, <c>stack-deleted</c>, or AWS refuses.</exception>
    internal async Task<StackInfo> DescribeAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var response = await AwsErrors.CallAsync(
                "cloudformation:DescribeStacks",
                ct => clients.CloudFormation.DescribeStacksAsync(new DescribeStacksRequest { StackName = name }, ct),
                cancellationToken);
            var stack = (response.Stacks ?? []).FirstOrDefault() ?? throw NotFound(name, innerException: null);
            return stack.StackStatus == StackStatus.DELETE_COMPLETE
                ? throw new DeisProxyException(
                    "stack-deleted",
                    $"The stack {name} has been deleted.",
                    "Name another one with --stack; aws cloudformation list-stacks shows the stacks of the account in use.")
                : new StackInfo(stack.StackName ?? name, stack.StackId ?? "", stack.StackStatus?.Value ?? "", clients.Region);
        }
        catch (DeisProxyException error) when (error.InnerException is AmazonCloudFormationException { ErrorCode: "ValidationError" } missing
            && missing.Message.Contains("does not exist", StringComparison.Ordinal))
        {
            // CloudFormation has no error code of its own for a missing stack: only code and text together tell it.
            throw NotFound(name, error);
        }
    }

    private DeisProxyException NotFound(string name, Exception? innerException) => new(
        "stack-not-found",
        $"There is no CloudFormation stack \"{name}\" in {clients.Region}.",
        "Name it with --stack and its region with --region; aws cloudformation list-stacks shows the stacks of the account in use.",
        innerException);

    private Task<List<StackResourceSummary>> ListResourcesAsync(string stackName, CancellationToken cancellationToken)
    {
        const string Operation = "cloudformation:ListStackResources";
        return AwsErrors.ReadPagesAsync(Operation, async token =>
        {
            var request = new ListStackResourcesRequest { StackName = stackName, NextToken = token };
            var page = await AwsErrors.CallAsync(Operation, ct => clients.CloudFormation.ListStackResourcesAsync(request, ct), cancellationToken);
            return (page.StackResourceSummaries?.AsEnumerable(), page.NextToken);
        });
    }

    private static string Choose(StackInfo stack, List<StackResourceSummary> resources, string? wanted)
    {
        var classic = resources.Where(r => r.ResourceType == ClassicType && !string.IsNullOrEmpty(r.PhysicalResourceId)).ToList();
        var chosen = wanted is not null
            ? classic.Where(r => r.LogicalResourceId == wanted || r.PhysicalResourceId == wanted).ToList()
            : classic.Where(r => r.LogicalResourceId == DeisLogicalId).ToList() is { Count: 1 } deis ? deis : classic;
        if (chosen.Count == 1)
        {
            return chosen[0].PhysicalResourceId;
        }

        var list = classic.Count == 0 ? "none" : string.Join(", ", classic.Select(r => $"{r.LogicalResourceId} ({r.PhysicalResourceId})"));
        var second = resources.FirstOrDefault(
            r => r.ResourceType == SecondGenerationType && (wanted is null || r.LogicalResourceId == wanted || r.PhysicalResourceId == wanted));
        throw chosen.Count > 1
            ? new DeisProxyException(
                "load-balancer-ambiguous",
                $"The stack {stack.Name} has several classic load balancers: {list}.",
                "Name one with --load-balancer, by logical id or name.")
            : second is not null
                ? new DeisProxyException(
                    "load-balancer-not-classic",
                    $"The load balancer {second.LogicalResourceId} of the stack {stack.Name} is an ELBv2 one, not a classic load "
                        + "balancer.",
                    "No change is needed: an Application Load Balancer passes WebSockets and X-Forwarded-For, a Network Load Balancer keeps the "
                        + "client's address.")
                : new DeisProxyException(
                    "load-balancer-not-found",
                    wanted is null
                        ? $"The stack {stack.Name} has no classic load balancer."
                        : $"The stack {stack.Name} has no classic load balancer \"{wanted}\"; it has {list}.",
                    "Name the stack with --stack and the load balancer with --load-balancer, by logical id or name.");
    }

    private async Task<List<Instance>> DescribeInstancesAsync(List<string> ids, CancellationToken cancellationToken)
    {
        var all = new List<Instance>();
        if (ids.Count == 0)
        {
            return all;
        }

        // A filter instead of InstanceIds: an instance that is registered but long gone would be an error there.
        const string Operation = "ec2:DescribeInstances";
        foreach (var chunk in ids.Chunk(200))
        {
            all.AddRange(await AwsErrors.ReadPagesAsync(Operation, async token =>
            {
                var request =
                    new DescribeInstancesRequest { Filters = [new Filter { Name = "instance-id", Values = [.. chunk] }], NextToken = token };
                var page = await AwsErrors.CallAsync(Operation, ct => clients.Ec2.DescribeInstancesAsync(request, ct), cancellationToken);
                return (page.Reservations?.SelectMany(r => r.Instances ?? []), page.NextToken);
            }));
        }

        return all;
    }

    /// <summary>Reads the networks of a VPC that a load balancer has its addresses from.</summary>
    internal async Task<ValueList<string>> ReadNetworksAsync(string vpcId, LoadBalancerDescription balancer, CancellationToken cancellationToken)
    {
        var vpcs = AwsErrors.CallAsync(
            "ec2:DescribeVpcs", ct => clients.Ec2.DescribeVpcsAsync(new DescribeVpcsRequest { VpcIds = [vpcId] }, ct), cancellationToken);
        var subnets = balancer.Subnets is { Count: > 0 } ids
            ? (await AwsErrors.CallAsync(
                "ec2:DescribeSubnets", ct => clients.Ec2.DescribeSubnetsAsync(new DescribeSubnetsRequest { SubnetIds = ids }, ct), cancellationToken))
                .Subnets?.SelectMany(s => Network(s.CidrBlock)).ToList() ?? []
            : [];
        var blocks = ((await vpcs).Vpcs ?? [])
            .SelectMany(v => (v.CidrBlockAssociationSet ?? [])
                .Where(a => a.CidrBlockState?.State?.Value == "associated")
                .Select(a => a.CidrBlock)
                .Append(v.CidrBlock))
            .Distinct(StringComparer.Ordinal)
            .SelectMany(Network)
            .ToList();

        // A VPC may have several networks; only those matter that the load balancer has a foot in.
        var concerned = subnets.Count == 0 ? blocks : blocks.Where(block => subnets.Exists(subnet => Networks.Covers(block, subnet))).ToList();
        return (concerned.Count == 0 ? subnets : concerned).Select(n => n.ToString()).Order(StringComparer.Ordinal).ToValueList();
    }

    /// <summary>The IPv4 network that is written there, if it is one: classic load balancers have no other addresses inside.</summary>
    private static IEnumerable<IPNetwork> Network(string? text) =>
        IPNetwork.TryParse(text, out var network) && network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? [network] : [];
}
