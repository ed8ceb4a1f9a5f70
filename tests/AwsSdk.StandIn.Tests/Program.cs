using Amazon.CloudFormation;
using Amazon.ElasticLoadBalancing;

namespace AwsSdk.StandIn.Tests;

/// <summary>One call with nothing but the defaults, for tests of the environment: arguments are the service and the region.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args[0])
        {
            case "elb":
                using (AmazonElasticLoadBalancingClient elb = new(new AmazonElasticLoadBalancingConfig { AuthenticationRegion = args[1] }))
                {
                    await elb.DescribeLoadBalancersAsync(new());
                }

                return 0;
            case "cloudformation":
                using (AmazonCloudFormationClient cloudFormation = new(new AmazonCloudFormationConfig { AuthenticationRegion = args[1] }))
                {
                    await cloudFormation.DescribeStacksAsync(new());
                }

                return 0;
            default:
                await Console.Error.WriteLineAsync("elb or cloudformation");
                return 64;
        }
    }
}
