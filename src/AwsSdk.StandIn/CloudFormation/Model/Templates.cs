using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation.Model;

/// <summary>The request of <c>GetTemplate</c> (CloudFormation 2010-05-15).</summary>
public class GetTemplateRequest : AmazonCloudFormationRequest, IShape
{
    public string StackName { get; set; }

    public TemplateStage TemplateStage { get; set; }

    void IShape.Describe(Wire wire)
    {
        StackName = wire.Text(StackName);
        TemplateStage = wire.Constant(TemplateStage, Amazon.CloudFormation.TemplateStage.FindValue);
    }
}

/// <summary>The response of <c>GetTemplate</c> (CloudFormation 2010-05-15).</summary>
public class GetTemplateResponse : AmazonWebServiceResponse, IShape
{
    public string TemplateBody { get; set; }

    void IShape.Describe(Wire wire)
    {
        TemplateBody = wire.Text(TemplateBody);
    }
}
