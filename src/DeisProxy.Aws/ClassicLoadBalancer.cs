using Amazon.ElasticLoadBalancing;
using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using HealthCheck = DeisProxy.Core.Elb.HealthCheck;
using Listener = DeisProxy.Core.Elb.Listener;
using Sdk = Amazon.ElasticLoadBalancing.Model;

namespace DeisProxy.Aws;

/// <summary>A classic load balancer through the Elastic Load Balancing API 2012-06-01.</summary>
public sealed class ClassicLoadBalancer(AwsClients clients, string loadBalancerName, TimeProvider time) : ILoadBalancerControl
{
    internal const string DescribeOperation = "elasticloadbalancing:DescribeLoadBalancers";

    private readonly AmazonElasticLoadBalancingClient _client = clients.ElasticLoadBalancing;
    private readonly ListenerReplacement _replacement = new(clients, loadBalancerName, time);

    /// <inheritdoc/>
    public Task<LoadBalancer> ReadAsync(CancellationToken cancellationToken) =>
        ReadAsync(DescribeAsync(_client, loadBalancerName, cancellationToken), cancellationToken);

    /// <summary>Reads the rest of a load balancer that is being described.</summary>
    internal async Task<LoadBalancer> ReadAsync(Task<LoadBalancerDescription> description, CancellationToken cancellationToken)
    {
        var policies = AwsErrors.CallAsync(
            "elasticloadbalancing:DescribeLoadBalancerPolicies",
            ct => _client.DescribeLoadBalancerPoliciesAsync(new DescribeLoadBalancerPoliciesRequest { LoadBalancerName = loadBalancerName }, ct),
            cancellationToken);
        var attributes = AwsErrors.CallAsync(
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            ct => _client.DescribeLoadBalancerAttributesAsync(new DescribeLoadBalancerAttributesRequest { LoadBalancerName = loadBalancerName }, ct),
            cancellationToken);
        var health = AwsErrors.CallAsync(
            "elasticloadbalancing:DescribeInstanceHealth",
            ct => _client.DescribeInstanceHealthAsync(new DescribeInstanceHealthRequest { LoadBalancerName = loadBalancerName }, ct),
            cancellationToken);
        await Task.WhenAll(description, policies, attributes, health);
        return ElbModel.Of(loadBalancerName, await description, await policies, await attributes, await health);
    }

    /// <inheritdoc/>
    public Task ConfigureHealthCheckAsync(HealthCheck healthCheck, CancellationToken cancellationToken)
    {
        var request = new ConfigureHealthCheckRequest
        {
            LoadBalancerName = loadBalancerName,
            HealthCheck = new Sdk.HealthCheck
            {
                Target = healthCheck.Target.ToString(),
                Interval = healthCheck.IntervalSeconds,
                Timeout = healthCheck.TimeoutSeconds,
                UnhealthyThreshold = healthCheck.UnhealthyThreshold,
                HealthyThreshold = healthCheck.HealthyThreshold,
            },
        };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:ConfigureHealthCheck", ct => _client.ConfigureHealthCheckAsync(request, ct), cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetIdleTimeoutAsync(int seconds, CancellationToken cancellationToken)
    {
        var request = new ModifyLoadBalancerAttributesRequest
        {
            LoadBalancerName = loadBalancerName,
            LoadBalancerAttributes = new LoadBalancerAttributes { ConnectionSettings = new ConnectionSettings { IdleTimeout = seconds } },
        };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:ModifyLoadBalancerAttributes", ct => _client.ModifyLoadBalancerAttributesAsync(request, ct), cancellationToken);
    }

    /// <inheritdoc/>
    public Task CreatePolicyAsync(LoadBalancerPolicy policy, CancellationToken cancellationToken)
    {
        var request = new CreateLoadBalancerPolicyRequest
        {
            LoadBalancerName = loadBalancerName,
            PolicyName = policy.Name,
            PolicyTypeName = policy.TypeName,
            PolicyAttributes = [.. policy.Attributes.Select(a => new Sdk.PolicyAttribute { AttributeName = a.Name, AttributeValue = a.Value })],
        };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:CreateLoadBalancerPolicy", ct => _client.CreateLoadBalancerPolicyAsync(request, ct), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeletePolicyAsync(string name, CancellationToken cancellationToken)
    {
        var request = new DeleteLoadBalancerPolicyRequest { LoadBalancerName = loadBalancerName, PolicyName = name };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:DeleteLoadBalancerPolicy", ct => _client.DeleteLoadBalancerPolicyAsync(request, ct), cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetBackendPoliciesAsync(BackendPolicies backend, CancellationToken cancellationToken)
    {
        var request = new SetLoadBalancerPoliciesForBackendServerRequest
        {
            LoadBalancerName = loadBalancerName,
            InstancePort = backend.InstancePort,
            PolicyNames = [.. backend.PolicyNames],
        };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:SetLoadBalancerPoliciesForBackendServer",
            ct => _client.SetLoadBalancerPoliciesForBackendServerAsync(request, ct),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task PrepareReplacementAsync(Listener from, CancellationToken cancellationToken) => _replacement.PrepareAsync(from, cancellationToken);

    /// <inheritdoc/>
    public Task ReplaceListenerAsync(Listener? from, Listener? to, CancellationToken cancellationToken) =>
        _replacement.ReplaceAsync(from, to, cancellationToken);

    /// <summary>Describes one load balancer.</summary>
    internal static async Task<LoadBalancerDescription> DescribeAsync(
        AmazonElasticLoadBalancingClient client, string name, CancellationToken cancellationToken)
    {
        var response = await AwsErrors.CallAsync(
            DescribeOperation,
            ct => client.DescribeLoadBalancersAsync(new DescribeLoadBalancersRequest { LoadBalancerNames = [name] }, ct),
            cancellationToken);
        return (response.LoadBalancerDescriptions ?? []).FirstOrDefault() ?? throw new DeisProxyException(
            "load-balancer-gone",
            $"AWS describes no load balancer \"{name}\".",
            "Check the region and the account, and the stack's resources in the AWS console.");
    }
}
