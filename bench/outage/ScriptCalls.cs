using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>
/// What contrib/ec2/setup-proxy-protocol.sh of Deis calls, in its order, for a stack without a certificate. In its favor: the load balancer's
/// right name (it
/// cuts it from the DNS name, wrongly where that ends in AWS's number), and none of the start-up time of deisctl and the aws CLI.
/// </summary>
internal static class ScriptCalls
{
    /// <summary>Makes the calls.</summary>
    /// <param name="withCli">Whether each call starts the AWS CLI, as the script does.</param>
    public static async Task RunAsync(Testbed bed, bool withCli = false)
    {
        Task CallAsync(string action, params (string Name, string Value)[] parameters) => withCli
            ? CallWithCliAsync(bed, action, parameters)
            : AwsQuery.ElbAsync(bed.Aws.Endpoint, action, [("LoadBalancerName", bed.LoadBalancer), .. parameters]);

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

    private static Task CallWithCliAsync(Testbed bed, string action, (string Name, string Value)[] parameters)
    {
        var value = parameters.ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        string[] arguments = action switch
        {
            "DeleteLoadBalancerListeners" => ["delete-load-balancer-listeners", "--load-balancer-ports", value["LoadBalancerPorts.member.1"]],
            "CreateLoadBalancerListeners" =>
                ["create-load-balancer-listeners", "--listeners", "Protocol=TCP,LoadBalancerPort=80,InstanceProtocol=TCP,InstancePort=80"],
            "CreateLoadBalancerPolicy" =>
            [
                "create-load-balancer-policy", "--policy-name", value["PolicyName"], "--policy-type-name", value["PolicyTypeName"],
                "--policy-attributes", "AttributeName=ProxyProtocol,AttributeValue=true",
            ],
            "SetLoadBalancerPoliciesForBackendServer" =>
            [
                "set-load-balancer-policies-for-backend-server", "--instance-port", value["InstancePort"], "--policy-names",
                value["PolicyNames.member.1"],
            ],
            "ConfigureHealthCheck" =>
                ["configure-health-check", "--health-check", "Target=TCP:80,Interval=15,Timeout=5,UnhealthyThreshold=2,HealthyThreshold=4"],
            _ => throw new ArgumentOutOfRangeException(nameof(action)),
        };
        return RealProcess.RunAsync(
            RealProcess.Find("env", "install the Debian package coreutils"),
            [
                .. bed.ToolEnvironment.Select(variable => $"{variable.Key}={variable.Value}"), RealProcess.Find("aws", "install the AWS CLI"), "elb",
                .. arguments, "--load-balancer-name", bed.LoadBalancer,
            ]);
    }
}
