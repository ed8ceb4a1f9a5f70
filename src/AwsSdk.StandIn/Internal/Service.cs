using System.Net;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Endpoints.StandardLibrary;

namespace AwsSdk.StandIn;

/// <summary>An error document, with the HTTP status that it came with.</summary>
internal sealed record ServiceError(string Message, Exception? Inner, ErrorType Type, string Code, string RequestId, HttpStatusCode Status);

/// <summary>A code that an operation declares, and the exception that stands for it.</summary>
internal sealed record DeclaredError(string Code, Func<ServiceError, AmazonServiceException> Make);

/// <summary>What the pipeline has to know about a service.</summary>
/// <param name="ServiceId">The id that configured endpoints go by (<c>AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING</c>).</param>
/// <param name="Version">The API version.</param>
internal sealed record Service(
    string ServiceId, string SigningName, string Version, Func<ServiceError, AmazonServiceException> UnknownError)
    : IServiceMetadata
{
    public IDictionary<string, string> OperationNameMapping { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>
    /// The rules that these services share (their published endpoint rule sets): a configured URL, else
    /// <c>https://{service}[-fips].{region}.{suffix of the partition}</c>; GovCloud's ordinary hosts are its FIPS hosts.
    /// </summary>
    public Endpoint Endpoint(ClientConfig config, RegionEndpoint? alternative)
    {
        if (config.ServiceURL is { Length: > 0 } url)
        {
            // The signature covers the path, and an empty one is sent as "/".
            return new Endpoint(url.EndsWith('/') ? url : url + "/");
        }

        string region = (alternative ?? config.RegionEndpoint)?.SystemName
            ?? throw new AmazonClientException("No RegionEndpoint or ServiceURL configured");
        Partition partition = Fn.Partition(region);
        bool govCloud = string.Equals(partition.name, "aws-us-gov", StringComparison.Ordinal);
        bool separateFipsHost = config.UseFIPSEndpoint && (config.UseDualstackEndpoint || !govCloud);
        string suffix = config.UseDualstackEndpoint ? partition.dualStackDnsSuffix : partition.dnsSuffix;
        return new Endpoint($"https://{SigningName}{(separateFipsHost ? "-fips" : "")}.{region}.{suffix}/");
    }
}
