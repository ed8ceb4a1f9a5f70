using Amazon.CloudFormation;
using Amazon.ElasticLoadBalancing;

namespace AwsSdk.StandIn.Tests;

public sealed class SigningTests
{
    [Theory]
    [InlineData("elasticloadbalancing")]
    [InlineData("cloudformation")]
    public async Task Requests_carry_a_signature_that_the_service_can_verify(string signingName)
    {
        await using LoopbackService service = new LoopbackService().Answer("<r/>");
        switch (signingName)
        {
            case "elasticloadbalancing":
                using (AmazonElasticLoadBalancingClient elb = service.Elb)
                {
                    await elb.DescribeLoadBalancersAsync(new() { Marker = "ä /+~*'()" });
                }

                break;
            default:
                using (AmazonCloudFormationClient cloudFormation = service.CloudFormation)
                {
                    await cloudFormation.DescribeStacksAsync(new() { StackName = "arn:aws:cloudformation:eu-west-1:1:stack/deis/1" });
                }

                break;
        }

        Recorded request = service.Request;
        request.Path.ShouldBe("/");
        request.Headers["Content-Type"]!.ShouldStartWith("application/x-www-form-urlencoded");
        request.Credential[0].ShouldBe("AKIDEXAMPLE");
        request.Credential[2..].ShouldBe(["eu-west-1", signingName, "aws4_request"]);
        request.Headers["Authorization"]!.ShouldEndWith("Signature=" + request.ExpectedSignature(LoopbackService.SecretKey));
    }
}
