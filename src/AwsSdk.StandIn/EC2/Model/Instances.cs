using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.EC2.Model;

/// <summary>The request of <c>DescribeInstances</c> (EC2 2016-11-15).</summary>
public class DescribeInstancesRequest : AmazonEC2Request, IShape
{
    public List<string> InstanceIds { get; set; }

    public List<Filter> Filters { get; set; }

    public string NextToken { get; set; }

    public int? MaxResults { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceIds = wire.Texts(InstanceIds, "InstanceId");
        Filters = wire.List(Filters, "Filter");
        NextToken = wire.Text(NextToken);
        MaxResults = wire.Number(MaxResults);
    }
}

/// <summary>The response of <c>DescribeInstances</c> (EC2 2016-11-15).</summary>
public class DescribeInstancesResponse : AmazonWebServiceResponse, IShape
{
    public string NextToken { get; set; }

    public List<Reservation> Reservations { get; set; }

    void IShape.Describe(Wire wire)
    {
        NextToken = wire.Text(NextToken);
        Reservations = wire.List(Reservations, "reservationSet");
    }
}

/// <summary><c>Reservation</c> of the EC2 2016-11-15 API.</summary>
public class Reservation : IShape
{
    public string ReservationId { get; set; }

    public string OwnerId { get; set; }

    public List<Instance> Instances { get; set; }

    void IShape.Describe(Wire wire)
    {
        ReservationId = wire.Text(ReservationId);
        OwnerId = wire.Text(OwnerId);
        Instances = wire.List(Instances, "instancesSet");
    }
}

/// <summary><c>Instance</c> of the EC2 2016-11-15 API.</summary>
public class Instance : IShape
{
    public string InstanceId { get; set; }

    public string ImageId { get; set; }

    public InstanceState State { get; set; }

    public string PrivateDnsName { get; set; }

    public string PublicDnsName { get; set; }

    public string KeyName { get; set; }

    public DateTime? LaunchTime { get; set; }

    public string SubnetId { get; set; }

    public string VpcId { get; set; }

    public string PrivateIpAddress { get; set; }

    public string PublicIpAddress { get; set; }

    public List<GroupIdentifier> SecurityGroups { get; set; }

    public List<Tag> Tags { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceId = wire.Text(InstanceId);
        ImageId = wire.Text(ImageId);
        State = wire.Structure(State, "instanceState");
        PrivateDnsName = wire.Text(PrivateDnsName);
        PublicDnsName = wire.Text(PublicDnsName, "dnsName");
        KeyName = wire.Text(KeyName);
        LaunchTime = wire.Time(LaunchTime);
        SubnetId = wire.Text(SubnetId);
        VpcId = wire.Text(VpcId);
        PrivateIpAddress = wire.Text(PrivateIpAddress);
        PublicIpAddress = wire.Text(PublicIpAddress, "ipAddress");
        SecurityGroups = wire.List(SecurityGroups, "groupSet");
        Tags = wire.List(Tags, "tagSet");
    }
}

/// <summary><c>InstanceState</c> of the EC2 2016-11-15 API.</summary>
public class InstanceState : IShape
{
    public int? Code { get; set; }

    public InstanceStateName Name { get; set; }

    void IShape.Describe(Wire wire)
    {
        Code = wire.Number(Code);
        Name = wire.Constant(Name, Amazon.EC2.InstanceStateName.FindValue);
    }
}

/// <summary><c>GroupIdentifier</c> of the EC2 2016-11-15 API.</summary>
public class GroupIdentifier : IShape
{
    public string GroupId { get; set; }

    public string GroupName { get; set; }

    void IShape.Describe(Wire wire)
    {
        GroupId = wire.Text(GroupId);
        GroupName = wire.Text(GroupName);
    }
}
