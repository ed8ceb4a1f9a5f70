using AwsSdk.StandIn;

namespace Amazon.AutoScaling.Model;

/// <summary>Error code <c>InvalidNextToken</c> of the Auto Scaling 2011-01-01 API.</summary>
public class InvalidNextTokenException : AmazonAutoScalingException
{
    public InvalidNextTokenException(string message)
        : base(message)
    {
    }

    internal InvalidNextTokenException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>ResourceContention</c> of the Auto Scaling 2011-01-01 API.</summary>
public class ResourceContentionException : AmazonAutoScalingException
{
    public ResourceContentionException(string message)
        : base(message)
    {
    }

    internal ResourceContentionException(ServiceError error)
        : base(error)
    {
    }
}

/// <summary>Error code <c>ResourceInUse</c> of the Auto Scaling 2011-01-01 API.</summary>
public class ResourceInUseException : AmazonAutoScalingException
{
    public ResourceInUseException(string message)
        : base(message)
    {
    }

    internal ResourceInUseException(ServiceError error)
        : base(error)
    {
    }
}
