using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling;

/// <summary>Any error of the Auto Scaling 2011-01-01 API; the more precise ones derive from it.</summary>
public class AmazonAutoScalingException : AmazonServiceException
{
    public AmazonAutoScalingException(string message)
        : base(message)
    {
    }

    internal AmazonAutoScalingException(ServiceError error)
        : base(error.Message, error.Inner, error.Type, error.Code, error.RequestId, error.Status)
    {
    }
}
