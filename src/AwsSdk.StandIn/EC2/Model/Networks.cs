using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.EC2.Model;

/// <summary>The request of <c>DescribeVpcs</c> (EC2 2016-11-15).</summary>
public class DescribeVpcsRequest : AmazonEC2Request, IShape
{
    public List<Filter> Filters { get; set; }

    public List<string> VpcIds { get; set; }

    public string NextToken { get; set; }

    public int? MaxResults { get; set; }

    void IShape.Describe(Wire wire)
    {
        Filters = wire.List(Filters, "Filter");
        VpcIds = wire.Texts(VpcIds, "VpcId");
        NextToken = wire.Text(NextToken);
        MaxResults = wire.Number(MaxResults);
    }
}

/// <summary>The response of <c>DescribeVpcs</c> (EC2 2016-11-15).</summary>
public class DescribeVpcsResponse : AmazonWebServiceResponse, IShape
{
    public string NextToken { get; set; }

    public List<Vpc> Vpcs { get; set; }

    void IShape.Describe(Wire wire)
    {
        NextToken = wire.Text(NextToken);
        Vpcs = wire.List(Vpcs, "vpcSet");
    }
}

/// <summary><c>Vpc</c> of the EC2 2016-11-15 API.</summary>
public class Vpc : IShape
{
    public string VpcId { get; set; }

    public VpcState State { get; set; }

    public string CidrBlock { get; set; }

    public List<VpcCidrBlockAssociation> CidrBlockAssociationSet { get; set; }

    public bool? IsDefault { get; set; }

    public string OwnerId { get; set; }

    public List<Tag> Tags { get; set; }

    void IShape.Describe(Wire wire)
    {
        VpcId = wire.Text(VpcId);
        State = wire.Constant(State, Amazon.EC2.VpcState.FindValue);
        CidrBlock = wire.Text(CidrBlock);
        CidrBlockAssociationSet = wire.List(CidrBlockAssociationSet);
        IsDefault = wire.Flag(IsDefault);
        OwnerId = wire.Text(OwnerId);
        Tags = wire.List(Tags, "tagSet");
    }
}

/// <summary><c>VpcCidrBlockAssociation</c> of the EC2 2016-11-15 API.</summary>
public class VpcCidrBlockAssociation : IShape
{
    public string AssociationId { get; set; }

    public string CidrBlock { get; set; }

    public VpcCidrBlockState CidrBlockState { get; set; }

    void IShape.Describe(Wire wire)
    {
        AssociationId = wire.Text(AssociationId);
        CidrBlock = wire.Text(CidrBlock);
        CidrBlockState = wire.Structure(CidrBlockState);
    }
}

/// <summary><c>VpcCidrBlockState</c> of the EC2 2016-11-15 API.</summary>
public class VpcCidrBlockState : IShape
{
    public VpcCidrBlockStateCode State { get; set; }

    public string StatusMessage { get; set; }

    void IShape.Describe(Wire wire)
    {
        State = wire.Constant(State, Amazon.EC2.VpcCidrBlockStateCode.FindValue);
        StatusMessage = wire.Text(StatusMessage);
    }
}

/// <summary>The request of <c>DescribeSubnets</c> (EC2 2016-11-15).</summary>
public class DescribeSubnetsRequest : AmazonEC2Request, IShape
{
    public List<Filter> Filters { get; set; }

    public List<string> SubnetIds { get; set; }

    public string NextToken { get; set; }

    public int? MaxResults { get; set; }

    void IShape.Describe(Wire wire)
    {
        Filters = wire.List(Filters, "Filter");
        SubnetIds = wire.Texts(SubnetIds, "SubnetId");
        NextToken = wire.Text(NextToken);
        MaxResults = wire.Number(MaxResults);
    }
}

/// <summary>The response of <c>DescribeSubnets</c> (EC2 2016-11-15).</summary>
public class DescribeSubnetsResponse : AmazonWebServiceResponse, IShape
{
    public string NextToken { get; set; }

    public List<Subnet> Subnets { get; set; }

    void IShape.Describe(Wire wire)
    {
        NextToken = wire.Text(NextToken);
        Subnets = wire.List(Subnets, "subnetSet");
    }
}

/// <summary><c>Subnet</c> of the EC2 2016-11-15 API.</summary>
public class Subnet : IShape
{
    public string SubnetId { get; set; }

    public string VpcId { get; set; }

    public SubnetState State { get; set; }

    public string CidrBlock { get; set; }

    public string AvailabilityZone { get; set; }

    public bool? MapPublicIpOnLaunch { get; set; }

    public List<Tag> Tags { get; set; }

    void IShape.Describe(Wire wire)
    {
        SubnetId = wire.Text(SubnetId);
        VpcId = wire.Text(VpcId);
        State = wire.Constant(State, Amazon.EC2.SubnetState.FindValue);
        CidrBlock = wire.Text(CidrBlock);
        AvailabilityZone = wire.Text(AvailabilityZone);
        MapPublicIpOnLaunch = wire.Flag(MapPublicIpOnLaunch);
        Tags = wire.List(Tags, "tagSet");
    }
}
