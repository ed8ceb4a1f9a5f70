using Amazon.CloudFormation;
using Amazon.EC2;
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
            case "ec2":
                using (AmazonEC2Client ec2 = new(new AmazonEC2Config { AuthenticationRegion = args[1] }))
                {
                    await ec2.DescribeInstancesAsync(new());
                }

                return 0;
            default:
                await Console.Error.WriteLineAsync("elb, cloudformation or ec2");
                return 64;
        }
    }
}
