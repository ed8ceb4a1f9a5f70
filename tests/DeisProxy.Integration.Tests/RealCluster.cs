using System.Globalization;
using System.Xml.Linq;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>
/// A Deis cluster of real parts: moto with a stack, etcd, sshd as the node, nginx as the routers; and deis-proxy as a process against them.
/// Started once for a test class, and put into a known state by each test.
/// </summary>
#pragma warning disable CA1001 // xunit disposes fixtures through IAsyncLifetime.
public abstract class RealCluster(NginxRouterOptions routers) : IAsyncLifetime
#pragma warning restore CA1001
{
    public const string Stack = "deis";

    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(90);

    private static readonly string[] RouterKeys =
    [
        "/deis/router/proxyProtocol", "/deis/router/proxyRealIpCidr", "/deis/router/enforceHTTPS",
        "/deis/router/hsts", "/deis/router/image", "/deis-proxy",
    ];

    private readonly Stack<IAsyncDisposable> _parts = new();
    private TemporaryDirectory? _state;

    public Moto Moto { get; private set; } = null!;

    public RecordingProxy Aws { get; private set; } = null!;

    public EtcdServer Etcd { get; private set; } = null!;

    public SshServer Ssh { get; private set; } = null!;

    public NginxRouters Routers { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        try
        {
            var moto = Moto.StartAsync();
            Etcd = Keep(await EtcdServer.StartAsync());
            Ssh = Keep(await SshServer.StartAsync());
            Routers = Keep(await NginxRouters.StartAsync(Etcd, routers));
            Moto = Keep(await moto);
            Aws = Keep(new RecordingProxy(Moto.Endpoint, RealProcess.FreePort()));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async Task DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }

        _state?.Dispose();
    }

    /// <summary>Forgets what the test before did: a new stack, routers that etcd tells nothing.</summary>
    /// <param name="release">What etcd says that the routers are; null: what they are.</param>
    public async Task ResetAsync(StackTemplate template, string? release = null)
    {
        _state?.Dispose();
        _state = new TemporaryDirectory();
        await Moto.ResetAsync();
        await Task.WhenAll(RouterKeys.Select(Etcd.DeleteAsync));
        await Etcd.SetAsync("/deis/platform/version", release ?? routers.DeisVersion);
        foreach (var router in Routers.Routers)
        {
            router.Stuck = false;
        }

        await Routers.RenderNowAsync();
        await CallAsync(
            "cloudformation",
            "CreateStack",
            "2010-05-15",
            ("StackName", Stack),
            ("TemplateBody", template.ToString()),
            ("Parameters.member.1.ParameterKey", "KeyPair"),
            ("Parameters.member.1.ParameterValue", "deis"),
            ("Parameters.member.2.ParameterKey", "EC2VirtualizationType"),
            ("Parameters.member.2.ParameterValue", "HVM"));
        Aws.Forget();
    }

    /// <summary>Calls AWS's Query API as no client of ours does.</summary>
    public Task<XDocument> CallAsync(string service, string action, string version, params (string Name, string Value)[] parameters) =>
        AwsQuery.CallAsync(Aws.Endpoint, service, action, version, parameters);

    public Task<XDocument> ElbAsync(string action, params (string Name, string Value)[] parameters) =>
        CallAsync("elasticloadbalancing", action, "2012-06-01", parameters);

    /// <summary>Name of the load balancer with a logical id.</summary>
    public async Task<string> LoadBalancerAsync(string logicalId = "DeisWebELB")
    {
        var resources = await CallAsync(
            "cloudformation", "DescribeStackResource", "2010-05-15", ("StackName", Stack), ("LogicalResourceId", logicalId));
        return resources.Descendants().Single(e => e.Name.LocalName == "PhysicalResourceId").Value;
    }

    /// <summary>What a load balancer is now, asked without any code under test.</summary>
    public async Task<LoadBalancerView> ReadLoadBalancerAsync(string name) => new(
        await ElbAsync("DescribeLoadBalancers", ("LoadBalancerNames.member.1", name)),
        await ElbAsync("DescribeLoadBalancerAttributes", ("LoadBalancerName", name)));

    /// <summary>Replaces the listener of a port, with an InstanceProtocol of its own, which no template can make in moto.</summary>
    public async Task ReplaceListenerAsync(
        string loadBalancer, int port, string protocol, int instancePort, string instanceProtocol, string? certificate = null)
    {
        var number = port.ToString(CultureInfo.InvariantCulture);
        await ElbAsync("DeleteLoadBalancerListeners", ("LoadBalancerName", loadBalancer), ("LoadBalancerPorts.member.1", number));
        var fields = new List<(string, string)>
        {
            ("LoadBalancerName", loadBalancer),
            ("Listeners.member.1.LoadBalancerPort", number),
            ("Listeners.member.1.Protocol", protocol),
            ("Listeners.member.1.InstancePort", instancePort.ToString(CultureInfo.InvariantCulture)),
            ("Listeners.member.1.InstanceProtocol", instanceProtocol),
        };
        if (certificate is not null)
        {
            fields.Add(("Listeners.member.1.SSLCertificateId", certificate));
        }

        await ElbAsync("CreateLoadBalancerListeners", [.. fields]);
        Aws.Forget();
    }

    /// <summary>Runs deis-proxy as a process of its own; options that the arguments do not name are this cluster's.</summary>
    public Task<ToolRun> RunAsync(params string[] arguments) => ToolRun.StartAsync(WithConnection(arguments), AwsEnvironment(), RunLimit);

    /// <summary>The same with more in the environment.</summary>
    public Task<ToolRun> RunAsync(IEnumerable<KeyValuePair<string, string>> environment, params string[] arguments)
    {
        var all = AwsEnvironment();
        foreach (var (name, value) in environment)
        {
            all[name] = value;
        }

        return ToolRun.StartAsync(WithConnection(arguments), all, RunLimit);
    }

    /// <summary>The same at a terminal, where a person types.</summary>
    public Task<ToolRun> RunAtTerminalAsync(string typed, params string[] arguments) =>
        ToolRun.StartAsync(WithConnection(arguments), AwsEnvironment(), RunLimit, typed);

    public IDictionary<string, string> AwsEnvironment() => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = Aws.Endpoint.ToString(),
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["AWS_DEFAULT_REGION"] = "us-east-1",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["XDG_STATE_HOME"] = _state?.Path ?? "",
    };

    private List<string> WithConnection(string[] arguments)
    {
        var options = new (string Name, string Value)[]
        {
            ("--node", Ssh.Address), ("--ssh-user", Ssh.User), ("--identity", Ssh.IdentityFile), ("--known-hosts", Ssh.KnownHostsFile),
            ("--ssh-config", "/dev/null"), ("--etcd-endpoint", Etcd.Endpoint.ToString()),
        };
        return [.. arguments, .. options.Where(o => !arguments.Contains(o.Name)).SelectMany(o => new[] { o.Name, o.Value })];
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}

/// <summary>Three routers of v1.12.3, which listen on port 80 only.</summary>
public sealed class PlainCluster() : RealCluster(new NginxRouterOptions { DeisVersion = "1.12.3", Tick = TimeSpan.FromSeconds(1) });

/// <summary>Three routers of v1.13.4 with a certificate, so that they listen on port 443 too.</summary>
public sealed class CertifiedCluster() : RealCluster(
    new NginxRouterOptions { DeisVersion = "1.13.4", Tick = TimeSpan.FromSeconds(1), WithCertificate = true });

/// <summary>No router at all.</summary>
public sealed class RouterlessCluster() : RealCluster(new NginxRouterOptions { DeisVersion = "1.12.3", Count = 0 });
