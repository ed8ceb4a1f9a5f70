using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Util.Internal;
using AwsSdk.StandIn;

namespace Amazon.CloudFormation;

/// <summary>Settings of a client of the CloudFormation 2010-05-15 API.</summary>
public class AmazonCloudFormationConfig : ClientConfig
{
    private static readonly string Agent = InternalSDKUtils.BuildUserAgentString(CloudFormationOperations.Service.ServiceId, "4.0.0.0");

    public AmazonCloudFormationConfig()
        : base(Defaults.Provider())
    {
        base.ServiceId = CloudFormationOperations.Service.ServiceId;
        AuthenticationServiceName = CloudFormationOperations.Service.SigningName;
    }

    public static new string ServiceId => CloudFormationOperations.Service.ServiceId;

    public override string RegionEndpointServiceName => CloudFormationOperations.Service.SigningName;

    public override string ServiceVersion => CloudFormationOperations.Service.Version;

    public override string UserAgent => Agent;

    public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return CloudFormationOperations.Service.Endpoint(this, parameters.AlternateEndpoint);
    }
}
