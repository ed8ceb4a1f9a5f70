using System.Xml.Linq;

namespace DeisProxy.Sandbox.Tests;

/// <summary>The Query protocol below the operations, and what CloudFormation and EC2 refuse.</summary>
public sealed class ProtocolTests
{
    [Theory]
    [InlineData("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2012-06-01&PolicyName=%zz", 404, "MalformedQueryString")]
    [InlineData("elasticloadbalancing", "Version=2012-06-01", 400, "MissingAction")]
    [InlineData("elasticloadbalancing", "", 400, "MissingAction")]
    [InlineData("elasticloadbalancing", "Action=DescribeLoadBalancers&Version=2015-12-01", 400, "InvalidAction")]
    [InlineData("elasticloadbalancing", "Action=Nonsense&Version=2012-06-01", 400, "InvalidAction")]
    [InlineData("ec2", "Action=Nonsense&Version=2016-11-15", 400, "InvalidAction")]
    [InlineData("ec2", "Version=2016-11-15", 400, "MissingParameter")]
    [InlineData("cloudformation", "Action=DeleteStack&Version=2010-05-15&StackName=deis", 400, "InvalidAction")]
    public async Task A_malformed_request_gets_the_services_own_document(string service, string body, int status, string code)
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Nodes = 0, LoadBalancers = [] });
        var answer = await SendAsync(sandbox, $"Authorization: {QueryClient.Authorization(service)}\r\n", body);
        Raw.Status(answer).ShouldBe(status);
        var document = XDocument.Parse(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        document.Root!.Name.LocalName.ShouldBe(service == "ec2" ? "Response" : "ErrorResponse");
        document.Descendants().Single(element => element.Name.LocalName == "Code").Value.ShouldBe(code);
    }

    [Theory]
    [InlineData("", 403)]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=00\r\n", 400)]
    public async Task An_unsigned_request_is_refused(string field, int status)
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Nodes = 0, LoadBalancers = [] });
        Raw.Status(await SendAsync(sandbox, field, "Action=DescribeLoadBalancers&Version=2012-06-01")).ShouldBe(status);
    }

    [Fact]
    public async Task What_is_not_HTTP_gets_an_error_document_too()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Nodes = 0, LoadBalancers = [] });
        (await Raw.ExchangeAsync(sandbox.Cloud.AwsEndpoint.Port, "nonsense\r\n\r\n"))!.ShouldContain("MalformedQueryString");
        Raw.Status(await Raw.ExchangeAsync(sandbox.Cloud.EtcdEndpoint.Port, "nonsense\r\n\r\n")).ShouldBe(400);
    }

    [Fact]
    public async Task A_GET_and_a_chunked_POST_are_understood()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var field = $"Authorization: {QueryClient.Authorization("cloudformation")}";
        Raw.Status(await Raw.GetAsync(sandbox.Cloud.AwsEndpoint.Port, "/?Action=DescribeStacks&Version=2010-05-15", field)).ShouldBe(200);
        var chunked = await Raw.ExchangeAsync(
            sandbox.Cloud.AwsEndpoint.Port,
            $"POST / HTTP/1.1\r\nHost: x\r\n{field}\r\nTransfer-Encoding: chunked\r\nConnection: "
                + "close\r\n\r\n7\r\nAction=\r\ne\r\nDescribeStacks\r\n0\r\n\r\n");
        Raw.Status(chunked).ShouldBe(200);
    }

    [Theory]
    [InlineData("DescribeStacks", "StackName=nobody", "Stack with id nobody does not exist")]
    [InlineData("ListStackResources", "StackName=nobody", "Stack with id nobody does not exist")]
    [InlineData("GetTemplate", "StackName=nobody", "Stack with id nobody does not exist")]
    public async Task CloudFormation_refuses(string operation, string parameters, string message)
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { Nodes = 0 });
        var answer = await sandbox.Aws.CloudFormationAsync(
            operation, [.. parameters.Split('&').Select(pair => pair.Split('=')).Select(pair => (pair[0], (object)pair[1]))]);
        (answer.Status, answer.Code, answer.Value("Message")).ShouldBe((400, "ValidationError", message));
    }

    [Fact]
    public async Task A_stack_may_be_deleted_or_have_other_load_balancers()
    {
        await using (var deleted = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { StackStatus = "DELETE_COMPLETE" }))
        {
            (await deleted.Aws.CloudFormationAsync("DescribeStacks", ("StackName", "deis"))).Code.ShouldBe("ValidationError");
        }

        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            LoadBalancers =
            [
                LoadBalancerOptions.DeisV15,
                LoadBalancerOptions.DeisV15 with { LogicalId = "OtherELB", Name = "deis-OtherELB-1", Scheme = "internal" },
            ],
        });
        var types = (await sandbox.Aws.CloudFormationAsync("ListStackResources", ("StackName", "deis"))).Values("ResourceType");
        types.Count(type => type == "AWS::ElasticLoadBalancing::LoadBalancer").ShouldBe(2);
        sandbox.Cloud.FindLoadBalancer("OtherELB").DnsName.ShouldStartWith("internal-deis-OtherELB-1-");
    }

    [Theory]
    [InlineData("DescribeInstances", "Filter.1.Name=nonsense&Filter.1.Value.1=x", "InvalidParameterValue")]
    [InlineData("DescribeInstances", "InstanceId.1=i-ffffffff", "InvalidInstanceID.NotFound")]
    [InlineData("DescribeInstances", "InstanceId.1=nonsense", "InvalidInstanceID.Malformed")]
    [InlineData("DescribeInstances", "InstanceId.1=i-0de15a01&MaxResults=5", "InvalidParameterCombination")]
    [InlineData("DescribeInstances", "MaxResults=4", "InvalidParameterValue")]
    [InlineData("DescribeVpcs", "VpcId.1=vpc-1", "InvalidVpcID.NotFound")]
    [InlineData("DescribeSecurityGroups", "GroupId.1=sg-1", "InvalidGroup.NotFound")]
    public async Task EC2_refuses(string operation, string parameters, string code)
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var answer = await sandbox.Aws.Ec2Async(
            operation, [.. parameters.Split('&').Select(pair => pair.Split('=')).Select(pair => (pair[0], (object)pair[1]))]);
        (answer.Status, answer.Code).ShouldBe((400, code));
    }

    [Fact]
    public async Task Instances_are_found_by_their_tags_with_or_without_public_addresses()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            PublicAddresses = false,
            TerminatedInstance = true,
            VpcCidr = "172.20.0.0/16",
            AdditionalVpcCidrs = ["100.64.0.0/16"],
        });
        (string, object)[] running =
        [
            ("Filter.1.Name", "tag:aws:cloudformation:stack-name"), ("Filter.1.Value.1", "deis"), ("Filter.2.Name", "instance-state-name"), (
                "Filter.2.Value.1", "run*"),
        ];
        var answer = await sandbox.Aws.Ec2Async("DescribeInstances", running);
        answer.Values("privateIpAddress").ShouldBe(["172.20.1.11", "172.20.2.11", "172.20.1.12"]);
        answer.Values("ipAddress").ShouldBeEmpty();
        (await sandbox.Aws.Ec2Async("DescribeInstances", running[..2])).Values("instanceId").Count.ShouldBe(4);
        (await sandbox.Aws.Ec2Async("DescribeVpcs")).Values("cidrBlock").ShouldBe(["172.20.0.0/16", "172.20.0.0/16", "100.64.0.0/16"]);
    }

    private static async Task<string> SendAsync(RunningSandbox sandbox, string field, string body) => (await Raw.ExchangeAsync(
        sandbox.Cloud.AwsEndpoint.Port,
        $"POST / HTTP/1.1\r\nHost: x\r\n{field}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {body.Length}\r\nConnection: "
            + $"close\r\n\r\n{body}",
        halfClose: false))!;
}
