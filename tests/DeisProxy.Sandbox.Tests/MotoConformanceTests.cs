using System.Diagnostics;
using System.Xml.Linq;

namespace DeisProxy.Sandbox.Tests;

/// <summary>
/// The same requests to the sandbox and to moto, each case on a load balancer of its own. What differs is listed with the reason; what is
/// not listed must be equal, and what is listed must differ (else the list is out of date).
/// </summary>
public sealed class MotoConformanceTests
{
    private const string NoCertificate = "arn:aws:iam::123456789012:server-certificate/none";

    // Requests before the last one prepare; the last one's answer and the load balancer afterward are compared.
    private static readonly (string Name, string[] Requests)[] Cases =
    [
        ("a new load balancer", ["DescribeInstanceHealth"]),
        ("describe it", ["DescribeLoadBalancers?LoadBalancerNames.member.1={name}"]),
        ("describe a missing one", ["DescribeLoadBalancers?LoadBalancerNames.member.1=nobody"]),
        ("attributes", ["DescribeLoadBalancerAttributes"]),
        ("attributes of a missing one", ["DescribeLoadBalancerAttributes?LoadBalancerName=nobody"]),
        ("idle timeout", ["ModifyLoadBalancerAttributes?LoadBalancerAttributes.ConnectionSettings.IdleTimeout=1200"]),
        ("health check over TCP", [Health("TCP:80", 15, 5, 2, 4)]),
        ("health check over HTTP", [Health("HTTP:80/health-check", 15, 5, 2, 4)]),
        ("health check, timeout not below the interval", [Health("TCP:80", 15, 15, 2, 4)]),
        ("health check, TCP with a path", [Health("TCP:80/x", 15, 5, 2, 4)]),
        (
            "health check of a missing one",
            ["ConfigureHealthCheck?LoadBalancerName=nobody&HealthCheck.Target=TCP:80&HealthCheck.Interval=15&HealthCheck.Timeout=5&"
                + "HealthCheck.UnhealthyThreshold=2&HealthCheck.HealthyThreshold=4"]),
        ("create a listener", [Create("TCP", 81, "TCP", 81)]),
        ("create a listener twice", [Create("TCP", 81, "TCP", 81), Create("TCP", 81, "TCP", 81)]),
        ("create another listener on its port", [Create("TCP", 81, "TCP", 81), Create("TCP", 81, "TCP", 82)]),
        ("create a listener with layers mixed", [Create("TCP", 81, "HTTP", 81)]),
        ("create a listener on a missing one", [Create("TCP", 81, "TCP", 81) + "&LoadBalancerName=nobody"]),
        ("create an SSL listener without certificate", [Create("SSL", 81, "TCP", 81)]),
        (
            "create an SSL listener with an unknown certificate",
            [Create("SSL", 81, "TCP", 81) + $"&Listeners.member.1.SSLCertificateId={NoCertificate}"]),
        ("delete a listener", ["DeleteLoadBalancerListeners?LoadBalancerPorts.member.1=80"]),
        ("delete an absent listener", ["DeleteLoadBalancerListeners?LoadBalancerPorts.member.1=81"]),
        ("delete two listeners", ["DeleteLoadBalancerListeners?LoadBalancerPorts.member.1=80&LoadBalancerPorts.member.2=2222"]),
        ("delete a listener of a missing one", ["DeleteLoadBalancerListeners?LoadBalancerName=nobody&LoadBalancerPorts.member.1=80"]),
        ("swap HTTP for TCP", ["DeleteLoadBalancerListeners?LoadBalancerPorts.member.1=80", Create("TCP", 80, "TCP", 80)]),
        ("create a policy", [Proxy("proxy", "true")]),
        ("create a policy twice", [Proxy("proxy", "true"), Proxy("proxy", "true")]),
        ("create a policy twice, otherwise", [Proxy("proxy", "true"), Proxy("proxy", "false")]),
        ("create a policy of an unknown type", ["CreateLoadBalancerPolicy?PolicyName=p&PolicyTypeName=Nothing"]),
        ("create a policy on a missing load balancer", [Proxy("proxy", "true") + "&LoadBalancerName=nobody"]),
        ("describe the policies", [Proxy("proxy", "true"), "DescribeLoadBalancerPolicies?PolicyNames.member.1=proxy"]),
        ("describe a missing policy", ["DescribeLoadBalancerPolicies?PolicyNames.member.1=nothing"]),
        ("delete a policy", [Proxy("proxy", "true"), "DeleteLoadBalancerPolicy?PolicyName=proxy"]),
        ("delete an absent policy", ["DeleteLoadBalancerPolicy?PolicyName=nothing"]),
        ("delete a policy in use", [Proxy("proxy", "true"), Backend(80, "proxy"), "DeleteLoadBalancerPolicy?PolicyName=proxy"]),
        ("set a backend policy", [Proxy("proxy", "true"), Backend(80, "proxy")]),
        (
            "clear a backend policy",
            [Proxy("proxy", "true"), Backend(80, "proxy"), "SetLoadBalancerPoliciesForBackendServer?InstancePort=80&PolicyNames="]),
        ("replace backend policies", [Proxy("a", "true"), Proxy("b", "true"), Backend(80, "a"), Backend(80, "b")]),
        ("set an unknown backend policy", [Backend(80, "nothing")]),
        ("set a backend policy on a port without listener", [Proxy("proxy", "true"), Backend(81, "proxy")]),
        ("set a backend policy on a port added later", [Proxy("proxy", "true"), Create("TCP", 81, "TCP", 81), Backend(81, "proxy")]),
        (
            "backend policies outlive their listener",
            [Proxy("proxy", "true"), Backend(80, "proxy"), "DeleteLoadBalancerListeners?LoadBalancerPorts.member.1=80"]),
        ("set a cookie policy", [OfListener(80, "sticky")]),
        ("replace a listener's policies", [OfListener(80, "sticky"), OfListener(80, "session")]),
        ("clear a listener's policies", [OfListener(80, "sticky"), "SetLoadBalancerPoliciesOfListener?LoadBalancerPort=80&PolicyNames="]),
        ("set an unknown policy on a listener", [OfListener(80, "nothing")]),
        ("set policies on an absent listener", ["SetLoadBalancerPoliciesOfListener?LoadBalancerPort=81&PolicyNames="]),
        ("set the PROXY policy on a listener", [Proxy("proxy", "true"), OfListener(80, "proxy")]),
    ];

