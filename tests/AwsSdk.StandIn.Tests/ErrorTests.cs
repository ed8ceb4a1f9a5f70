using System.Net;
using Amazon.CloudFormation;
using Amazon.ElasticLoadBalancing;
using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;

namespace AwsSdk.StandIn.Tests;

public sealed class ErrorTests
{
    private static readonly Dictionary<string, Func<AmazonElasticLoadBalancingClient, Task>> Calls = new(StringComparer.Ordinal)
    {
        ["DescribeLoadBalancers"] = client => client.DescribeLoadBalancersAsync(new()),
        ["CreateLoadBalancerListeners"] = client => client.CreateLoadBalancerListenersAsync(new()),
        ["DeleteLoadBalancerPolicy"] = client => client.DeleteLoadBalancerPolicyAsync(new()),
    };

    [Theory]
    [InlineData("DescribeLoadBalancers", "LoadBalancerNotFound", 400, typeof(AccessPointNotFoundException))]
    [InlineData("CreateLoadBalancerListeners", "DuplicateListener", 400, typeof(DuplicateListenerException))]
    [InlineData("CreateLoadBalancerListeners", "CertificateNotFound", 400, typeof(CertificateNotFoundException))]
    [InlineData("CreateLoadBalancerListeners", "ValidationError", 400, typeof(AmazonElasticLoadBalancingException))]
    [InlineData("DeleteLoadBalancerPolicy", "InvalidConfigurationRequest", 409, typeof(AmazonElasticLoadBalancingException))]
    [InlineData("DescribeLoadBalancers", "DuplicateListener", 400, typeof(AmazonElasticLoadBalancingException))]
    public async Task Error_documents_of_the_load_balancer(string operation, string code, int status, Type expected)
    {
        await using LoopbackService service = new LoopbackService().Answer(
            $"""
            <ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/">
              <Error><Type>Sender</Type><Code>{code}</Code><Message>There is no 'x' &amp; "y"</Message></Error>
              <RequestId>f9880f01-7852-629d-a6c3-3ae2-666a409287e6dc0c</RequestId>
            </ErrorResponse>
            """,
            status);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        AmazonElasticLoadBalancingException exception = await Should.ThrowAsync<AmazonElasticLoadBalancingException>(() => Calls[operation](client));

        exception.ShouldBeOfType(expected);
        exception.ErrorCode.ShouldBe(code);
        exception.Message.ShouldBe("There is no 'x' & \"y\"");
        exception.ErrorType.ShouldBe(ErrorType.Sender);
        exception.RequestId.ShouldBe("f9880f01-7852-629d-a6c3-3ae2-666a409287e6dc0c");
        exception.StatusCode.ShouldBe((HttpStatusCode)status);
        service.Requests.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_missing_stack_is_a_validation_error()
    {
        await using LoopbackService service = new LoopbackService().Answer(
            """
            <ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
              <Error><Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id deis does not exist</Message></Error>
              <RequestId>1</RequestId>
            </ErrorResponse>
            """,
            400);
        using AmazonCloudFormationClient client = service.CloudFormation;

        AmazonCloudFormationException exception = await Should.ThrowAsync<AmazonCloudFormationException>(
            () => client.DescribeStacksAsync(new() { StackName = "deis" }));

        (exception.ErrorCode, exception.StatusCode, exception.RequestId).ShouldBe(("ValidationError", HttpStatusCode.BadRequest, "1"));
        exception.Message.ShouldBe("Stack with id deis does not exist");
    }

    [Fact]
    public async Task An_error_page_that_is_not_xml_keeps_its_status()
    {
        await using LoopbackService service = new LoopbackService().Answer("<html><body>503<br></body></html>", 503);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        AmazonServiceException exception = await Should.ThrowAsync<AmazonServiceException>(() => client.DescribeLoadBalancersAsync(new()));

        exception.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Theory]
    [InlineData("<DescribeLoadBalancersResponse><DescribeLoadBalancersResult>")]
    [InlineData("")]
    [InlineData("not xml")]
    [InlineData("<!DOCTYPE x [<!ENTITY e 'x'>]><DescribeLoadBalancersResponse>&e;</DescribeLoadBalancersResponse>")]
    [InlineData(
        "<r><DescribeLoadBalancersResult><LoadBalancerDescriptions><member><HealthCheck><Interval>often</Interval></HealthCheck></member>"
        + "</LoadBalancerDescriptions></DescribeLoadBalancersResult></r>")]
    public async Task A_response_that_cannot_be_read_is_an_unmarshalling_exception(string body)
    {
        await using LoopbackService service = new LoopbackService().Answer(body);
        using AmazonElasticLoadBalancingClient client = service.Elb;

        await Should.ThrowAsync<AmazonUnmarshallingException>(() => client.DescribeLoadBalancersAsync(new()));
    }

    [Theory]
    [InlineData("Throttling", 400)]
    [InlineData("RequestLimitExceeded", 400)]
    [InlineData("InternalFailure", 500)]
    public async Task Throttling_and_server_faults_are_tried_again(string code, int status)
    {
        await using LoopbackService service = new LoopbackService()
            .Answer($"<ErrorResponse><Error><Code>{code}</Code><Message>Rate exceeded</Message></Error></ErrorResponse>", status)
            .Answer("<CreateLoadBalancerListenersResponse><CreateLoadBalancerListenersResult/></CreateLoadBalancerListenersResponse>");
        AmazonElasticLoadBalancingConfig config = service.Configured(new AmazonElasticLoadBalancingConfig());
        config.MaxErrorRetry = 1;
        using AmazonElasticLoadBalancingClient client = new(LoopbackService.Credentials, config);

        await client.CreateLoadBalancerListenersAsync(new() { LoadBalancerName = "deis" });

        service.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_cancelled_call_ends_as_cancelled()
    {
        await using LoopbackService service = new();
        using AmazonElasticLoadBalancingClient client = service.Elb;
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Should.ThrowAsync<OperationCanceledException>(() => client.DescribeLoadBalancersAsync(new(), cancelled.Token));
    }
}
