using Amazon.Runtime;
using AwsSdk.StandIn;

namespace Amazon.EC2;

/// <summary>Any error of the EC2 2016-11-15 API; the more precise ones derive from it.</summary>
public class AmazonEC2Exception : AmazonServiceException
{
    public AmazonEC2Exception(string message)
        : base(message)
    {
    }

    internal AmazonEC2Exception(ServiceError error)
        : base(error.Message, error.Inner, error.Type, error.Code, error.RequestId, error.Status)
    {
    }
}
