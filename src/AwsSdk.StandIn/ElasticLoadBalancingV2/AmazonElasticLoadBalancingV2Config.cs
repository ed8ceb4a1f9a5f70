using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Util.Internal;
using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancingV2;

/// <summary>Settings of a client of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class AmazonElasticLoadBalancingV2Config : ClientConfig
{
    private static readonly string Agent = InternalSDKUtils.BuildUserAgentString(Operations.Service.ServiceId, "4.0.0.0");

    public AmazonElasticLoadBalancingV2Config()
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