    private static readonly LoadBalancerOptions Initial = new()
    {
        LogicalId = null,
        Listeners = [new Listener("HTTP", 80, "HTTP", 80), new Listener("TCP", 2222, "TCP", 2222)],
        Policies =
        [
            new Policy("sticky", "LBCookieStickinessPolicyType", [new("CookieExpirationPeriod", "60")]),
            new Policy("session", "AppCookieStickinessPolicyType", [new("CookieName", "c")]),
        ],
        HealthCheck = new HealthCheck("HTTP:80/", 30, 5, 2, 10),
        IdleTimeout = 60,
    };

    private static readonly Dictionary<string, string> MotoDiffers = new(StringComparer.Ordinal)
    {
        ["attributes of a missing one"] = "moto crashes",
        ["health check, timeout not below the interval"] = "moto does not validate",
        ["health check, TCP with a path"] = "moto does not validate",
        ["health check of a missing one"] = "moto crashes",
        ["create a listener with layers mixed"] = "moto does not validate",
        ["create a listener on a missing one"] = "moto says it is done",
        ["create an SSL listener without certificate"] = "moto does not validate, and reports the instance protocol as the protocol",
        ["create an SSL listener with an unknown certificate"] = "moto accepts a certificate that nobody has uploaded",
        ["delete two listeners"] = "moto removes none",
        ["delete a listener of a missing one"] = "moto crashes",
        ["create a policy twice, otherwise"] = "moto accepts duplicates",
        ["create a policy of an unknown type"] = "moto does not know the types",
        ["create a policy on a missing load balancer"] = "moto crashes",
        ["delete a policy in use"] = "moto deletes it and leaves its name on the port",
        ["set an unknown backend policy"] = "moto does not look it up",
        ["set a backend policy on a port without listener"] = "moto says it is done and does nothing",
        ["set a backend policy on a port added later"] = "moto says it is done and does nothing",
        ["set an unknown policy on a listener"] = "moto does not look it up",
        ["set policies on an absent listener"] = "moto says it is done",
        ["set the PROXY policy on a listener"] = "moto does not look at the type",
    };

