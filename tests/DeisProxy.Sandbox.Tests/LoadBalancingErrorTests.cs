namespace DeisProxy.Sandbox.Tests;

/// <summary>What classic load balancing refuses, how, and what it lets pass.</summary>
public sealed class LoadBalancingErrorTests(LoadBalancingErrorTests.Unchanging unchanging) : IClassFixture<LoadBalancingErrorTests.Unchanging>
{
    private const string Certificate = "arn:aws:iam::123456789012:server-certificate/deis";

    public static TheoryData<string, string, string, int> Refused => new()
    {
        // Operation, parameters (the load balancer's own name is added), code, HTTP status.
        { "DescribeLoadBalancers", "LoadBalancerNames.member.1=nobody", "LoadBalancerNotFound", 400 },
        { "DescribeLoadBalancers", "PageSize=0", "ValidationError", 400 },
        { "DescribeLoadBalancers", "PageSize=401", "ValidationError", 400 },
        { "DescribeLoadBalancers", "PageSize=many", "MalformedInput", 400 },
        { "DescribeLoadBalancers", "Marker=nowhere", "ValidationError", 400 },
        { "DescribeLoadBalancerAttributes", "LoadBalancerName=nobody", "LoadBalancerNotFound", 400 },
        { "DescribeLoadBalancerPolicies", "PolicyNames.member.1=nothing", "PolicyNotFound", 400 },
        { "DescribeInstanceHealth", "Instances.member.1.InstanceId=i-ffffffff", "InvalidInstance", 400 },
        { "CreateLoadBalancerListeners", "", "ValidationError", 400 },
        { "CreateLoadBalancerListeners", Listener("TCP", 80, "TCP", 80), "DuplicateListener", 400 },
        { "CreateLoadBalancerListeners", Listener("HTTP", 80, "HTTP", 81), "DuplicateListener", 400 },
        { "CreateLoadBalancerListeners", Listener("UDP", 81, "UDP", 80), "UnsupportedProtocol", 400 },
        { "CreateLoadBalancerListeners", Listener("TCP", 81, "HTTP", 80), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerListeners", Listener("HTTP", 81, "TCP", 80), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerListeners", Listener("HTTPS", 81, "TCP", 80, Certificate), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerListeners", Listener("TCP", 81, "SSL", 80), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerListeners", Listener("SSL", 81, "TCP", 80), "ValidationError", 400 },
        {
            "CreateLoadBalancerListeners", Listener("SSL", 81, "TCP", 80, "arn:aws:iam::123456789012:server-certificate/other"),
            "CertificateNotFound", 400
        },
        { "CreateLoadBalancerListeners", Listener("TCP", 0, "TCP", 80), "ValidationError", 400 },
        { "CreateLoadBalancerListeners", Listener("TCP", 81, "TCP", 65536), "ValidationError", 400 },
        { "CreateLoadBalancerListeners", "LoadBalancerName=nobody&" + Listener("TCP", 81, "TCP", 80), "LoadBalancerNotFound", 400 },
        { "DeleteLoadBalancerListeners", "", "ValidationError", 400 },
        { "DeleteLoadBalancerListeners", "LoadBalancerName=nobody&LoadBalancerPorts.member.1=80", "LoadBalancerNotFound", 400 },
        { "DeleteLoadBalancerListeners", "LoadBalancerPorts.member.1=http", "MalformedInput", 400 },
        { "SetLoadBalancerListenerSSLCertificate", "LoadBalancerPort=81&SSLCertificateId=" + Certificate, "ListenerNotFound", 400 },
        { "SetLoadBalancerListenerSSLCertificate", "LoadBalancerPort=443&SSLCertificateId=arn:other", "CertificateNotFound", 400 },
        { "SetLoadBalancerListenerSSLCertificate", "LoadBalancerPort=443&SSLCertificateId=" + Certificate, "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerPolicy", "PolicyName=p&PolicyTypeName=Nothing", "PolicyTypeNotFound", 400 },
        { "CreateLoadBalancerPolicy", "PolicyName=p p&" + Proxy("true"), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerPolicy", "PolicyName=p&" + Proxy("maybe"), "InvalidConfigurationRequest", 409 },
        { "CreateLoadBalancerPolicy", "PolicyName=p&PolicyTypeName=ProxyProtocolPolicyType", "InvalidConfigurationRequest", 409 },
        {
            "CreateLoadBalancerPolicy",
            "PolicyName=p&PolicyTypeName=ProxyProtocolPolicyType&PolicyAttributes.member.1.AttributeName=Other&"
                + "PolicyAttributes.member.1.AttributeValue=true",
            "InvalidConfigurationRequest", 409
        },
        {
            "CreateLoadBalancerPolicy",
            "PolicyName=p&PolicyTypeName=SSLNegotiationPolicyType&PolicyAttributes.member.1.AttributeName=Reference-Security-Policy&"
                + "PolicyAttributes.member.1.AttributeValue=Nothing",
            "InvalidConfigurationRequest", 409
        },
        { "CreateLoadBalancerPolicy", "PolicyName=proxy&" + Proxy("false"), "DuplicatePolicyName", 400 },
        { "CreateLoadBalancerPolicy", "PolicyTypeName=ProxyProtocolPolicyType", "ValidationError", 400 },
        { "DeleteLoadBalancerPolicy", "PolicyName=proxy", "InvalidConfigurationRequest", 409 },
        { "DeleteLoadBalancerPolicy", "LoadBalancerName=nobody&PolicyName=proxy", "LoadBalancerNotFound", 400 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=81&PolicyNames=", "ListenerNotFound", 400 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=80&PolicyNames.member.1=nothing", "PolicyNotFound", 400 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=80&PolicyNames.member.1=proxy", "InvalidConfigurationRequest", 409 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=443&PolicyNames.member.1=sticky", "InvalidConfigurationRequest", 409 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=443&PolicyNames.member.1=ELBSecurityPolicy-2016-08", "PolicyNotFound", 400 },
        { "SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=80", "ValidationError", 400 },
        { "SetLoadBalancerPoliciesForBackendServer", "InstancePort=80&PolicyNames.member.1=nothing", "PolicyNotFound", 400 },
        { "SetLoadBalancerPoliciesForBackendServer", "InstancePort=81&PolicyNames.member.1=proxy", "InvalidConfigurationRequest", 409 },
        { "SetLoadBalancerPoliciesForBackendServer", "InstancePort=81&PolicyNames=", "InvalidConfigurationRequest", 409 },
        { "SetLoadBalancerPoliciesForBackendServer", "InstancePort=80&PolicyNames.member.1=sticky", "InvalidConfigurationRequest", 409 },
        { "SetLoadBalancerPoliciesForBackendServer", "InstancePort=80", "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 4, 2, 2, 2), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 301, 2, 2, 2), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 15, 1, 2, 2), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 15, 15, 2, 2), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 15, 5, 1, 2), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80", 15, 5, 2, 11), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:80/health-check", 15, 5, 2, 4), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("HTTP:80", 15, 5, 2, 4), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("UDP:80", 15, 5, 2, 4), "ValidationError", 400 },
        { "ConfigureHealthCheck", Health("TCP:65536", 15, 5, 2, 4), "ValidationError", 400 },
        { "ConfigureHealthCheck", "HealthCheck.Target=TCP:80", "ValidationError", 400 },
        { "ModifyLoadBalancerAttributes", "LoadBalancerAttributes.ConnectionSettings.IdleTimeout=0", "ValidationError", 400 },
        { "ModifyLoadBalancerAttributes", "LoadBalancerAttributes.ConnectionSettings.IdleTimeout=3601", "ValidationError", 400 },
        { "ModifyLoadBalancerAttributes", "", "ValidationError", 400 },
        { "NoSuchOperation", "", "InvalidAction", 400 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Refuses(string operation, string parameters, string code, int status)
    {
        var sandbox = unchanging.Sandbox;
        var before = sandbox.Elb.Listeners.ToList();
        var given = parameters.Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], (object)pair[1])).ToList();
        if (!given.Exists(pair => pair.Item1 == "LoadBalancerName") && operation != "DescribeLoadBalancers")
        {
            given.Add(("LoadBalancerName", sandbox.ElbName));
        }

        var answer = await sandbox.Aws.ElbAsync(operation, [.. given]);
        (answer.Code, answer.Status).ShouldBe((code, status), answer.Document.ToString());
        answer.Document.Root!.Name.LocalName.ShouldBe("ErrorResponse");
        answer.Value("RequestId").ShouldNotBeNullOrEmpty();
        sandbox.Elb.Listeners.SequenceEqual(before).ShouldBeTrue();
    }

    [Fact]
    public async Task Lets_pass_what_the_real_one_lets_pass()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with { PolicyLimit = 3 });
        var name = ("LoadBalancerName", (object)sandbox.ElbName);

