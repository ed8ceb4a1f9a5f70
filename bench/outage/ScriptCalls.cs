using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>
/// What contrib/ec2/setup-proxy-protocol.sh of Deis calls, in its order, for a stack without a certificate. In its favour: the load balancer's
/// right name (it
/// cuts it from the DNS name, wrongly where that ends in AWS's number), and none of the start-up time of deisctl and the aws CLI.
/// </summary>
internal static class ScriptCalls
{
    public static async Task RunAsync(Testbed bed)
    {
        Task CallAsync(string action, params (string Name, string Value)[] parameters) =>
            AwsQuery.ElbAsync(bed.Aws.Endpoint, action, [("LoadBalancerName", bed.LoadBalancer), .. parameters]);

        await bed.Etcd.SetAsync("/deis/router/proxyProtocol", "1");
        await CallAsync("DeleteLoadBalancerListeners", ("LoadBalancerPorts.member.1", "80"));
        await CallAsync(
            "CreateLoadBalancerListeners",
            ("Listeners.member.1.Protocol", "TCP"),
            ("Listeners.member.1.LoadBalancerPort", "80"),
            ("Listeners.member.1.InstanceProtocol", "TCP"),
            ("Listeners.member.1.InstancePort", "80"));
        await CallAsync(
            "CreateLoadBalancerPolicy",
            ("PolicyName", "EnableProxyProtocol"),
            ("PolicyTypeName", "ProxyProtocolPolicyType"),
            ("PolicyAttributes.member.1.AttributeName", "ProxyProtocol"),
            ("PolicyAttributes.member.1.AttributeValue", "true"));
        await CallAsync("SetLoadBalancerPoliciesForBackendServer", ("InstancePort", "80"), ("PolicyNames.member.1", "EnableProxyProtocol"));
        await CallAsync(
            "ConfigureHealthCheck",
            ("HealthCheck.Target", "TCP:80"),
            ("HealthCheck.Interval", "15"),
            ("HealthCheck.Timeout", "5"),
            ("HealthCheck.UnhealthyThreshold", "2"),
            ("HealthCheck.HealthyThreshold", "4"));
    }
}
