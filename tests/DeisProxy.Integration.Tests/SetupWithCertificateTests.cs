using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The main job where TLS is involved: at the load balancer, or at routers that listen on port 443 too.</summary>
public sealed class SetupWithCertificateTests(CertifiedCluster cluster) : IClassFixture<CertifiedCluster>
{
    [Fact]
    public async Task Routers_are_switched_on_both_of_their_ports()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        (await cluster.RunAsync("setup")).ExitCode.ShouldBe(0);
        var run = await cluster.RunAsync("verify", "--output", "json");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        var seen = run.Json["checks"]!.AsArray().Single(c => c!["id"]!.GetValue<string>() == "routers")!["seen"]!.GetValue<string>();
        foreach (var router in cluster.Routers.Routers)
        {
            seen.ShouldContain($"{router.Address}:80");
            seen.ShouldContain($"{router.Address}:443");
        }
    }

    [Fact]
    public async Task An_HTTPS_listener_becomes_SSL_with_its_certificate_and_its_own_ciphers()
    {
        var (name, certificate) = await WithHttpsAsync();
        (await cluster.ReadLoadBalancerAsync(name)).Listeners.ShouldContain($"443 HTTPS 80 HTTP {certificate} Ciphers-2015");

        var run = await cluster.RunAsync("setup");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        var balancer = await cluster.ReadLoadBalancerAsync(name);
        balancer.Listeners.ShouldBe(["80 TCP 80 TCP", $"443 SSL 80 TCP {certificate} Ciphers-2015", "2222 TCP 2222 TCP"]);
        balancer.BackendPolicies.ShouldBe(["80 EnableProxyProtocol"]);
        run.Error.ShouldContain("X-Forwarded-Proto http");

        cluster.Aws.Forget();
        var second = await cluster.RunAsync("setup");
        second.ExitCode.ShouldBe(0, second.Error);
        second.Output.ShouldContain("Nothing to do");
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_redirect_loop_is_refused_and_nothing_changes()
    {
        var (name, certificate) = await WithHttpsAsync();
        await cluster.Etcd.SetAsync("/deis/router/enforceHTTPS", "true");

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("redirect-loop");
        run.Error.ShouldContain("--allow-redirect-loop");
        cluster.Aws.Changes.ShouldBeEmpty();
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
        (await cluster.ReadLoadBalancerAsync(name)).Listeners.ShouldContain($"443 HTTPS 80 HTTP {certificate} Ciphers-2015");
    }

    [Fact]
    public async Task A_redirect_loop_is_accepted_when_told_so_and_verify_fails()
    {
        var (name, certificate) = await WithHttpsAsync();
        await cluster.Etcd.SetAsync("/deis/router/enforceHTTPS", "true");

        var run = await cluster.RunAsync("setup", "--allow-redirect-loop");

        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        run.Error.ShouldContain("redirect it forever");
        (await cluster.ReadLoadBalancerAsync(name)).Listeners.ShouldContain($"443 SSL 80 TCP {certificate} Ciphers-2015");

        var verify = await cluster.RunAsync("verify", "--output", "json");
        verify.ExitCode.ShouldBe(4, verify.Error);
        verify.Json["checks"]!.AsArray().Where(c => c!["status"]!.GetValue<string>() == "fail").Select(c => c!["id"]!.GetValue<string>()).ShouldBe(
            ["https-redirect"]);
    }

    [Fact]
    public async Task A_listener_that_encrypts_towards_the_routers_is_refused()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        await cluster.ReplaceListenerAsync(name, 443, "HTTPS", 443, "HTTPS", await UploadCertificateAsync());

        var run = await cluster.RunAsync("setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("backend-encrypted");
        run.Error.ShouldContain("--router-ports");
        cluster.Aws.Changes.ShouldBeEmpty();
    }

    /// <summary>HTTPS on 443 to HTTP on the routers' port 80, with a cipher policy that is not AWS's default.</summary>
    private async Task<(string LoadBalancer, string Certificate)> WithHttpsAsync()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var name = await cluster.LoadBalancerAsync();
        var certificate = await UploadCertificateAsync();
        await cluster.ReplaceListenerAsync(name, 443, "HTTPS", 80, "HTTP", certificate);
        await cluster.ElbAsync(
            "CreateLoadBalancerPolicy",
            ("LoadBalancerName", name), ("PolicyName", "Ciphers-2015"), ("PolicyTypeName", "SSLNegotiationPolicyType"),
            ("PolicyAttributes.member.1.AttributeName", "Protocol-TLSv1.2"), ("PolicyAttributes.member.1.AttributeValue", "true"));
        await cluster.ElbAsync(
            "SetLoadBalancerPoliciesOfListener", ("LoadBalancerName", name), ("LoadBalancerPort", "443"), ("PolicyNames.member.1", "Ciphers-2015"));
        cluster.Aws.Forget();
        return (name, certificate);
    }

    private async Task<string> UploadCertificateAsync()
    {
        var answer = await cluster.CallAsync(
            "iam", "UploadServerCertificate", "2010-05-08", ("ServerCertificateName", "deis"), ("CertificateBody", "certificate"),
            ("PrivateKey", "key"));
        return answer.Descendants().Single(e => e.Name.LocalName == "Arn").Value;
    }
}
