using Amazon.ElasticLoadBalancingV2;
using Amazon.ElasticLoadBalancingV2.Model;

namespace AwsSdk.StandIn.Tests;

public sealed class ElasticLoadBalancingV2Tests
{
    private const string Xmlns = "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"";
    private const string Arn = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/73e2d6bc24d8a067";

    [Fact]
    public async Task Describes_target_groups()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeTargetGroupsResponse {Xmlns}><DescribeTargetGroupsResult>
              <TargetGroups><member>
                <TargetGroupArn>{Arn}</TargetGroupArn><TargetGroupName>web</TargetGroupName><Protocol>TCP</Protocol><Port>80</Port><VpcId>vpc-1</VpcId>
                <TargetType>instance</TargetType><HealthCheckPath>/</HealthCheckPath>
                <LoadBalancerArns><member>arn:lb</member></LoadBalancerArns>
              </member></TargetGroups>
              <NextMarker>n</NextMarker>
            </DescribeTargetGroupsResult></DescribeTargetGroupsResponse>
            """);
        using AmazonElasticLoadBalancingV2Client client = service.ElbV2;

        DescribeTargetGroupsResponse response = await client.DescribeTargetGroupsAsync(new() { Marker = "m", PageSize = 400 });

        service.Request.Parameters.ShouldBe(["Action=DescribeTargetGroups", "Marker=m", "PageSize=400", "Version=2015-12-01"]);
        service.Request.Credential[2..].ShouldBe(["eu-west-1", "elasticloadbalancing", "aws4_request"]);
        response.NextMarker.ShouldBe("n");
        response.TargetGroups.ShouldHaveSingleItem().ShouldBeEquivalentTo(new TargetGroup
        {
            TargetGroupArn = Arn,
            TargetGroupName = "web",
            Protocol = ProtocolEnum.TCP,
            Port = 80,
            VpcId = "vpc-1",
            TargetType = TargetTypeEnum.Instance,
            LoadBalancerArns = ["arn:lb"],
        });
    }

    [Fact]
    public async Task Describes_targets_and_attributes()
    {
        await using LoopbackService service = new LoopbackService()
            .Answer($"""
                <DescribeTargetHealthResponse {Xmlns}><DescribeTargetHealthResult><TargetHealthDescriptions><member>
                  <Target><Id>i-1</Id><Port>8080</Port></Target><HealthCheckPort>80</HealthCheckPort><TargetHealth><State>healthy</State></TargetHealth>
                </member></TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>
                """)
            .Answer($"""
                <DescribeTargetGroupAttributesResponse {Xmlns}><DescribeTargetGroupAttributesResult><Attributes><member>
                  <Key>proxy_protocol_v2.enabled</Key><Value>true</Value>
                </member></Attributes></DescribeTargetGroupAttributesResult></DescribeTargetGroupAttributesResponse>
                """);
        using AmazonElasticLoadBalancingV2Client client = service.ElbV2;

        TargetHealthDescription health = (await client.DescribeTargetHealthAsync(new() { TargetGroupArn = Arn })).TargetHealthDescriptions.ShouldHaveSingleItem();
        TargetGroupAttribute attribute = (await client.DescribeTargetGroupAttributesAsync(new() { TargetGroupArn = Arn })).Attributes.ShouldHaveSingleItem();

        (health.Target.Id, health.Target.Port, health.HealthCheckPort).ShouldBe(("i-1", 8080, "80"));
        (attribute.Key, attribute.Value).ShouldBe(("proxy_protocol_v2.enabled", "true"));
    }

    [Fact]
    public async Task A_missing_group_is_an_exception_of_its_own()
    {
        await using LoopbackService service = new LoopbackService().Answer(
            $"<ErrorResponse {Xmlns}><Error><Type>Sender</Type><Code>TargetGroupNotFound</Code><Message>none</Message></Error><RequestId>r</RequestId></ErrorResponse>", 400);
        using AmazonElasticLoadBalancingV2Client client = service.ElbV2;

        (await Should.ThrowAsync<TargetGroupNotFoundException>(() => client.DescribeTargetHealthAsync(new() { TargetGroupArn = Arn }))).Message.ShouldBe("none");
    }
}
