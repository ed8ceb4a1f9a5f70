using Amazon.CloudFormation;
using Amazon.CloudFormation.Model;

namespace AwsSdk.StandIn.Tests;

public sealed class CloudFormationTests
{
    private const string Xmlns = "xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"";

    [Fact]
    public async Task Describes_a_stack()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeStacksResponse {Xmlns}><DescribeStacksResult>
              <Stacks><member>
                <StackId>arn:aws:cloudformation:eu-west-1:123456789012:stack/deis/aaf549a0</StackId>
                <StackName>deis</StackName>
                <Description>Deis &lt;v1&gt;</Description>
                <StackStatus>UPDATE_ROLLBACK_COMPLETE</StackStatus>
                <StackStatusReason>because</StackStatusReason>
                <CreationTime>2010-07-27T22:28:28Z</CreationTime>
                <LastUpdatedTime>2011-07-27T22:28:28.5Z</LastUpdatedTime>
                <DeletionTime>2012-07-27T22:28:28Z</DeletionTime>
                <DisableRollback>false</DisableRollback>
                <EnableTerminationProtection>true</EnableTerminationProtection>
                <TimeoutInMinutes>30</TimeoutInMinutes>
                <RoleARN>arn:aws:iam::123456789012:role/r</RoleARN>
                <ParentId>parent</ParentId><RootId>root</RootId>
                <NotificationARNs><member>arn:aws:sns:1</member></NotificationARNs>
                <Capabilities><member>CAPABILITY_IAM</member></Capabilities>
                <Parameters>
                  <member>
                    <ParameterKey>ELBScheme</ParameterKey><ParameterValue>/deis/scheme</ParameterValue>
                    <ResolvedValue>internal</ResolvedValue><UsePreviousValue>true</UsePreviousValue>
                  </member>
                </Parameters>
                <Outputs>
                  <member>
                    <OutputKey>DNSName</OutputKey><OutputValue>deis-1.elb.amazonaws.com</OutputValue>
                    <Description>where</Description><ExportName>x</ExportName>
                  </member>
                </Outputs>
                <Tags><member><Key>k</Key><Value>v</Value></member></Tags>
              </member></Stacks>
              <NextToken>next</NextToken>
            </DescribeStacksResult></DescribeStacksResponse>
            """);
        using AmazonCloudFormationClient client = service.CloudFormation;

        DescribeStacksResponse response = await client.DescribeStacksAsync(new() { StackName = "deis" });

        service.Request.Parameters.ShouldBe(["Action=DescribeStacks", "StackName=deis", "Version=2010-05-15"]);
        response.Stacks.ShouldHaveSingleItem().ShouldBeEquivalentTo(new Stack
        {
            StackId = "arn:aws:cloudformation:eu-west-1:123456789012:stack/deis/aaf549a0",
            StackName = "deis",
            StackStatus = new StackStatus("UPDATE_ROLLBACK_COMPLETE"),
            Parameters = [new() { ParameterKey = "ELBScheme", ParameterValue = "/deis/scheme", ResolvedValue = "internal" }],
        });
    }

    [Fact]
    public async Task A_status_that_was_added_later_is_kept()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeStacksResponse {Xmlns}><DescribeStacksResult><Stacks>
              <member><StackStatus>SOMETHING_NEW</StackStatus></member><member/>
            </Stacks></DescribeStacksResult></DescribeStacksResponse>
            """);
        using AmazonCloudFormationClient client = service.CloudFormation;

        List<Stack> stacks = (await client.DescribeStacksAsync(new())).Stacks.ShouldNotBeNull();

        stacks[0].StackStatus!.Value.ShouldBe("SOMETHING_NEW");
        stacks[1].ShouldBeEquivalentTo(new Stack());
    }

    [Fact]
    public async Task Lists_the_resources_of_a_stack()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <ListStackResourcesResponse {Xmlns}><ListStackResourcesResult>
              <StackResourceSummaries><member>
                <ResourceStatus>CREATE_COMPLETE</ResourceStatus><ResourceStatusReason>r</ResourceStatusReason>
                <LogicalResourceId>DeisWebELB</LogicalResourceId>
                <LastUpdatedTimestamp>2011-06-21T20:15:58Z</LastUpdatedTimestamp>
                <PhysicalResourceId>deis-DeisWebE-17PGCR3KPJC54</PhysicalResourceId>
                <ResourceType>AWS::ElasticLoadBalancing::LoadBalancer</ResourceType>
              </member></StackResourceSummaries>
              <NextToken>dad3e6b8=</NextToken>
            </ListStackResourcesResult></ListStackResourcesResponse>
            """);
        using AmazonCloudFormationClient client = service.CloudFormation;

        ListStackResourcesResponse response = await client.ListStackResourcesAsync(new() { StackName = "deis", NextToken = "a=b&c" });

        service.Request.Parameters.ShouldBe(["Action=ListStackResources", "NextToken=a=b&c", "StackName=deis", "Version=2010-05-15"]);
        response.NextToken.ShouldBe("dad3e6b8=");
        response.StackResourceSummaries.ShouldHaveSingleItem().ShouldBeEquivalentTo(new StackResourceSummary
        {
            LogicalResourceId = "DeisWebELB",
            PhysicalResourceId = "deis-DeisWebE-17PGCR3KPJC54",
            ResourceType = "AWS::ElasticLoadBalancing::LoadBalancer",
        });
    }

    [Fact]
    public async Task Gets_a_template()
    {
        await using LoopbackService service = new LoopbackService().Answer($$"""
            <GetTemplateResponse {{Xmlns}}><GetTemplateResult>
              <TemplateBody>{
              "Description": "a &amp; b"
            }
            </TemplateBody>
              <StagesAvailable><member>Original</member><member>Processed</member></StagesAvailable>
            </GetTemplateResult></GetTemplateResponse>
            """);
        using AmazonCloudFormationClient client = service.CloudFormation;

        GetTemplateResponse response = await client.GetTemplateAsync(new() { StackName = "deis", TemplateStage = TemplateStage.Original });

        service.Request.Parameters.ShouldBe(["Action=GetTemplate", "StackName=deis", "TemplateStage=Original", "Version=2010-05-15"]);
        response.TemplateBody.ShouldBe("{\n  \"Description\": \"a & b\"\n}\n");
    }
}
