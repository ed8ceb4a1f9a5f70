using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.EC2.Model;

/// <summary>The request of <c>DescribeSecurityGroups</c> (EC2 2016-11-15).</summary>
public class DescribeSecurityGroupsRequest : AmazonEC2Request, IShape
{
    public List<string> GroupIds { get; set; }

    public List<string> GroupNames { get; set; }

    public string NextToken { get; set; }

    public int? MaxResults { get; set; }

    public List<Filter> Filters { get; set; }

    void IShape.Describe(Wire wire)
    {
        GroupIds = wire.Texts(GroupIds, "GroupId");
        GroupNames = wire.Texts(GroupNames, "GroupName");
        NextToken = wire.Text(NextToken);
        MaxResults = wire.Number(MaxResults);
        Filters = wire.List(Filters, "Filter");
    }
}

/// <summary>The response of <c>DescribeSecurityGroups</c> (EC2 2016-11-15).</summary>
public class DescribeSecurityGroupsResponse : AmazonWebServiceResponse, IShape
{
    public string NextToken { get; set; }

    public List<SecurityGroup> SecurityGroups { get; set; }

    void IShape.Describe(Wire wire)
    {
        NextToken = wire.Text(NextToken);
        SecurityGroups = wire.List(SecurityGroups, "securityGroupInfo");
    }
}

/// <summary><c>SecurityGroup</c> of the EC2 2016-11-15 API.</summary>
public class SecurityGroup : IShape
{
    public string GroupId { get; set; }

    public List<IpPermission> IpPermissionsEgress { get; set; }

    public List<Tag> Tags { get; set; }

    public string VpcId { get; set; }

    public string SecurityGroupArn { get; set; }

    public string OwnerId { get; set; }

    public string GroupName { get; set; }

    public string Description { get; set; }

    public List<IpPermission> IpPermissions { get; set; }

    void IShape.Describe(Wire wire)
    {
        GroupId = wire.Text(GroupId);
        IpPermissionsEgress = wire.List(IpPermissionsEgress);
        Tags = wire.List(Tags, "tagSet");
        VpcId = wire.Text(VpcId);
        SecurityGroupArn = wire.Text(SecurityGroupArn);
        OwnerId = wire.Text(OwnerId);
        GroupName = wire.Text(GroupName);
        Description = wire.Text(Description, "groupDescription");
        IpPermissions = wire.List(IpPermissions);
    }
}

/// <summary><c>IpPermission</c> of the EC2 2016-11-15 API.</summary>
public class IpPermission : IShape
{
    public string IpProtocol { get; set; }

    public int? FromPort { get; set; }

    public int? ToPort { get; set; }

    public List<UserIdGroupPair> UserIdGroupPairs { get; set; }

    public List<IpRange> Ipv4Ranges { get; set; }

    public List<Ipv6Range> Ipv6Ranges { get; set; }

    public List<PrefixListId> PrefixListIds { get; set; }

    void IShape.Describe(Wire wire)
    {
        IpProtocol = wire.Text(IpProtocol);
        FromPort = wire.Number(FromPort);
        ToPort = wire.Number(ToPort);
        UserIdGroupPairs = wire.List(UserIdGroupPairs, "groups");
        Ipv4Ranges = wire.List(Ipv4Ranges, "ipRanges");
        Ipv6Ranges = wire.List(Ipv6Ranges);
        PrefixListIds = wire.List(PrefixListIds);
    }
}

/// <summary><c>UserIdGroupPair</c> of the EC2 2016-11-15 API.</summary>
public class UserIdGroupPair : IShape
{
    public string Description { get; set; }

    public string UserId { get; set; }

    public string GroupName { get; set; }

    public string GroupId { get; set; }

    public string VpcId { get; set; }

    void IShape.Describe(Wire wire)
    {
        Description = wire.Text(Description);
        UserId = wire.Text(UserId);
        GroupName = wire.Text(GroupName);
        GroupId = wire.Text(GroupId);
        VpcId = wire.Text(VpcId);
    }
}

/// <summary><c>IpRange</c> of the EC2 2016-11-15 API.</summary>
public class IpRange : IShape
{
    public string Description { get; set; }

    public string CidrIp { get; set; }

    void IShape.Describe(Wire wire)
    {
        Description = wire.Text(Description);
        CidrIp = wire.Text(CidrIp);
    }
}

/// <summary><c>Ipv6Range</c> of the EC2 2016-11-15 API.</summary>
public class Ipv6Range : IShape
{
    public string Description { get; set; }

    public string CidrIpv6 { get; set; }

    void IShape.Describe(Wire wire)
    {
        Description = wire.Text(Description);
        CidrIpv6 = wire.Text(CidrIpv6);
    }
}

/// <summary><c>PrefixListId</c> of the EC2 2016-11-15 API.</summary>
public class PrefixListId : IShape
{
    public string Description { get; set; }

    public string Id { get; set; }

    void IShape.Describe(Wire wire)
    {
        Description = wire.Text(Description);
        Id = wire.Text(Id, "prefixListId");
    }
}
