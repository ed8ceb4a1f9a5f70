using Amazon.ElasticLoadBalancing;

namespace AwsSdk.StandIn.Tests;

public sealed class ElasticLoadBalancingChangingTests
{
    [Fact]
    public async Task Creates_a_policy()
    {
        await ChangesAsync(
            "CreateLoadBalancerPolicy",
            client => client.CreateLoadBalancerPolicyAsync(new()
            {
                LoadBalancerName = "deis",
                PolicyName = "EnableProxyProtocol",
                PolicyTypeName = "ProxyProtocolPolicyType",
                PolicyAttributes = [new() { AttributeName = "ProxyProtocol", AttributeValue = "true" }],
            }),
            "LoadBalancerName=deis",
            "PolicyAttributes.member.1.AttributeName=ProxyProtocol",
            "PolicyAttributes.member.1.AttributeValue=true",
            "PolicyName=EnableProxyProtocol",
            "PolicyTypeName=ProxyProtocolPolicyType");
    }

    [Fact]
    public async Task Deletes_a_policy()
    {
        await ChangesAsync(
            "DeleteLoadBalancerPolicy",
            client => client.DeleteLoadBalancerPolicyAsync(new() { LoadBalancerName = "deis", PolicyName = "p" }),
            "LoadBalancerName=deis",
            "PolicyName=p");
    }

    [Fact]
    public async Task Sets_the_policies_of_an_instance_port()
    {
        await ChangesAsync(
            "SetLoadBalancerPoliciesForBackendServer",
            client =>
                client.SetLoadBalancerPoliciesForBackendServerAsync(new() { LoadBalancerName = "deis", InstancePort = 80, PolicyNames = ["a", "b"] }),
            "InstancePort=80",
            "LoadBalancerName=deis",
            "PolicyNames.member.1=a",
            "PolicyNames.member.2=b");
    }

    [Fact]
    public async Task An_empty_list_is_sent_because_it_means_none()
    {
        await ChangesAsync(
            "SetLoadBalancerPoliciesForBackendServer",
            client => client.SetLoadBalancerPoliciesForBackendServerAsync(new() { LoadBalancerName = "deis", InstancePort = 80, PolicyNames = [] }),
            "InstancePort=80",
            "LoadBalancerName=deis",
            "PolicyNames=");
    }

    [Fact]
    public async Task Sets_the_policies_of_a_listener()
    {
        await ChangesAsync(
            "SetLoadBalancerPoliciesOfListener",
            client =>
                client.SetLoadBalancerPoliciesOfListenerAsync(new() { LoadBalancerName = "deis", LoadBalancerPort = 443, PolicyNames = ["ssl"] }),
            "LoadBalancerName=deis",
            "LoadBalancerPort=443",
            "PolicyNames.member.1=ssl");
    }

    [Fact]
    public async Task Creates_listeners()
    {
        await ChangesAsync(
            "CreateLoadBalancerListeners",
            client => client.CreateLoadBalancerListenersAsync(new()
            {
                LoadBalancerName = "deis",
                Listeners =
                [
                    new() { Protocol = "TCP", LoadBalancerPort = 80, InstanceProtocol = "TCP", InstancePort = 80 },
                    new()
                    {
                        Protocol = "SSL",
                        LoadBalancerPort = 443,
                        InstanceProtocol = "TCP",
                        InstancePort = 80,
                        SSLCertificateId = "arn:aws:acm:eu-west-1:123456789012:certificate/1",
                    },
                ],
            }),
            "Listeners.member.1.InstancePort=80",
            "Listeners.member.1.InstanceProtocol=TCP",
            "Listeners.member.1.LoadBalancerPort=80",
            "Listeners.member.1.Protocol=TCP",
            "Listeners.member.2.InstancePort=80",
            "Listeners.member.2.InstanceProtocol=TCP",
            "Listeners.member.2.LoadBalancerPort=443",
            "Listeners.member.2.Protocol=SSL",
            "Listeners.member.2.SSLCertificateId=arn:aws:acm:eu-west-1:123456789012:certificate/1",
            "LoadBalancerName=deis");
    }

    [Fact]
    public async Task Deletes_listeners()
    {
        await ChangesAsync(
            "DeleteLoadBalancerListeners",
            client => client.DeleteLoadBalancerListenersAsync(new() { LoadBalancerName = "deis", LoadBalancerPorts = [80, 443] }),
            "LoadBalancerName=deis",
            "LoadBalancerPorts.member.1=80",
            "LoadBalancerPorts.member.2=443");
    }

    [Fact]
    public async Task Sets_a_listeners_certificate()
    {
        await ChangesAsync(
            "SetLoadBalancerListenerSSLCertificate",
            client => client.SetLoadBalancerListenerSSLCertificateAsync(new()
            {
                LoadBalancerName = "deis",
                LoadBalancerPort = 443,
                SSLCertificateId = "arn:aws:iam::123456789012:server-certificate/deis",
            }),
            "LoadBalancerName=deis",
            "LoadBalancerPort=443",
            "SSLCertificateId=arn:aws:iam::123456789012:server-certificate/deis");
    }

    [Fact]
    public async Task Configures_the_health_check()
    {
        await ChangesAsync(
            "ConfigureHealthCheck",
            client => client.ConfigureHealthCheckAsync(new()
            {
                LoadBalancerName = "deis",
                HealthCheck = new() { Target = "TCP:80", Interval = 15, Timeout = 5, UnhealthyThreshold = 2, HealthyThreshold = 4 },
            }),
            "HealthCheck.HealthyThreshold=4",
            "HealthCheck.Interval=15",
            "HealthCheck.Target=TCP:80",
            "HealthCheck.Timeout=5",
            "HealthCheck.UnhealthyThreshold=2",
            "LoadBalancerName=deis");
    }

    [Fact]
    public async Task Modifies_attributes()
    {
        await ChangesAsync(
            "ModifyLoadBalancerAttributes",
            client => client.ModifyLoadBalancerAttributesAsync(new()
            {
                LoadBalancerName = "deis",
                LoadBalancerAttributes = new() { ConnectionSettings = new() { IdleTimeout = 1200 } },
            }),
            "LoadBalancerAttributes.ConnectionSettings.IdleTimeout=1200",
            "LoadBalancerName=deis");
    }

    /// <summary>Calls against the answer that the API reference shows, and compares what was sent besides action and version.</summary>
    private static async Task ChangesAsync<T>(string action, Func<AmazonElasticLoadBalancingClient, Task<T>> call, params string[] parameters)
        where T : Amazon.Runtime.AmazonWebServiceResponse
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <{action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
              <{action}Result/>
              <ResponseMetadata><RequestId>1549581b-12b7-11e3-895e-1334aEXAMPLE</RequestId></ResponseMetadata>
            </{action}Response>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        T response = await call(client);

        service.Request.Method.ShouldBe("POST");
        service.Request.Parameters.ShouldBe(["Action=" + action, .. parameters, "Version=2012-06-01"]);
        response.ResponseMetadata.RequestId.ShouldBe("1549581b-12b7-11e3-895e-1334aEXAMPLE");
    }
}
