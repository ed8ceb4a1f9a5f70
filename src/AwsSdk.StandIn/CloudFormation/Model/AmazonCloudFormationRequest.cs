using Amazon.Runtime;

namespace Amazon.CloudFormation.Model;

/// <summary>What every request of the CloudFormation 2010-05-15 API derives from.</summary>
public class AmazonCloudFormationRequest : AmazonWebServiceRequest;