    [Fact]
    public async Task Answers_and_effects_are_those_of_moto_but_for_what_is_listed()
    {
        using var moto = await Moto.StartAsync();
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            Nodes = 0,
            Routers = 0,
            LoadBalancers = [.. Cases.Select((_, index) => Initial with { Name = $"case-{index}" })],
        });
        using var other = new QueryClient(moto.Endpoint);
        var wrong = new List<string>();
        foreach (var (index, (name, requests)) in Cases.Index())
        {
            await CreateAsync(other, $"case-{index}");
            var ours = await ObserveAsync(sandbox.Aws, $"case-{index}", requests);
            var theirs = await ObserveAsync(other, $"case-{index}", requests);
            if ((ours != theirs) != MotoDiffers.ContainsKey(name))
            {
                wrong.Add($"{name}: {(ours == theirs ? $"listed as different ({MotoDiffers[name]}), but equal" : "different")}\n  ours: {ours}\n  "
                    + $"moto: {theirs}");
            }
        }

        wrong.ShouldBeEmpty();
        MotoDiffers.Keys.Except(Cases.Select(each => each.Name), StringComparer.Ordinal).ShouldBeEmpty();
    }

    private static string Create(string protocol, int port, string instanceProtocol, int instancePort) =>
        $"CreateLoadBalancerListeners?Listeners.member.1.Protocol={protocol}&Listeners.member.1.LoadBalancerPort={port}&"
            + $"Listeners.member.1.InstanceProtocol={instanceProtocol}&Listeners.member.1.InstancePort={instancePort}";

    private static string Proxy(string name, string value) =>
        $"CreateLoadBalancerPolicy?PolicyName={name}&PolicyTypeName=ProxyProtocolPolicyType&PolicyAttributes.member.1.AttributeName=ProxyProtocol&"
            + $"PolicyAttributes.member.1.AttributeValue={value}";

    private static string Backend(int port, string policy) =>
        $"SetLoadBalancerPoliciesForBackendServer?InstancePort={port}&PolicyNames.member.1={policy}";

    private static string OfListener(int port, string policy) =>
        $"SetLoadBalancerPoliciesOfListener?LoadBalancerPort={port}&PolicyNames.member.1={policy}";

    private static string Health(string target, int interval, int timeout, int unhealthy, int healthy) =>
        $"ConfigureHealthCheck?HealthCheck.Target={target}&HealthCheck.Interval={interval}&HealthCheck.Timeout={timeout}&"
            + $"HealthCheck.UnhealthyThreshold={unhealthy}&HealthCheck.HealthyThreshold={healthy}";

    /// <summary>Makes on moto what the sandbox starts with.</summary>
    private static async Task CreateAsync(QueryClient client, string loadBalancer)
    {
        var name = ("LoadBalancerName", (object)loadBalancer);
        (await client.ElbAsync(
            "CreateLoadBalancer",
            name, ("AvailabilityZones.member.1", "us-east-1a"),
            ("Listeners.member.1.Protocol", "HTTP"), ("Listeners.member.1.LoadBalancerPort", 80),
            ("Listeners.member.1.InstanceProtocol", "HTTP"), ("Listeners.member.1.InstancePort", 80),
            ("Listeners.member.2.Protocol", "TCP"), ("Listeners.member.2.LoadBalancerPort", 2222),
            ("Listeners.member.2.InstanceProtocol", "TCP"), ("Listeners.member.2.InstancePort", 2222))).Status.ShouldBe(200);
        (await client.ElbAsync("CreateLBCookieStickinessPolicy", name, ("PolicyName", "sticky"), ("CookieExpirationPeriod", 60))).Status.ShouldBe(
            200);
        (await client.ElbAsync("CreateAppCookieStickinessPolicy", name, ("PolicyName", "session"), ("CookieName", "c"))).Status.ShouldBe(200);
        // moto has no health check until one is set; the real one has from the start.
        (await client.ElbAsync(
            "ConfigureHealthCheck",
            name, ("HealthCheck.Target", "HTTP:80/"), ("HealthCheck.Interval", 30), ("HealthCheck.Timeout", 5),
            ("HealthCheck.UnhealthyThreshold", 2), ("HealthCheck.HealthyThreshold", 10))).Status.ShouldBe(200);
    }

    /// <summary>Status and error code of the last answer (its content when it describes something), and the load balancer afterward.</summary>
    private static async Task<string> ObserveAsync(QueryClient client, string loadBalancer, string[] requests)
    {
        QueryAnswer? last = null;
        foreach (var request in requests)
        {
            var parts = request.Replace("{name}", loadBalancer, StringComparison.Ordinal).Split('?', 2);
            var parameters = (parts.Length > 1 ? parts[1].Split('&') : [])
                .Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], (object)pair[1])).ToList();
            if (!parameters.Exists(parameter => parameter.Item1.StartsWith("LoadBalancerName", StringComparison.Ordinal)))
            {
                parameters.Add(("LoadBalancerName", loadBalancer));
            }

            last = await AskAsync(client, parts[0], [.. parameters]);
        }

        var described = await AskAsync(client, "DescribeLoadBalancers", ("LoadBalancerNames.member.1", loadBalancer));
        var attributes = await AskAsync(client, "DescribeLoadBalancerAttributes", ("LoadBalancerName", loadBalancer));
        return $"{last!.Status} {last.Code} {Content(last, "PolicyDescriptions")}{Content(last, "HealthCheck")} -> {Shown(described)} "
            + $"idle={attributes.Value("IdleTimeout")}";
    }

    private static async Task<QueryAnswer> AskAsync(QueryClient client, string operation, params (string Name, object Value)[] parameters)
    {
        try
        {
            return await client.ElbAsync(operation, parameters);
        }
        catch (System.Xml.XmlException)
        {
            // moto's own crashes come as an HTML page.
            return new QueryAnswer(500, new XDocument(new XElement("Crash", new XElement("Code", "(no error document)"))));
        }
    }

    private static string Content(QueryAnswer answer, string element) =>
        string.Concat(answer.Document.Descendants()
            .Where(found => found.Name.LocalName == element && !found.Ancestors().Any(above => above.Name.LocalName == "LoadBalancerDescriptions"))
            .SelectMany(found => found.Descendants()
                .Where(leaf => !leaf.HasElements)
                .Select(leaf => $"{leaf.Name.LocalName}={leaf.Value} ")
                .Order(StringComparer.Ordinal)));

    private static string Shown(QueryAnswer answer)
    {
        var listeners = Members(answer.Document.Root!, "ListenerDescriptions")
            .Select(member => $"{Leaf(member, "LoadBalancerPort")} {Leaf(member, "Protocol")}"
                + $"->{Leaf(member, "InstanceProtocol")}:{Leaf(member, "InstancePort")}[{Names(member)}]")
            .Order(StringComparer.Ordinal);
        var backends = Members(answer.Document.Root!, "BackendServerDescriptions").Where(member => Names(member).Length > 0)
            .Select(member => $"{Leaf(member, "InstancePort")}[{Names(member)}]").Order(StringComparer.Ordinal);
        var policies = answer.Document.Descendants().Where(element => element.Name.LocalName == "Policies")
            .SelectMany(element => element.Descendants().Where(leaf => !leaf.HasElements && leaf.Value.Length > 0)).Select(leaf => leaf.Value).Order(
                StringComparer.Ordinal);
        var health = answer.Document.Descendants().Where(element => element.Name.LocalName == "HealthCheck")
            .SelectMany(element => element.Elements()).Select(leaf => $"{leaf.Name.LocalName}={leaf.Value}").Order(StringComparer.Ordinal);
        return $"{answer.Code} {string.Join(", ", listeners)} backends {string.Join(", ", backends)} policies {string.Join(", ", policies)} check "
            + $"{string.Join(' ', health)}";
    }

    private static IEnumerable<XElement> Members(XElement root, string list) =>
        root.Descendants().Where(element => element.Name.LocalName == list).SelectMany(element => element.Elements());

    private static string? Leaf(XElement element, string name) =>
        element.Descendants().FirstOrDefault(candidate => candidate.Name.LocalName == name)?.Value;

    private static string Names(XElement element) =>
        string.Join(',', element.Descendants()
            .Where(candidate => candidate.Name.LocalName == "PolicyNames")
            .SelectMany(names => names.Elements())
            .Select(name => name.Value));

    private sealed class Moto : IDisposable
    {
        private readonly Process _process;

        private Moto(Process process, Uri endpoint)
        {
            _process = process;
            Endpoint = endpoint;
        }

        public Uri Endpoint { get; }

        public static async Task<Moto> StartAsync()
        {
            var port = Tools.FreePort();
            var process = Tools.Start("moto_server", "pip's moto[server]", ["-H", "127.0.0.1", "-p", $"{port}"]);
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            var moto = new Moto(process, new Uri($"http://127.0.0.1:{port}"));
            try
            {
                await Tools.EventuallyAsync(async () => Raw.Status(await Raw.GetAsync(port, "/moto-api/")) == 200, "moto_server answers", 30);
                return moto;
            }
            catch
            {
                moto.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