        // An identical listener, an absent one, an absent policy.
        await OkAsync("CreateLoadBalancerListeners", Listener("HTTP", 80, "HTTP", 80));
        sandbox.Elb.Listeners.Count.ShouldBe(3);
        await OkAsync("DeleteLoadBalancerListeners", "LoadBalancerPorts.member.1=81");
        await OkAsync("DeleteLoadBalancerPolicy", "PolicyName=nothing");

        // Two ports at once, and backend policies that outlive their listener and meet the next one.
        await OkAsync("CreateLoadBalancerPolicy", "PolicyName=proxy&" + Proxy("true"));
        await OkAsync("CreateLoadBalancerPolicy", "PolicyName=proxy&" + Proxy("True"));
        await OkAsync("SetLoadBalancerPoliciesForBackendServer", "InstancePort=443&PolicyNames.member.1=proxy");
        await OkAsync("DeleteLoadBalancerListeners", "LoadBalancerPorts.member.1=80&LoadBalancerPorts.member.2=443");
        sandbox.Elb.Listeners.Select(listener => listener.LoadBalancerPort).ShouldBe([2222]);
        sandbox.Elb.BackendPolicies.Single().Key.ShouldBe(443);
        (await sandbox.Aws.ElbAsync("DeleteLoadBalancerPolicy", name, ("PolicyName", "proxy"))).Status.ShouldBe(409);
        await OkAsync("SetLoadBalancerPoliciesForBackendServer", "InstancePort=443&PolicyNames=");
        sandbox.Elb.BackendPolicies.ShouldBeEmpty();

