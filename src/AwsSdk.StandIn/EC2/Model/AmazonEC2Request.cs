using Amazon.Runtime;

namespace Amazon.EC2.Model;

/// <summary>What every request of the EC2 2016-11-15 API derives from.</summary>
public class AmazonEC2Request : AmazonWebServiceRequest;
