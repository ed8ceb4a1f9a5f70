using Amazon.EC2;
using Amazon.EC2.Model;

namespace AwsSdk.StandIn.Tests;

public sealed class EC2Tests
{
    private const string Xmlns = "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"";

    [Fact]
    public async Task Describes_instances()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeInstancesResponse {Xmlns}>
              <requestId>8f7724cf-496f-496e-8fe3-example</requestId>
              <reservationSet><item>
                <reservationId>r-1</reservationId><ownerId>123456789012</ownerId><groupSet/>
                <instancesSet><item>
                  <instanceId>i-1</instanceId><imageId>ami-1</imageId>
                  <instanceState><code>16</code><name>running</name></instanceState>
                  <privateDnsName>ip-10-21-1-5.ec2.internal</privateDnsName><dnsName>ec2-1.amazonaws.com</dnsName>
                  <keyName>deis</keyName><launchTime>2015-01-05T10:00:00.000Z</launchTime>
                  <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
                  <privateIpAddress>10.21.1.5</privateIpAddress><ipAddress>198.51.100.7</ipAddress>
                  <groupSet><item><groupId>sg-1</groupId><groupName>deis</groupName></item></groupSet>
                  <tagSet><item><key>Name</key><value>deis-coreos</value></item></tagSet>
                </item></instancesSet>
              </item></reservationSet>
              <nextToken>n/1</nextToken>
            </DescribeInstancesResponse>
            """);
        using AmazonEC2Client client = service.EC2;

        DescribeInstancesResponse response = await client.DescribeInstancesAsync(new()
        {
            Filters = [new() { Name = "tag:aws:cloudformation:stack-name", Values = ["deis", "d*"] }, new() { Name = "vpc-id", Values = ["vpc-1"] }],
            InstanceIds = ["i-1", "i-2"],
            MaxResults = 100,
            NextToken = "t",
        });

        service.Request.Parameters.ShouldBe(
            [
                "Action=DescribeInstances", "Filter.1.Name=tag:aws:cloudformation:stack-name", "Filter.1.Value.1=deis", "Filter.1.Value.2=d*",
                "Filter.2.Name=vpc-id", "Filter.2.Value.1=vpc-1", "InstanceId.1=i-1", "InstanceId.2=i-2", "MaxResults=100", "NextToken=t", "Version=2016-11-15",
            ]);
        response.ResponseMetadata.RequestId.ShouldBe("8f7724cf-496f-496e-8fe3-example");
        response.NextToken.ShouldBe("n/1");
        response.Reservations.ShouldHaveSingleItem().ShouldBeEquivalentTo(new Reservation
        {
            ReservationId = "r-1",
            OwnerId = "123456789012",
            Instances =
            [
                new()
                {
                    InstanceId = "i-1",
                    ImageId = "ami-1",
                    State = new() { Code = 16, Name = InstanceStateName.Running },
                    PrivateDnsName = "ip-10-21-1-5.ec2.internal",
                    PublicDnsName = "ec2-1.amazonaws.com",
                    KeyName = "deis",
                    LaunchTime = new DateTime(2015, 1, 5, 10, 0, 0, DateTimeKind.Utc),
                    SubnetId = "subnet-1",
                    VpcId = "vpc-1",
                    PrivateIpAddress = "10.21.1.5",
                    PublicIpAddress = "198.51.100.7",
                    SecurityGroups = [new() { GroupId = "sg-1", GroupName = "deis" }],
                    Tags = [new() { Key = "Name", Value = "deis-coreos" }],
                },
            ],
        });
    }

    [Fact]
    public async Task No_instance_is_null()
    {
        await using LoopbackService service = new LoopbackService().Answer($"<DescribeInstancesResponse {Xmlns}><reservationSet/></DescribeInstancesResponse>");
        using AmazonEC2Client client = service.EC2;

        DescribeInstancesResponse response = await client.DescribeInstancesAsync(new());

        service.Request.Parameters.ShouldBe(["Action=DescribeInstances", "Version=2016-11-15"]);
        response.Reservations.ShouldBeNull();
        response.NextToken.ShouldBeNull();
    }

    [Fact]
    public async Task Describes_networks()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeVpcsResponse {Xmlns}><vpcSet><item>
              <vpcId>vpc-1</vpcId><ownerId>123456789012</ownerId><state>available</state><cidrBlock>10.21.0.0/16</cidrBlock><isDefault>false</isDefault>
              <cidrBlockAssociationSet>
                <item>
                  <cidrBlock>10.21.0.0/16</cidrBlock><associationId>vpc-cidr-assoc-1</associationId>
                  <cidrBlockState><state>associated</state></cidrBlockState>
                </item>
                <item>
                  <cidrBlock>100.64.0.0/16</cidrBlock><associationId>vpc-cidr-assoc-2</associationId>
                  <cidrBlockState><state>failing</state><statusMessage>m</statusMessage></cidrBlockState>
                </item>
              </cidrBlockAssociationSet>
              <tagSet><item><key>Name</key><value>deis-vpc</value></item></tagSet>
            </item></vpcSet><nextToken>n</nextToken></DescribeVpcsResponse>
            """);
        using AmazonEC2Client client = service.EC2;

        DescribeVpcsResponse response = await client.DescribeVpcsAsync(
            new() { VpcIds = ["vpc-1"], Filters = [new() { Name = "state", Values = ["available"] }], MaxResults = 5, NextToken = "t" });

        service.Request.Parameters.ShouldBe(
            [
                "Action=DescribeVpcs", "Filter.1.Name=state", "Filter.1.Value.1=available", "MaxResults=5", "NextToken=t", "Version=2016-11-15",
                "VpcId.1=vpc-1",
            ]);
        response.NextToken.ShouldBe("n");
        response.Vpcs.ShouldHaveSingleItem().ShouldBeEquivalentTo(new Vpc
        {
            VpcId = "vpc-1",
            OwnerId = "123456789012",
            State = VpcState.Available,
            CidrBlock = "10.21.0.0/16",
            IsDefault = false,
            CidrBlockAssociationSet =
            [
                new() { CidrBlock = "10.21.0.0/16", AssociationId = "vpc-cidr-assoc-1", CidrBlockState = new() { State = VpcCidrBlockStateCode.Associated } },
                new()
                {
                    CidrBlock = "100.64.0.0/16",
                    AssociationId = "vpc-cidr-assoc-2",
                    CidrBlockState = new() { State = VpcCidrBlockStateCode.Failing, StatusMessage = "m" },
                },
            ],
            Tags = [new() { Key = "Name", Value = "deis-vpc" }],
        });
    }

    [Fact]
    public async Task Describes_subnets()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeSubnetsResponse {Xmlns}><subnetSet><item>
              <subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><state>available</state><cidrBlock>10.21.1.0/24</cidrBlock>
              <availabilityZone>eu-west-1a</availabilityZone><mapPublicIpOnLaunch>true</mapPublicIpOnLaunch><tagSet/>
            </item></subnetSet></DescribeSubnetsResponse>
            """);
        using AmazonEC2Client client = service.EC2;

        DescribeSubnetsResponse response = await client.DescribeSubnetsAsync(
            new() { SubnetIds = ["subnet-1"], Filters = [new() { Name = "vpc-id", Values = ["vpc-1"] }], MaxResults = 5, NextToken = "t" });

        service.Request.Parameters.ShouldBe(
            [
                "Action=DescribeSubnets", "Filter.1.Name=vpc-id", "Filter.1.Value.1=vpc-1", "MaxResults=5", "NextToken=t", "SubnetId.1=subnet-1",
                "Version=2016-11-15",
            ]);
        response.Subnets.ShouldHaveSingleItem().ShouldBeEquivalentTo(new Subnet
        {
            SubnetId = "subnet-1",
            VpcId = "vpc-1",
            State = SubnetState.Available,
            CidrBlock = "10.21.1.0/24",
            AvailabilityZone = "eu-west-1a",
            MapPublicIpOnLaunch = true,
        });
    }

    [Fact]
    public async Task Describes_security_groups()
    {
        await using LoopbackService service = new LoopbackService().Answer($"""
            <DescribeSecurityGroupsResponse {Xmlns}><securityGroupInfo><item>
              <ownerId>123456789012</ownerId><groupId>sg-1</groupId><groupName>deis</groupName><groupDescription>nodes</groupDescription><vpcId>vpc-1</vpcId>
              <securityGroupArn>arn:sg</securityGroupArn>
              <ipPermissions>
                <item>
                  <ipProtocol>tcp</ipProtocol><fromPort>9090</fromPort><toPort>9091</toPort>
                  <groups><item>
                    <userId>123456789012</userId><groupId>sg-2</groupId><groupName>elb</groupName><vpcId>vpc-1</vpcId><description>d</description>
                  </item></groups>
                  <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp><description>all</description></item></ipRanges>
                  <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>
                  <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds>
                </item>
              </ipPermissions>
              <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/><ipRanges/></item></ipPermissionsEgress>
              <tagSet><item><key>Name</key><value/></item></tagSet>
            </item></securityGroupInfo></DescribeSecurityGroupsResponse>
            """);
        using AmazonEC2Client client = service.EC2;

        DescribeSecurityGroupsResponse response = await client.DescribeSecurityGroupsAsync(
            new() { GroupIds = ["sg-1"], GroupNames = ["deis"], Filters = [new() { Name = "vpc-id", Values = [] }], MaxResults = 5, NextToken = "t" });

        service.Request.Parameters.ShouldBe(
            [
                "Action=DescribeSecurityGroups", "Filter.1.Name=vpc-id", "Filter.1.Value=", "GroupId.1=sg-1", "GroupName.1=deis", "MaxResults=5", "NextToken=t",
                "Version=2016-11-15",
            ]);
        response.SecurityGroups.ShouldHaveSingleItem().ShouldBeEquivalentTo(new SecurityGroup
        {
            GroupId = "sg-1",
            GroupName = "deis",
            Description = "nodes",
            OwnerId = "123456789012",
            VpcId = "vpc-1",
            SecurityGroupArn = "arn:sg",
            IpPermissions =
            [
                new()
                {
                    IpProtocol = "tcp",
                    FromPort = 9090,
                    ToPort = 9091,
                    UserIdGroupPairs = [new() { UserId = "123456789012", GroupId = "sg-2", GroupName = "elb", VpcId = "vpc-1", Description = "d" }],
                    Ipv4Ranges = [new() { CidrIp = "0.0.0.0/0", Description = "all" }],
                    Ipv6Ranges = [new() { CidrIpv6 = "::/0" }],
                    PrefixListIds = [new() { Id = "pl-1" }],
                },
            ],
            IpPermissionsEgress = [new() { IpProtocol = "-1" }],
            Tags = [new() { Key = "Name", Value = "" }],
        });
    }
}
