using System.Text.Json;

namespace DeisProxy.Sandbox.Tests;

/// <summary>A client that nobody here wrote: the aws CLI does what the script of 2015 did.</summary>
public sealed class AwsCliTests
{
    [Fact]
    public async Task The_scripts_whole_sequence_works()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var name = sandbox.ElbName;

        var dns = (await AwsAsync(
            sandbox, "cloudformation", "describe-stacks", "--stack-name", "deis",
            "--query", "Stacks[].Outputs[?OutputKey=='DNSName'].OutputValue[]", "--output", "text")).Trim();
        dns.ShouldBe($"{name}-1352182655.us-east-1.elb.amazonaws.com");

        using (var described = JsonDocument.Parse(await AwsAsync(sandbox, "elb", "describe-load-balancers", "--load-balancer-names", name)))
        {
            described.RootElement.GetProperty("LoadBalancerDescriptions")[0].GetProperty("ListenerDescriptions").GetArrayLength().ShouldBe(3);
        }

        await AwsAsync(sandbox, "elb", "delete-load-balancer-listeners", "--load-balancer-name", name, "--load-balancer-ports", "80");
        await AwsAsync(
            sandbox, "elb", "create-load-balancer-listeners", "--load-balancer-name", name, "--listeners",
            "Protocol=TCP,LoadBalancerPort=80,InstanceProtocol=TCP,InstancePort=80");
        await AwsAsync(
            sandbox, "elb", "create-load-balancer-policy", "--load-balancer-name", name, "--policy-name", "EnableProxyProtocol",
            "--policy-type-name", "ProxyProtocolPolicyType", "--policy-attributes", "AttributeName=ProxyProtocol,AttributeValue=true");
        await AwsAsync(
            sandbox, "elb", "set-load-balancer-policies-for-backend-server", "--load-balancer-name", name, "--instance-port", "80", "--policy-names",
            "EnableProxyProtocol");
        using (var checkedHealth = JsonDocument.Parse(await AwsAsync(
            sandbox, "elb", "configure-health-check", "--load-balancer-name", name, "--health-check",
            "Target=TCP:80,Interval=15,Timeout=5,UnhealthyThreshold=2,HealthyThreshold=4")))
        {
            checkedHealth.RootElement.GetProperty("HealthCheck").GetProperty("Target").GetString().ShouldBe("TCP:80");
        }

        sandbox.Elb.Listeners.Select(listener => listener.ToString()).ShouldBe(["443 TCP->TCP:443", "2222 TCP->TCP:2222", "80 TCP->TCP:80"]);
        sandbox.Elb.BackendPolicies[80].ShouldBe(["EnableProxyProtocol"]);
        sandbox.Elb.HealthCheck.ShouldBe(new HealthCheck("TCP:80", 15, 5, 2, 4));
        sandbox.Cloud.CallLog.Mutating.Select(call => call.Operation).ShouldBe(
            [
                "DeleteLoadBalancerListeners", "CreateLoadBalancerListeners", "CreateLoadBalancerPolicy",
                "SetLoadBalancerPoliciesForBackendServer", "ConfigureHealthCheck",
            ]);
    }

    [Fact]
    public async Task The_cli_understands_errors_and_the_other_services()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var (exitCode, _, error) = await RunAsync(sandbox, "elb", "describe-load-balancers", "--load-balancer-names", "deis-DeisWebE");
        exitCode.ShouldNotBe(0);
        error.ShouldContain("An error occurred (LoadBalancerNotFound) when calling the DescribeLoadBalancers operation");

        var addresses = await AwsAsync(
            sandbox, "ec2", "describe-instances", "--filters", "Name=tag:aws:cloudformation:stack-name,Values=deis", "Name=instance-state-name,"
                + "Values=running",
            "--query", "Reservations[].Instances[].PrivateIpAddress", "--output", "text");
        addresses.Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries).ShouldBe(sandbox.Cloud.Nodes);
    }

    private static async Task<string> AwsAsync(RunningSandbox sandbox, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(sandbox, arguments);
        exitCode.ShouldBe(0, error);
        return output;
    }

    private static Task<(int ExitCode, string Output, string Error)> RunAsync(RunningSandbox sandbox, params string[] arguments) => Tools.RunAsync(
        "aws",
        "awscli",
        arguments,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AWS_ENDPOINT_URL"] = sandbox.Cloud.AwsEndpoint.ToString(),
            ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE",
            ["AWS_SECRET_ACCESS_KEY"] = "secret",
            ["AWS_DEFAULT_REGION"] = "us-east-1",
            ["AWS_MAX_ATTEMPTS"] = "1",
            ["AWS_PAGER"] = "",
        });
}
