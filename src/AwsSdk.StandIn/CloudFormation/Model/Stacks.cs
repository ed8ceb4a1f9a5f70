using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation.Model;

/// <summary>The request of <c>DescribeStacks</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStacksRequest : AmazonCloudFormationRequest, IShape
{
    public string StackName { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
    }
}

/// <summary>The response of <c>DescribeStacks</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStacksResponse : AmazonWebServiceResponse, IShape
{
    public List<Stack> Stacks { get; set; }

    void IShape.Describe(Wire wire)
    {
        Stacks = wire.List(Stacks);
    }
}

/// <summary><c>Stack</c> of the CloudFormation 2010-05-15 API.</summary>
public class Stack : IShape
{
    public string StackId { get; set; }

    public string StackName { get; set; }

    public List<Parameter> Parameters { get; set; }

    public StackStatus StackStatus { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackId = wire.Text(StackId);
        StackName = wire.Text(StackName);
        Parameters = wire.List(Parameters);
        StackStatus = wire.Constant(StackStatus, Amazon.CloudFormation.StackStatus.FindValue);
    }
}

/// <summary><c>Parameter</c> of the CloudFormation 2010-05-15 API.</summary>
public class Parameter : IShape
{
    public string ParameterKey { get; set; }

    public string ParameterValue { get; set; }

    public string ResolvedValue { get; set; }

    void IShape.Describe(Wire wire)
    {
        ParameterKey = wire.Text(ParameterKey);
        ParameterValue = wire.Text(ParameterValue);
        ResolvedValue = wire.Text(ResolvedValue);
    }
}
