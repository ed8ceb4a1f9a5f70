using Amazon.Runtime;

namespace Amazon.AutoScaling.Model;

/// <summary>What every request of the Auto Scaling 2011-01-01 API derives from.</summary>
public class AmazonAutoScalingRequest : AmazonWebServiceRequest;