        // A new secure listener gets the default policy, which then is one of the load balancer's own.
        await OkAsync("CreateLoadBalancerListeners", Listener("SSL", 443, "TCP", 80, Certificate));
        sandbox.Elb.Listeners[^1].PolicyNames.ShouldBe(["ELBSecurityPolicy-2016-08"]);
        var policies = await sandbox.Aws.ElbAsync("DescribeLoadBalancerPolicies", name);
        policies.Values("PolicyName").ShouldBe(["proxy", "ELBSecurityPolicy-2016-08"]);
        (await sandbox.Aws.ElbAsync("DescribeLoadBalancerPolicies")).Values("PolicyName").Any(policy => policy == "proxy").ShouldBeFalse();

        // The list of a listener is replaced; an old object stays and can be put back.
        await OkAsync(
            "CreateLoadBalancerPolicy",
            "PolicyName=own&PolicyTypeName=SSLNegotiationPolicyType&PolicyAttributes.member.1.AttributeName=Reference-Security-Policy&"
                + "PolicyAttributes.member.1.AttributeValue=ELBSecurityPolicy-TLS-1-2-2017-01");
        await OkAsync("SetLoadBalancerPoliciesOfListener", "LoadBalancerPort=443&PolicyNames.member.1=own");
        sandbox.Elb.Listeners[^1].PolicyNames.ShouldBe(["own"]);
        (await sandbox.Aws.ElbAsync("CreateLoadBalancerPolicy", name, ("PolicyName", "sticky"), ("PolicyTypeName", "LBCookieStickinessPolicyType")))
            .Code.ShouldBe("TooManyPolicies");

        async Task OkAsync(string operation, string parameters)
        {
            var answer = await sandbox.Aws.ElbAsync(
                operation, [name, .. parameters.Split('&').Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], (object)pair[1]))]);
            answer.Status.ShouldBe(200, answer.Document.ToString());
        }
    }

    [Fact]
    public async Task Secure_and_plain_listeners_do_not_share_an_instance_port()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        var answer = await sandbox.Aws.ElbAsync(
            "CreateLoadBalancerListeners",
            ("LoadBalancerName", sandbox.ElbName), ("Listeners.member.1.Protocol", "SSL"), ("Listeners.member.1.LoadBalancerPort", 8443), (
                "Listeners.member.1.InstanceProtocol", "SSL"),
            ("Listeners.member.1.InstancePort", 80), ("Listeners.member.1.SSLCertificateId", Certificate));
        (answer.Code, answer.Status).ShouldBe(("InvalidConfigurationRequest", 409));
    }

    private static string Listener(string protocol, int port, string instanceProtocol, int instancePort, string? certificate = null) =>
        $"Listeners.member.1.Protocol={protocol}&Listeners.member.1.LoadBalancerPort={port}&Listeners.member.1.InstanceProtocol={instanceProtocol}&"
            + $"Listeners.member.1.InstancePort={instancePort}"
        + (certificate is null ? "" : $"&Listeners.member.1.SSLCertificateId={certificate}");

    private static string Proxy(string value) =>
        "PolicyTypeName=ProxyProtocolPolicyType&PolicyAttributes.member.1.AttributeName=ProxyProtocol&"
            + $"PolicyAttributes.member.1.AttributeValue={value}";

    private static string Health(string target, int interval, int timeout, int unhealthy, int healthy) =>
        $"HealthCheck.Target={target}&HealthCheck.Interval={interval}&HealthCheck.Timeout={timeout}&HealthCheck.UnhealthyThreshold={unhealthy}&"
            + $"HealthCheck.HealthyThreshold={healthy}";

    /// <summary>One sandbox serves all refusals: they change nothing.</summary>
    public sealed class Unchanging : IAsyncLifetime
    {
        public RunningSandbox Sandbox { get; private set; } = null!;

        public async Task InitializeAsync() => Sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            LoadBalancers =
            [
                LoadBalancerOptions.DeisV15 with
                {
                    Policies =
                    [
                        new Policy("proxy", "ProxyProtocolPolicyType", [new("ProxyProtocol", "true")]),
                        new Policy("sticky", "LBCookieStickinessPolicyType", []),
                    ],
                    BackendPolicies = new Dictionary<int, IReadOnlyList<string>> { [443] = ["proxy"] },
                },
            ],
        });

        public async Task DisposeAsync() => await Sandbox.DisposeAsync();
    }
}
