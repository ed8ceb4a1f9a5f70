using Amazon;
using Amazon.CloudFormation;
using Amazon.ElasticLoadBalancing;
using Amazon.Runtime;
using Amazon.Runtime.Endpoints;

namespace AwsSdk.StandIn.Tests;

public sealed class EndpointTests
{
    /// <summary>Asks botocore, which runs the services' published rule sets.</summary>
    private const string Oracle = """
        import botocore.session, itertools
        from botocore.config import Config
        session = botocore.session.Session(profile=None)
        session.set_credentials('a', 'b')
        for service, region, fips, dual in itertools.product(
                ['elb', 'cloudformation'],
                ['us-east-1', 'eu-west-1', 'cn-north-1', 'us-gov-west-1', 'ap-southeast-2'], [False, True], [False, True]):
            config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual, ignore_configured_endpoint_urls=True)
            client = session.create_client(service, region_name=region, config=config)
            parameters = dict(Region=region, UseFIPS=fips, UseDualStack=dual)
            url = client._ruleset_resolver._provider.resolve_endpoint(**parameters).url
            print(service, region, fips, dual, url)
        """;

    [Fact]
    public void Hosts_are_those_of_the_published_rules()
    {
        string[] expected = Botocore.Python(Oracle).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        expected.Length.ShouldBe(40);
        expected.ShouldAllBe(line => string.Equals(line, Ours(line), StringComparison.Ordinal));
    }

    [Fact]
    public void A_configured_url_is_taken_as_it_is()
    {
        AmazonElasticLoadBalancingConfig config = new() { ServiceURL = "http://127.0.0.1:5000/prefix", AuthenticationRegion = "eu-west-1" };

        config.DetermineServiceOperationEndpoint(
            new ServiceOperationEndpointParameters(new Amazon.ElasticLoadBalancing.Model.DescribeLoadBalancersRequest()))
            .URL.ShouldBe("http://127.0.0.1:5000/prefix/");
    }

    [Fact]
    public void A_configuration_names_its_service()
    {
        AmazonCloudFormationConfig config = new() { RegionEndpoint = RegionEndpoint.EUWest1 };

        config.AuthenticationServiceName.ShouldBe("cloudformation");
        config.ServiceVersion.ShouldBe("2010-05-15");
        config.RetryMode.ShouldBe(RequestRetryMode.Standard);
        config.UserAgent.ShouldContain("CloudFormation");
    }

    private static string Ours(string line)
    {
        string[] words = line.Split(' ');
        ClientConfig config = words[0] switch
        {
            "elb" => new AmazonElasticLoadBalancingConfig(),
            _ => new AmazonCloudFormationConfig(),
        };
        config.IgnoreConfiguredEndpointUrls = true;
        config.RegionEndpoint = RegionEndpoint.GetBySystemName(words[1]);
        config.UseFIPSEndpoint = bool.Parse(words[2]);
        config.UseDualstackEndpoint = bool.Parse(words[3]);
        string url = config.DetermineServiceOperationEndpoint(new ServiceOperationEndpointParameters(null!)).URL;
        return string.Join(' ', [.. words[..4], url.TrimEnd('/')]);
    }
}
