using Amazon.ElasticLoadBalancing;
using Amazon.ElasticLoadBalancing.Model;

namespace AwsSdk.StandIn.Tests;

public sealed class ElasticLoadBalancingReadingTests
{
    private const string Xmlns = "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/\"";

    [Fact]
    public async Task Describes_a_load_balancer_with_everything()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeLoadBalancersResponse {Xmlns}>
              <DescribeLoadBalancersResult>
                <LoadBalancerDescriptions>
                  <member>
                    <SecurityGroups><member>sg-1</member><member>sg-2</member></SecurityGroups>
                    <LoadBalancerName>deis-DeisWebE-17PGCR3KPJC54</LoadBalancerName>
                    <CreatedTime>2013-05-24T21:15:31.280Z</CreatedTime>
                    <VPCId>vpc-1</VPCId>
                    <ListenerDescriptions>
                      <member>
                        <PolicyNames><member>ELBSecurityPolicy-2016-08</member></PolicyNames>
                        <Listener>
                          <Protocol>HTTPS</Protocol><LoadBalancerPort>443</LoadBalancerPort>
                          <InstanceProtocol>HTTP</InstanceProtocol><InstancePort>80</InstancePort>
                          <SSLCertificateId>arn:aws:iam::123456789012:server-certificate/a&amp;b</SSLCertificateId>
                        </Listener>
                      </member>
                      <member>
                        <PolicyNames/>
                        <Listener>
                          <Protocol>TCP</Protocol><LoadBalancerPort>2222</LoadBalancerPort>
                          <InstanceProtocol>TCP</InstanceProtocol><InstancePort>2222</InstancePort>
                        </Listener>
                      </member>
                    </ListenerDescriptions>
                    <HealthCheck>
                      <Interval>15</Interval><Target>HTTP:80/health-check</Target><HealthyThreshold>4</HealthyThreshold>
                      <Timeout>5</Timeout><UnhealthyThreshold>2</UnhealthyThreshold>
                    </HealthCheck>
                    <Policies>
                      <AppCookieStickinessPolicies>
                        <member><PolicyName>app</PolicyName><CookieName>SID</CookieName></member>
                      </AppCookieStickinessPolicies>
                      <LBCookieStickinessPolicies>
                        <member><PolicyName>lb</PolicyName><CookieExpirationPeriod>31536000000</CookieExpirationPeriod></member>
                      </LBCookieStickinessPolicies>
                      <OtherPolicies><member>EnableProxyProtocol</member></OtherPolicies>
                    </Policies>
                    <BackendServerDescriptions>
                      <member><PolicyNames><member>EnableProxyProtocol</member></PolicyNames><InstancePort>80</InstancePort></member>
                    </BackendServerDescriptions>
                    <AvailabilityZones><member>eu-west-1a</member></AvailabilityZones>
                    <Subnets><member>subnet-1</member></Subnets>
                    <Instances><member><InstanceId>i-1</InstanceId></member><member><InstanceId>i-2</InstanceId></member></Instances>
                    <SourceSecurityGroup><OwnerAlias>123456789012</OwnerAlias><GroupName>deis-elb</GroupName></SourceSecurityGroup>
                    <Scheme>internet-facing</Scheme>
                    <DNSName>deis-DeisWebE-17PGCR3KPJC54-1234567890.eu-west-1.elb.amazonaws.com</DNSName>
                    <CanonicalHostedZoneName>deis.eu-west-1.elb.amazonaws.com</CanonicalHostedZoneName>
                    <CanonicalHostedZoneNameID>Z32O12XQLNTSW2</CanonicalHostedZoneNameID>
                    <AddedToTheApiLater>ignored</AddedToTheApiLater>
                  </member>
                </LoadBalancerDescriptions>
                <NextMarker>a+b/c=&lt;</NextMarker>
              </DescribeLoadBalancersResult>
              <ResponseMetadata><RequestId>83c88b9d-12b7-11e3-8b82-87b12EXAMPLE</RequestId></ResponseMetadata>
            </DescribeLoadBalancersResponse>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        DescribeLoadBalancersResponse response = await client.DescribeLoadBalancersAsync(
            new() { LoadBalancerNames = ["deis-DeisWebE-17PGCR3KPJC54", "other"], Marker = "x y+z/=&%ü", PageSize = 400 });

