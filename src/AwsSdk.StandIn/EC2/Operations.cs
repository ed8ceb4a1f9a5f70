using Amazon.EC2.Model;
using AwsSdk.StandIn;

namespace Amazon.EC2;

/// <summary>The operations of EC2 2016-11-15 that are called, with the errors that each declares.</summary>
internal static class Operations
{
    public static readonly Service Service = new(
        "EC2", "ec2", "2016-11-15", Protocol.Ec2, error => new AmazonEC2Exception(error));

    public static readonly Operation DescribeInstances =
        new Operation<DescribeInstancesRequest, DescribeInstancesResponse>(
            Service, nameof(DescribeInstances));

    public static readonly Operation DescribeVpcs = new Operation<DescribeVpcsRequest, DescribeVpcsResponse>(Service, nameof(DescribeVpcs));

    public static readonly Operation DescribeSubnets =
        new Operation<DescribeSubnetsRequest, DescribeSubnetsResponse>(
            Service, nameof(DescribeSubnets));

    public static readonly Operation DescribeSecurityGroups =
        new Operation<DescribeSecurityGroupsRequest, DescribeSecurityGroupsResponse>(
            Service, nameof(DescribeSecurityGroups));
}
