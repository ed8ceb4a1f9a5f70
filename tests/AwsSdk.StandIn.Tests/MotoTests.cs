using System.Diagnostics;
using Amazon.CloudFormation;
using Amazon.CloudFormation.Model;
using Amazon.ElasticLoadBalancing;
using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;
using DeisProxy.MissingParts;

namespace AwsSdk.StandIn.Tests;

/// <summary>Someone else's idea of the services: moto's server, on a free loopback port, for as long as the tests run.</summary>
public sealed class MotoServer : IAsyncLifetime
{
    private readonly int _port = LoopbackService.FreePort();
    private Process? _process;

    public string Url => $"http://127.0.0.1:{_port}";

    public async Task InitializeAsync()
    {
        ProcessStartInfo start = new("moto_server")
        {
            ArgumentList = { "-H", "127.0.0.1", "-p", $"{_port}" },
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        _process = MissingPartException.Start(start, "python3 -m pip install 'moto[server]'");
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        using HttpClient http = new();
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        while (!await AnswersAsync(http, limit.Token))
        {
            _process.HasExited.ShouldBeFalse("moto_server ended");
            await Task.Delay(100, limit.Token);
        }
    }

    public async Task DisposeAsync()
    {
        if (_process is null)
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task<bool> AnswersAsync(HttpClient http, CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage response = await http.GetAsync(Url + "/moto-api/", cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

public sealed class MotoTests(MotoServer moto) : IClassFixture<MotoServer>
{
    private const string Template = """
        {"Resources": {
          "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.21.0.0/16", "Tags": [{"Key": "Name", "Value": "deis-vpc"}]}},
          "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.21.1.0/24"}},
          "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"GroupDescription": "nodes", "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": "80", "ToPort": "80", "CidrIp": "0.0.0.0/0"}]}},
          "DeisWebELB": {"Type": "AWS::ElasticLoadBalancing::LoadBalancer", "Properties": {"LoadBalancerName": "deis-web",
            "AvailabilityZones": ["eu-west-1a"],
            "Listeners": [{"Protocol": "HTTP", "LoadBalancerPort": "80", "InstancePort": "80", "InstanceProtocol": "HTTP"}]}}
        }}
        """;

    [Fact]
    public async Task Reads_and_changes_a_stacks_load_balancer()
    {
        using AmazonCloudFormationClient cloudFormation = new(LoopbackService.Credentials, Configured(new AmazonCloudFormationConfig()));
        using AmazonElasticLoadBalancingClient elb = new(LoopbackService.Credentials, Configured(new AmazonElasticLoadBalancingConfig()));
        await CreateStackAsync();

        Stack stack = (await cloudFormation.DescribeStacksAsync(new() { StackName = "deis" })).Stacks!.ShouldHaveSingleItem();
        List<StackResourceSummary> resources = (await cloudFormation.ListStackResourcesAsync(new() { StackName = "deis" })).StackResourceSummaries!;
        string balancer = resources.Single(resource => resource.LogicalResourceId is "DeisWebELB").PhysicalResourceId!;

        stack.StackStatus.Value.ShouldBe("CREATE_COMPLETE");
        resources.Count.ShouldBe(4);
        (await cloudFormation.GetTemplateAsync(new() { StackName = "deis" })).TemplateBody!.ShouldContain("DeisWebELB");

        balancer.ShouldBe("deis-web");
        await SwitchAsync(elb);
        LoadBalancerDescription after = (await elb.DescribeLoadBalancersAsync(new() { LoadBalancerNames = [balancer] })).LoadBalancerDescriptions!
            .Single();
        after.ListenerDescriptions!.Single().Listener.ShouldBeEquivalentTo(
            new Listener { Protocol = "TCP", LoadBalancerPort = 80, InstanceProtocol = "TCP", InstancePort = 80 });
        after.BackendServerDescriptions!.Single(backend => backend.InstancePort == 80).PolicyNames.ShouldBe(["EnableProxyProtocol"]);
        after.HealthCheck!.Target.ShouldBe("TCP:80");
        (await elb.DescribeLoadBalancerAttributesAsync(new() { LoadBalancerName = balancer })).LoadBalancerAttributes!.ConnectionSettings!.IdleTimeout
            .ShouldBe(1200);
        (await elb.DescribeLoadBalancerPoliciesAsync(new() { LoadBalancerName = balancer })).PolicyDescriptions!.Single().PolicyTypeName
            .ShouldBe("ProxyProtocolPolicyType");
        (await elb.DescribeInstanceHealthAsync(new() { LoadBalancerName = balancer })).InstanceStates.ShouldBeNull();
    }

    [Fact]
    public async Task Errors_arrive_as_the_official_exceptions()
    {
        using AmazonCloudFormationClient cloudFormation = new(LoopbackService.Credentials, Configured(new AmazonCloudFormationConfig()));
        using AmazonElasticLoadBalancingClient elb = new(LoopbackService.Credentials, Configured(new AmazonElasticLoadBalancingConfig()));

        await Should.ThrowAsync<AccessPointNotFoundException>(() => elb.DescribeLoadBalancersAsync(new() { LoadBalancerNames = ["nobody"] }));
        (await Should.ThrowAsync<AmazonCloudFormationException>(() => cloudFormation.DescribeStacksAsync(new() { StackName = "nobody" })))
            .ErrorCode.ShouldBe("ValidationError");
    }

    private static async Task SwitchAsync(AmazonElasticLoadBalancingClient elb)
    {
        const string name = "deis-web";
        await elb.ConfigureHealthCheckAsync(new()
        {
            LoadBalancerName = name,
            HealthCheck = new() { Target = "TCP:80", Interval = 15, Timeout = 5, UnhealthyThreshold = 2, HealthyThreshold = 4 },
        });
        await elb.ModifyLoadBalancerAttributesAsync(new()
        {
            LoadBalancerName = name,
            LoadBalancerAttributes = new() { ConnectionSettings = new() { IdleTimeout = 1200 } },
        });
        await elb.DeleteLoadBalancerListenersAsync(new() { LoadBalancerName = name, LoadBalancerPorts = [80] });
        await elb.CreateLoadBalancerListenersAsync(new()
        {
            LoadBalancerName = name,
            Listeners = [new() { Protocol = "TCP", LoadBalancerPort = 80, InstanceProtocol = "TCP", InstancePort = 80 }],
        });
        await elb.CreateLoadBalancerPolicyAsync(new()
        {
            LoadBalancerName = name,
            PolicyName = "EnableProxyProtocol",
            PolicyTypeName = "ProxyProtocolPolicyType",
            PolicyAttributes = [new() { AttributeName = "ProxyProtocol", AttributeValue = "true" }],
        });
        await elb.SetLoadBalancerPoliciesForBackendServerAsync(
            new() { LoadBalancerName = name, InstancePort = 80, PolicyNames = ["EnableProxyProtocol"] });
    }

    /// <summary>By hand, so that what is read was not also written by the stand-in.</summary>
    private async Task CreateStackAsync()
    {
        using HttpClient http = new();
        using FormUrlEncodedContent form = new(new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Action"] = "CreateStack",
            ["Version"] = "2010-05-15",
            ["StackName"] = "deis",
            ["TemplateBody"] = Template,
        });
        using HttpRequestMessage request = new(HttpMethod.Post, moto.Url) { Content = form };
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150101/eu-west-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0");
        using HttpResponseMessage response = await http.SendAsync(request);
        string body = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(body);
    }

    private T Configured<T>(T config)
        where T : ClientConfig
    {
        config.ServiceURL = moto.Url;
        config.AuthenticationRegion = "eu-west-1";
        config.Timeout = TimeSpan.FromSeconds(60);
        return config;
    }
}