        service.Request.Parameters.ShouldBe(
            [
                "Action=DescribeLoadBalancers", "LoadBalancerNames.member.1=deis-DeisWebE-17PGCR3KPJC54", "LoadBalancerNames.member.2=other",
                "Marker=x y+z/=&%ü", "PageSize=400", "Version=2012-06-01",
            ]);
        service.Request.Body.ShouldContain("Marker=x%20y%2Bz%2F%3D%26%25%C3%BC");
        response.ResponseMetadata.RequestId.ShouldBe("83c88b9d-12b7-11e3-8b82-87b12EXAMPLE");
        response.NextMarker.ShouldBe("a+b/c=<");
        LoadBalancerDescription balancer = response.LoadBalancerDescriptions.ShouldHaveSingleItem();
        balancer.ShouldBeEquivalentTo(new LoadBalancerDescription
        {
            LoadBalancerName = "deis-DeisWebE-17PGCR3KPJC54",
            DNSName = "deis-DeisWebE-17PGCR3KPJC54-1234567890.eu-west-1.elb.amazonaws.com",
            ListenerDescriptions =
            [
                new()
                {
                    Listener = new()
                    {
                        Protocol = "HTTPS",
                        LoadBalancerPort = 443,
                        InstanceProtocol = "HTTP",
                        InstancePort = 80,
                        SSLCertificateId = "arn:aws:iam::123456789012:server-certificate/a&b",
                    },
                    PolicyNames = ["ELBSecurityPolicy-2016-08"],
                },
                new() { Listener = new() { Protocol = "TCP", LoadBalancerPort = 2222, InstanceProtocol = "TCP", InstancePort = 2222 } },
            ],
            BackendServerDescriptions = [new() { InstancePort = 80, PolicyNames = ["EnableProxyProtocol"] }],
            Subnets = ["subnet-1"],
            VPCId = "vpc-1",
            Instances = [new() { InstanceId = "i-1" }, new() { InstanceId = "i-2" }],
            HealthCheck = new() { Target = "HTTP:80/health-check", Interval = 15, Timeout = 5, UnhealthyThreshold = 2, HealthyThreshold = 4 },
            SecurityGroups = ["sg-1", "sg-2"],
        });
    }

    [Fact]
    public async Task What_is_absent_or_empty_is_null()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeLoadBalancersResponse {Xmlns}><DescribeLoadBalancersResult><LoadBalancerDescriptions><member>
              <LoadBalancerName/><ListenerDescriptions/><Instances></Instances><Policies/><CreatedTime/>
              <HealthCheck><Interval/></HealthCheck>
            </member></LoadBalancerDescriptions></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        DescribeLoadBalancersResponse response = await client.DescribeLoadBalancersAsync(new());

        service.Request.Parameters.ShouldBe(["Action=DescribeLoadBalancers", "Version=2012-06-01"]);
        response.NextMarker.ShouldBeNull();
        response.LoadBalancerDescriptions.ShouldHaveSingleItem().ShouldBeEquivalentTo(
            new LoadBalancerDescription { LoadBalancerName = "", HealthCheck = new() });
    }

    [Fact]
    public async Task No_load_balancer_at_all_is_null()
    {
        await using LoopbackService service = new LoopbackService().Answer(
            "<DescribeLoadBalancersResponse "
                + $"{Xmlns}><DescribeLoadBalancersResult><LoadBalancerDescriptions/></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>");
        using AmazonElasticLoadBalancingClient client = service.Elb;

        (await client.DescribeLoadBalancersAsync(new())).LoadBalancerDescriptions.ShouldBeNull();
    }

    [Fact]
    public async Task Describes_policies()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeLoadBalancerPoliciesResponse {Xmlns}><DescribeLoadBalancerPoliciesResult><PolicyDescriptions><member>
              <PolicyName>EnableProxyProtocol</PolicyName><PolicyTypeName>ProxyProtocolPolicyType</PolicyTypeName>
              <PolicyAttributeDescriptions>
                <member><AttributeName>ProxyProtocol</AttributeName><AttributeValue>true</AttributeValue></member>
              </PolicyAttributeDescriptions>
            </member></PolicyDescriptions></DescribeLoadBalancerPoliciesResult></DescribeLoadBalancerPoliciesResponse>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        DescribeLoadBalancerPoliciesResponse response = await client.DescribeLoadBalancerPoliciesAsync(
            new() { LoadBalancerName = "deis" });

        service.Request.Parameters.ShouldBe(
            ["Action=DescribeLoadBalancerPolicies", "LoadBalancerName=deis", "Version=2012-06-01"]);
        response.PolicyDescriptions.ShouldHaveSingleItem().ShouldBeEquivalentTo(new PolicyDescription
        {
            PolicyName = "EnableProxyProtocol",
            PolicyTypeName = "ProxyProtocolPolicyType",
            PolicyAttributeDescriptions = [new() { AttributeName = "ProxyProtocol", AttributeValue = "true" }],
        });
    }

    [Fact]
    public async Task Describes_the_health_of_instances()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeInstanceHealthResponse {Xmlns}><DescribeInstanceHealthResult><InstanceStates><member>
              <Description>Instance registration is still in progress.</Description><InstanceId>i-90d8c2a5</InstanceId>
              <State>OutOfService</State><ReasonCode>ELB</ReasonCode>
            </member></InstanceStates></DescribeInstanceHealthResult></DescribeInstanceHealthResponse>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        DescribeInstanceHealthResponse response = await client.DescribeInstanceHealthAsync(
            new() { LoadBalancerName = "deis" });

        service.Request.Parameters.ShouldBe(
            ["Action=DescribeInstanceHealth", "LoadBalancerName=deis", "Version=2012-06-01"]);
        response.InstanceStates.ShouldHaveSingleItem().ShouldBeEquivalentTo(new InstanceState
        {
            InstanceId = "i-90d8c2a5",
            State = "OutOfService",
            Description = "Instance registration is still in progress.",
        });
    }

    [Fact]
    public async Task Describes_attributes()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeLoadBalancerAttributesResponse {Xmlns}><DescribeLoadBalancerAttributesResult><LoadBalancerAttributes>
              <AccessLog>
                <Enabled>true</Enabled><S3BucketName>logs</S3BucketName><S3BucketPrefix>deis</S3BucketPrefix><EmitInterval>60</EmitInterval>
              </AccessLog>
              <ConnectionSettings><IdleTimeout>1200</IdleTimeout></ConnectionSettings>
              <CrossZoneLoadBalancing><Enabled>false</Enabled></CrossZoneLoadBalancing>
              <ConnectionDraining><Enabled>true</Enabled><Timeout>300</Timeout></ConnectionDraining>
              <AdditionalAttributes>
                <member><Key>elb.http.desyncmitigationmode</Key><Value>defensive</Value></member>
              </AdditionalAttributes>
            </LoadBalancerAttributes></DescribeLoadBalancerAttributesResult></DescribeLoadBalancerAttributesResponse>
            """);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        DescribeLoadBalancerAttributesResponse response = await client.DescribeLoadBalancerAttributesAsync(new() { LoadBalancerName = "deis" });

        service.Request.Parameters.ShouldBe(["Action=DescribeLoadBalancerAttributes", "LoadBalancerName=deis", "Version=2012-06-01"]);
        response.LoadBalancerAttributes.ShouldBeEquivalentTo(new LoadBalancerAttributes
        {
            ConnectionSettings = new() { IdleTimeout = 1200 },
        });
    }
}
