using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>What setup refuses before it changes anything, and what it says when routers do not follow.</summary>
public sealed class BlockerTests(PlainCluster cluster) : IClassFixture<PlainCluster>
{
    [Theory]
    [InlineData("1.5.2", "router-too-old")]
    [InlineData("v1.5.2", "router-too-old")]
    [InlineData("latest", "router-version-unknown")]
    public async Task A_release_that_does_not_know_the_key_or_cannot_be_told_is_refused(string release, string code)
    {
        await cluster.ResetAsync(StackTemplate.Http(), release);

        await RefusesAsync(code, "v1.");
    }

    [Fact]
    public async Task The_tag_of_a_router_image_says_more_than_the_platform()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        await cluster.Etcd.SetAsync("/deis/router/image", "deis/router:v1.5.1");

        await RefusesAsync("router-too-old", "v1.5.1");
    }

    [Fact]
    public async Task A_policy_of_that_name_that_does_something_else_is_refused()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ElbAsync(
            "CreateLoadBalancerPolicy",
            ("LoadBalancerName", name), ("PolicyName", "EnableProxyProtocol"), ("PolicyTypeName", "ProxyProtocolPolicyType"),
            ("PolicyAttributes.member.1.AttributeName", "ProxyProtocol"), ("PolicyAttributes.member.1.AttributeValue", "false"));
        cluster.Aws.Forget();

        await RefusesAsync("policy-name-taken", "delete-load-balancer-policy");
    }

    [Fact]
    public async Task Router_ports_without_a_listener_are_refused()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        await RefusesAsync("no-router-listener", "HTTP:80→HTTP:80", "--router-ports", "8000");
    }

    [Fact]
    public async Task A_dry_run_is_refused_in_the_same_way()
    {
        await cluster.ResetAsync(StackTemplate.Http(), "1.5.2");

        await RefusesAsync("router-too-old", "v1.6.0", "--dry-run", "--detailed-exitcode");
    }

    [Fact]
    public async Task A_router_that_does_not_follow_is_named_and_everything_is_put_back()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        var stuck = cluster.Routers.Routers[1];
        stuck.Stuck = true;

        var run = await cluster.RunAsync("setup", "--output", "json", "--no-color");

        run.ExitCode.ShouldBe(1, run.Output + run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("routers-did-not-switch");
        run.Json["changed"]!.GetValue<bool>().ShouldBeFalse();
        run.Json["steps"]!.AsArray().ShouldAllBe(s => s!["status"]!.GetValue<string>() == "undone");
        run.ErrorLine.ShouldContain($"{stuck.Address} port 80");
        run.ErrorLine.ShouldNotContain($"{cluster.Routers.Routers[0].Address} port 80");
        run.Error.ShouldContain("deisctl journal router@N");
        var balancer = await cluster.ReadLoadBalancerAsync(name);
        balancer.Listeners.ShouldBe(["80 HTTP 80 HTTP", "443 TCP 443 TCP", "2222 TCP 2222 TCP"]);
        balancer.BackendPolicies.ShouldBeEmpty();
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
    }

    [Fact]
    public async Task Without_permission_it_says_which_one_is_missing()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        cluster.Aws.Refuse(
            "DescribeLoadBalancerPolicies", System.Net.HttpStatusCode.Forbidden, "AccessDenied", "User: arn:aws:iam::1:user/ci is not authorized");

        await RefusesAsync("access-denied", "elasticloadbalancing:DescribeLoadBalancerPolicies");
    }

    [Fact]
    public async Task Expired_credentials_say_so()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        cluster.Aws.Refuse(
            "DescribeStacks", System.Net.HttpStatusCode.Forbidden, "ExpiredToken", "The security token included in the request is expired");
        cluster.Aws.Refuse(
            "ListStackResources", System.Net.HttpStatusCode.Forbidden, "ExpiredToken", "The security token included in the request is expired");

        await RefusesAsync("credentials-rejected", "aws sts get-caller-identity");
    }

    /// <summary>Runs setup: it must fail with a code and a text, and nothing must be different afterward.</summary>
    private async Task RefusesAsync(string code, string text, params string[] options)
    {
        var run = await cluster.RunAsync(["setup", "--output", "json", .. options]);

        run.ExitCode.ShouldBe(1, run.Output + run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe(code);
        run.Json["error"]!["remedy"]!.GetValue<string>().ShouldNotBeEmpty();
        run.Json["changed"]!.GetValue<bool>().ShouldBeFalse();
        run.Error.ShouldContain(text);
        run.Error.ShouldNotContain("   at ");
        cluster.Aws.Changes.ShouldBeEmpty();
        cluster.Aws.Actions.ShouldContain("DescribeStacks");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
        cluster.Routers.Routers.ShouldAllBe(r => !r.DemandsProxy);
    }
}
