using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Amazon;
using Amazon.CloudFormation;
using Amazon.EC2;
using Amazon.ElasticLoadBalancing;
using Amazon.Runtime;
using Amazon.Runtime.CredentialManagement;
using Amazon.Runtime.Credentials;
using DeisProxy.Core;

namespace DeisProxy.Aws;

/// <summary>The clients of the AWS services, with one set of credentials and one region.</summary>
public sealed partial class AwsClients : IDisposable
{
    /// <summary>Where the SDK takes endpoints from (AWS SDKs and Tools Reference Guide, service-specific endpoints).</summary>
    private static readonly string[] EndpointVariables =
    [
        "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING",
        "AWS_ENDPOINT_URL_STS",
    ];

    private static readonly string[] FileVariables = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

    private static readonly string[] ProfileVariables = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];

    private readonly SingleAttempt _once;

    private AwsClients(AWSCredentials credentials, RegionEndpoint region, AwsAccess access)
    {
        Region = region.SystemName;
        ElasticLoadBalancing = new AmazonElasticLoadBalancingClient(credentials, Configure(new AmazonElasticLoadBalancingConfig(), region, access));
        var single = Configure(new AmazonElasticLoadBalancingConfig(), region, access);
        single.MaxErrorRetry = 0;
        single.HttpClientFactory = _once = new SingleAttempt(access.CallTimeout);
        OnceOnly = new AmazonElasticLoadBalancingClient(credentials, single);
        CloudFormation = new AmazonCloudFormationClient(credentials, Configure(new AmazonCloudFormationConfig(), region, access));
        Ec2 = new AmazonEC2Client(credentials, Configure(new AmazonEC2Config(), region, access));
        if (access.Detail is { } detail)
        {
            foreach (var client in (AmazonServiceClient[])[ElasticLoadBalancing, OnceOnly, CloudFormation, Ec2])
            {
                Report(client, detail);
            }
        }
    }

    /// <summary>Region of all of them, such as <c>us-east-1</c>.</summary>
    public string Region { get; }

    internal AmazonElasticLoadBalancingClient ElasticLoadBalancing { get; }

    /// <summary>Does not repeat a call by itself: for those whose repetition would undo what came after them.</summary>
    internal AmazonElasticLoadBalancingClient OnceOnly { get; }

    internal AmazonCloudFormationClient CloudFormation { get; }

    internal AmazonEC2Client Ec2 { get; }

    /// <summary>
    /// Finds credentials and region in the places that the AWS CLI uses: the options, the environment (<c>AWS_DEFAULT_REGION</c>
    /// included, which the SDK alone does not read), profiles, SSO, roles, instance metadata. Nothing is called yet, but a
    /// profile may have to be exchanged for credentials later.
    /// </summary>
    public static AwsClients Create(AwsAccess access)
    {
        ArgumentNullException.ThrowIfNull(access);
        try
        {
            return CreateOf(access);
        }
        catch (Exception error) when (
            error is AmazonClientException or InvalidDataException or IOException or UnauthorizedAccessException or ArgumentException
                or FormatException
                or TypeInitializationException)
        {
            // What the SDK throws at what it cannot read, some of it while it prepares itself.
            throw new DeisProxyException(
                "aws-configuration-unreadable",
                $"Could not read the configuration of AWS credentials: {RemoteText.Clean(error.GetBaseException().Message)}",
                $"Check the variables AWS_*, ~/.aws/config and ~/.aws/credentials.{NamedFiles()}",
                error);
        }
    }

    /// <summary>The files that the environment names, for the end of a remedy: what people forget that they have set.</summary>
    internal static string NamedFiles() => string.Concat(FileVariables.Select(name => Environment(name) is { } file
        ? $" {name} names {RemoteText.Clean(file, 200)}{(File.Exists(file) ? "" : ", which is not there")}."
        : ""));

    private static AwsClients CreateOf(AwsAccess access)
    {
        var profiles = new CredentialProfileStoreChain();
        var region = access.Region ?? Environment("AWS_REGION") ?? Environment("AWS_DEFAULT_REGION")
            ?? RegionOf(profiles, access.Profile ?? ProfileVariables.Select(Environment).FirstOrDefault(name => name is not null) ?? "default")
            ?? FallbackRegionFactory.GetRegionEndpoint(includeInstanceMetadata: true)?.SystemName
            ?? throw new DeisProxyException(
                "region-missing", "No AWS region is given.", "Name it with --region, or set AWS_REGION, or give the profile a region.");
        if (!IsRegionName(region))
        {
            // It becomes a part of the host names that credentials are sent to.
            throw new DeisProxyException(
                "region-malformed",
                $"\"{RemoteText.Clean(region, 80)}\" is not an AWS region; regions look like us-east-1.",
                "Check AWS_REGION, AWS_DEFAULT_REGION and the profile, or name the region with --region.");
        }

        var credentials = access.Endpoint is null ? Credentials(profiles, access.Profile) : new BasicAWSCredentials("sandbox", "sandbox");
        return new AwsClients(credentials, RegionEndpoint.GetBySystemName(region), access);
    }

    /// <summary>An environment variable that names an endpoint of AWS but holds no http or https address; null: there is none.</summary>
    public static string? MalformedEndpointVariable() => EndpointVariables.FirstOrDefault(name => Environment(name) is { } text
        && !(Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0));

    /// <summary>Whether a text has the form of a region, such as <c>eu-central-1</c> or <c>us-gov-west-1</c>.</summary>
    public static bool IsRegionName(string text) => RegionName().IsMatch(text);

    /// <inheritdoc/>
    public void Dispose()
    {
        ElasticLoadBalancing.Dispose();
        OnceOnly.Dispose();
        _once.Dispose();
        CloudFormation.Dispose();
        Ec2.Dispose();
    }

    /// <summary>Tells of each call, repetitions included in its time.</summary>
    private static void Report(AmazonServiceClient client, Action<string> detail)
    {
        var begun = new ConcurrentDictionary<AmazonWebServiceRequest, long>(ReferenceEqualityComparer.Instance);
        client.BeforeRequestEvent += (_, call) => begun[((WebServiceRequestEventArgs)call).Request] = Stopwatch.GetTimestamp();
        client.AfterResponseEvent += (_, call) => Tell(((WebServiceResponseEventArgs)call).Request, "");
        client.ExceptionEvent += (_, call) =>
            Tell(((WebServiceExceptionEventArgs)call).Request, $", {((WebServiceExceptionEventArgs)call).Exception.GetType().Name}");

        void Tell(AmazonWebServiceRequest request, string outcome)
        {
            if (begun.TryRemove(request, out var since))
            {
                detail($"AWS {request.GetType().Name.Replace("Request", "", StringComparison.Ordinal)}: "
                    + $"{Stopwatch.GetElapsedTime(since).TotalMilliseconds:F0} ms{outcome}");
            }
        }
    }

    private static T Configure<T>(T config, RegionEndpoint region, AwsAccess access)
        where T : ClientConfig
    {
        config.RegionEndpoint = region;
        config.AuthenticationRegion = region.SystemName;
        config.RetryMode = RequestRetryMode.Standard;
        config.MaxErrorRetry = access.Repetitions;
        config.Timeout = access.CallTimeout;
        if (access.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
        }

        return config;
    }

    private static AWSCredentials Credentials(CredentialProfileStoreChain profiles, string? profile)
    {
        if (profile is null && ProfileVariables.FirstOrDefault(name => Environment(name) is not null) is { } variable
            && Environment("AWS_ACCESS_KEY_ID") is null && !profiles.TryGetProfile(Environment(variable), out _))
        {
            // The SDK would go on to an instance's role: somebody else's account, perhaps.
            throw NoProfile($"{variable} names the profile \"{RemoteText.Clean(Environment(variable), 80)}\", which does not exist.");
        }

        try
        {
            return profile is null
                ? DefaultAWSCredentialsIdentityResolver.GetCredentials()
                : profiles.TryGetAWSCredentials(profile, out var credentials)
                    ? credentials
                    : throw NoProfile($"Could not use the AWS profile \"{profile}\".");
        }
        catch (AmazonClientException error)
        {
            throw new DeisProxyException(
                "credentials-missing",
                "No AWS credentials were found.",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile (aws configure makes one), or run on an instance "
                    + $"with a role.{NamedFiles()}",
                error);
        }
    }

    private static DeisProxyException NoProfile(string message) => new(
        "profile-not-found",
        message,
        $"List the profiles with aws configure list-profiles; for an SSO profile, run aws sso login first.{NamedFiles()}");

    private static string? RegionOf(CredentialProfileStoreChain profiles, string profile) =>
        profiles.TryGetProfile(profile, out var found) ? found.Region?.SystemName : null;

    private static string? Environment(string name) =>
        System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    [GeneratedRegex(
        @"^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex RegionName();
}

/// <summary>How to get at AWS.</summary>
public sealed record AwsAccess
{
    /// <summary>Region; null for the chain's.</summary>
    public string? Region { get; init; }

    /// <summary>Profile; null for the chain's.</summary>
    public string? Profile { get; init; }

    /// <summary>How long a single attempt of a call may take.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Is told each call with its time.</summary>
    public Action<string>? Detail { get; init; }

    /// <summary>How often the SDK repeats a call that may succeed then.</summary>
    public int Repetitions { get; init; } = 3;

    /// <summary>A sandbox that stands for all services; it is called with made-up credentials, never with the person's. Null: AWS.</summary>
    public Uri? Endpoint { get; init; }
}
