using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation.Model;

/// <summary>The request of <c>DescribeStacks</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStacksRequest : AmazonCloudFormationRequest, IShape
{
    public string StackName { get; set; }

    public string NextToken { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
        NextToken = wire.Text(NextToken);
    }
}

/// <summary>The response of <c>DescribeStacks</c> (CloudFormation 2010-05-15).</summary>
public class DescribeStacksResponse : AmazonWebServiceResponse, IShape
{
    public List<Stack> Stacks { get; set; }

    public string NextToken { get; set; }

    void IShape.Describe(Wire wire)
    {
        Stacks = wire.List(Stacks);
        NextToken = wire.Text(NextToken);
    }
}

/// <summary><c>Stack</c> of the CloudFormation 2010-05-15 API.</summary>
public class Stack : IShape
{
    public string StackId { get; set; }

    public string StackName { get; set; }

    public string Description { get; set; }

    public List<Parameter> Parameters { get; set; }

    public DateTime? CreationTime { get; set; }

    public DateTime? DeletionTime { get; set; }

    public DateTime? LastUpdatedTime { get; set; }

    public StackStatus StackStatus { get; set; }

    public string StackStatusReason { get; set; }

    public bool? DisableRollback { get; set; }

    public List<string> NotificationARNs { get; set; }

    public int? TimeoutInMinutes { get; set; }

    public List<string> Capabilities { get; set; }

    public List<Output> Outputs { get; set; }

    public string RoleARN { get; set; }

    public List<Tag> Tags { get; set; }

    public bool? EnableTerminationProtection { get; set; }

    public string ParentId { get; set; }

    public string RootId { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackId = wire.Text(StackId);
        StackName = wire.Text(StackName);
        Description = wire.Text(Description);
        Parameters = wire.List(Parameters);
        CreationTime = wire.Time(CreationTime);
        DeletionTime = wire.Time(DeletionTime);
        LastUpdatedTime = wire.Time(LastUpdatedTime);
        StackStatus = wire.Constant(StackStatus, Amazon.CloudFormation.StackStatus.FindValue);
        StackStatusReason = wire.Text(StackStatusReason);
        DisableRollback = wire.Flag(DisableRollback);
        NotificationARNs = wire.Texts(NotificationARNs);
        TimeoutInMinutes = wire.Number(TimeoutInMinutes);
        Capabilities = wire.Texts(Capabilities);
        Outputs = wire.List(Outputs);
        RoleARN = wire.Text(RoleARN);
        Tags = wire.List(Tags);
        EnableTerminationProtection = wire.Flag(EnableTerminationProtection);
        ParentId = wire.Text(ParentId);
        RootId = wire.Text(RootId);
    }
}

/// <summary><c>Parameter</c> of the CloudFormation 2010-05-15 API.</summary>
public class Parameter : IShape
{
    public string ParameterKey { get; set; }

    public string ParameterValue { get; set; }

    public bool? UsePreviousValue { get; set; }

    public string ResolvedValue { get; set; }

    void IShape.Describe(Wire wire)
    {
        ParameterKey = wire.Text(ParameterKey);
        ParameterValue = wire.Text(ParameterValue);
        UsePreviousValue = wire.Flag(UsePreviousValue);
        ResolvedValue = wire.Text(ResolvedValue);
    }
}

/// <summary><c>Output</c> of the CloudFormation 2010-05-15 API.</summary>
public class Output : IShape
{
    public string OutputKey { get; set; }

    public string OutputValue { get; set; }

    public string Description { get; set; }

    public string ExportName { get; set; }

    void IShape.Describe(Wire wire)
    {
        OutputKey = wire.Text(OutputKey);
        OutputValue = wire.Text(OutputValue);
        Description = wire.Text(Description);
        ExportName = wire.Text(ExportName);
    }
}

/// <summary><c>Tag</c> of the CloudFormation 2010-05-15 API.</summary>
public class Tag : IShape
{
    public string Key { get; set; }

    public string Value { get; set; }

    void IShape.Describe(Wire wire)
    {
        Key = wire.Text(Key);
        Value = wire.Text(Value);
    }
}
