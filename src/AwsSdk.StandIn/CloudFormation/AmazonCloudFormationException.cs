using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation;

/// <summary>Any error of the CloudFormation 2010-05-15 API; the more precise ones derive from it.</summary>
public class AmazonCloudFormationException : AmazonServiceException
{
    public AmazonCloudFormationException(string message)
        : base(message)
    {
    }

    internal AmazonCloudFormationException(ServiceError error)
        : base(error.Message, error.Inner, error.Type, error.Code, error.RequestId, error.Status)
    {
    }
}
