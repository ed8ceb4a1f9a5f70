using Amazon.AutoScaling;
using Amazon.AutoScaling.Model;
using Amazon.Runtime;

namespace AwsSdk.StandIn.Tests;

public sealed class AutoScalingTests
{
    private const string Xmlns = "xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"";

    [Fact]
    public async Task Describes_groups()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeAutoScalingGroupsResponse {Xmlns}><DescribeAutoScalingGroupsResult>
              <AutoScalingGroups><member>
                <AutoScalingGroupName>deis-nodes</AutoScalingGroupName><AutoScalingGroupARN>arn:asg</AutoScalingGroupARN>
                <MinSize>3</MinSize><MaxSize>9</MaxSize><DesiredCapacity>3</DesiredCapacity>
                <HealthCheckType>ELB</HealthCheckType><HealthCheckGracePeriod>300</HealthCheckGracePeriod>
                <LoadBalancerNames><member>deis-web</member></LoadBalancerNames>
                <Instances><member>
                  <InstanceId>i-1</InstanceId><AvailabilityZone>eu-west-1a</AvailabilityZone><HealthStatus>Healthy</HealthStatus>
                </member></Instances>
                <SuspendedProcesses><member>
                  <ProcessName>ReplaceUnhealthy</ProcessName><SuspensionReason>User suspended</SuspensionReason>
                </member></SuspendedProcesses>
              </member></AutoScalingGroups>
              <NextToken>n</NextToken>
            </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>
            """);
        using AmazonAutoScalingClient client = service.AutoScaling;

        DescribeAutoScalingGroupsResponse response =
            await client.DescribeAutoScalingGroupsAsync(new() { AutoScalingGroupNames = ["deis-nodes"], MaxRecords = 100, NextToken = "t" });

        service.Request.Parameters.ShouldBe(
            ["Action=DescribeAutoScalingGroups", "AutoScalingGroupNames.member.1=deis-nodes", "MaxRecords=100", "NextToken=t", "Version=2011-01-01"]);
        response.NextToken.ShouldBe("n");
        response.AutoScalingGroups.ShouldHaveSingleItem().ShouldBeEquivalentTo(new AutoScalingGroup
        {
            AutoScalingGroupName = "deis-nodes",
            AutoScalingGroupARN = "arn:asg",
            MinSize = 3,
            MaxSize = 9,
            DesiredCapacity = 3,
            HealthCheckType = "ELB",
            HealthCheckGracePeriod = 300,
            LoadBalancerNames = ["deis-web"],
            Instances = [new() { InstanceId = "i-1", AvailabilityZone = "eu-west-1a", HealthStatus = "Healthy" }],
            SuspendedProcesses = [new() { ProcessName = "ReplaceUnhealthy", SuspensionReason = "User suspended" }],
        });
    }

    [Theory]
    [InlineData("SuspendProcesses")]
    [InlineData("ResumeProcesses")]
    public async Task Suspends_and_resumes_processes(string operation)
    {
        // No Result element: the model declares no output.
        await using LoopbackService service = new LoopbackService().Answer(
            $"<{operation}Response {Xmlns}><ResponseMetadata><RequestId>7c6e177f</RequestId></ResponseMetadata></{operation}Response>");
        using AmazonAutoScalingClient client = service.AutoScaling;
        List<string> processes = ["HealthCheck", "ReplaceUnhealthy"];

        ResponseMetadata answer = operation == "SuspendProcesses"
            ? (await client.SuspendProcessesAsync(new() { AutoScalingGroupName = "deis-nodes", ScalingProcesses = processes })).ResponseMetadata
            : (await client.ResumeProcessesAsync(new() { AutoScalingGroupName = "deis-nodes", ScalingProcesses = processes })).ResponseMetadata;

        service.Request.Parameters.ShouldBe(
            [$"Action={operation}", "AutoScalingGroupName=deis-nodes", "ScalingProcesses.member.1=HealthCheck", "ScalingProcesses.member.2=ReplaceUnhealthy", "Version=2011-01-01"]);
        answer.RequestId.ShouldBe("7c6e177f");
    }

    [Fact]
    public async Task A_busy_group_is_an_exception_of_its_own()
    {
        await using LoopbackService service = new LoopbackService().Answer(
            $"<ErrorResponse {Xmlns}><Error><Type>Sender</Type><Code>ResourceInUse</Code><Message>busy</Message></Error><RequestId>r</RequestId></ErrorResponse>", 400);
        using AmazonAutoScalingClient client = service.AutoScaling;

        (await Should.ThrowAsync<ResourceInUseException>(() => client.SuspendProcessesAsync(new() { AutoScalingGroupName = "deis-nodes" }))).Message.ShouldBe("busy");
    }
}
