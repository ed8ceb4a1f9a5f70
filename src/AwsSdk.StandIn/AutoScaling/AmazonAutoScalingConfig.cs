using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Util.Internal;
using AwsSdk.StandIn;

namespace Amazon.AutoScaling;

/// <summary>Settings of a client of the Auto Scaling 2011-01-01 API.</summary>
public class AmazonAutoScalingConfig : ClientConfig
{
    private static readonly string Agent = InternalSDKUtils.BuildUserAgentString(Operations.Service.ServiceId, "4.0.0.0");

    public AmazonAutoScalingConfig()
        : base(Defaults.Provider())
    {
        base.ServiceId = Operations.Service.ServiceId;
        AuthenticationServiceName = Operations.Service.SigningName;
    }

    public static new string ServiceId => Operations.Service.ServiceId;

    public override string RegionEndpointServiceName => Operations.Service.SigningName;

    public override string ServiceVersion => Operations.Service.Version;

    public override string UserAgent => Agent;

    public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return Operations.Service.Endpoint(this, parameters.AlternateEndpoint);
    }
}
