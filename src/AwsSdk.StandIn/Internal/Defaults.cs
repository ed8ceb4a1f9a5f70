using Amazon.Runtime;
using Amazon.Runtime.Internal;

namespace AwsSdk.StandIn;

/// <summary>The SDK's default configuration modes; the same for every service.</summary>
internal static class Defaults
{
    public static DefaultConfigurationProvider Provider() => new(
        [
            Mode(DefaultConfigurationMode.Standard, 3_100),
            Mode(DefaultConfigurationMode.InRegion, 1_100),
            Mode(DefaultConfigurationMode.CrossRegion, 3_100),
            Mode(DefaultConfigurationMode.Mobile, 30_000),
            Mode(DefaultConfigurationMode.Auto, 1_100),
        ]);

    private static DefaultConfiguration Mode(DefaultConfigurationMode name, int milliseconds) => new()
    {
        Name = name,
        RetryMode = RequestRetryMode.Standard,
        S3UsEast1RegionalEndpoint = S3UsEast1RegionalEndpointValue.Regional,
        ConnectTimeout = TimeSpan.FromMilliseconds(milliseconds),
        TlsNegotiationTimeout = TimeSpan.FromMilliseconds(milliseconds),
    };
}
