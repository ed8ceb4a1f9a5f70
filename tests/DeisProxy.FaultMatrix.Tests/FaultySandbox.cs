using System.Diagnostics;
using System.Text.Json.Nodes;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>A sandbox whose every call can be made to fail, and deis-proxy against it: in this process, or as one that can be killed.</summary>
internal sealed class FaultySandbox : IAsyncDisposable
{
    public const string Secret = "THE-PRIVATE-KEY-OF-THE-PLATFORM";

    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(180);

    private static readonly TimeSpan HoldLimit = TimeSpan.FromSeconds(5);

    private readonly TemporaryDirectory _state = new();
    private readonly Lazy<NodeRelay> _relay;
    private readonly SandboxWay _way;

    private FaultySandbox(SandboxCloud sandbox, string scene)
    {
        Sandbox = sandbox;
        Scene = scene;
        _relay = new Lazy<NodeRelay>(() => new NodeRelay(sandbox));
        _way = new SandboxWay(sandbox.AwsEndpoint, sandbox.Nodes, _state.Path, sandbox.ConnectNodeAsync)
        {
            Rackspace = sandbox.Rackspace is { } account
                ? SandboxWay.RackspaceAt(account.Options.Username, account.Options.ApiKey, account.AuthUrl)
                : null,
        };
        Start = State();
    }

    public SandboxCloud Sandbox { get; }

    /// <summary>aws, rackspace, websocket-only (Rackspace with a second load balancer), or none.</summary>
    public string Scene { get; }

    /// <summary>What was there at first.</summary>
    public string Start { get; }

    private static SandboxOptions Options => SandboxOptions.DeisV15 with
    {
        VpcCidr = "172.31.0.0/16",
        RouterInterval = TimeSpan.FromMilliseconds(100),
        RouterReloadDelay = TimeSpan.FromMilliseconds(5),
        EtcdKeys = new Dictionary<string, string>(StringComparer.Ordinal) { ["/deis/router/sslKey"] = Secret },
        LoadBalancers =
        [
            LoadBalancerOptions.DeisV15 with
            {
                IdleTimeout = 60,
                Listeners =
                [
                    new("HTTP", 80, "HTTP", 80),
                    new("HTTPS", 443, "HTTP", 80, "arn:aws:iam::123456789012:server-certificate/deis") { PolicyNames = ["ciphers", "sticky"] },
                    new("TCP", 2222, "TCP", 2222),
                ],
                Policies =
                [
                    new("ciphers", "SSLNegotiationPolicyType", [new("Protocol-TLSv1.2", "true")]),
                    new("sticky", "LBCookieStickinessPolicyType", [new("CookieExpirationPeriod", "60")]),
                ],
            },
        ],
    };

    /// <summary>Everything that a change of the protocol touches.</summary>
    private static SandboxOptions RackspaceOptions => Options with
    {
        LoadBalancers = [],
        Rackspace = new RackspaceOptions
        {
            ApiKey = Secret,
            Token = Secrets.RackspaceToken,
            ChangeTime = new LagRange(TimeSpan.Zero, TimeSpan.FromMilliseconds(20)),
            LoadBalancers =
            [
                CloudBalancerOptions.Web with { Caching = true, Persistence = "HTTP_COOKIE", ErrorPage = "<html>ours</html>", Timeout = 45 },
                CloudBalancerOptions.Builder,
            ],
        },
    };

    public static async Task<FaultySandbox> StartAsync(string scene = "aws")
    {
        var options = scene switch { "aws" => Options, "none" => Options with { LoadBalancers = [] }, _ => RackspaceOptions };
        return new(await SandboxCloud.StartAsync(options), scene);
    }

    /// <summary>Makes it what teardown meets. Without a load balancer that is a key which somebody else has set.</summary>
    public async Task SetUpAsync()
    {
        if (Scene == "none")
        {
            Sandbox.SetEtcdValue("/deis/router/proxyProtocol", "1");
        }
        else
        {
            (await RunAsync("setup")).ExitCode.ShouldBe(0);
        }
    }

    /// <summary>Everything that deis-proxy may change, as text.</summary>
    public string State()
    {
        if (Scene != "aws")
        {
            // A second load balancer has another id each time that it is created.
            return string.Join('\n', (Sandbox.Rackspace?.LoadBalancers ?? []).OrderBy(b => b.State.Port)
                .Select(b => $"{b.State} {string.Join(' ', b.VirtualIps)} {string.Join(' ', b.Nodes.Select(n => $"{n.Address}:{n.Port}"))}")
                .Append($"proxyProtocol {Sandbox.EtcdValue("/deis/router/proxyProtocol") ?? "absent"}"));
        }

        var balancer = Sandbox.FindLoadBalancer();
        // AWS adds its predefined policy to the load balancer when a TLS listener is created; unused it has no effect, and it stays.
        var policies = balancer.Policies.Select(p => p.Name).Where(name => !name.StartsWith("ELBSecurityPolicy-", StringComparison.Ordinal));
        return string.Join('\n', (string[])
        [
            .. balancer.Listeners.OrderBy(l => l.LoadBalancerPort).Select(l =>
                $"{l.Protocol}:{l.LoadBalancerPort}→{l.InstanceProtocol}:{l.InstancePort} {l.CertificateId} "
                    + $"{string.Join(',', l.PolicyNames.Order(StringComparer.Ordinal))}"),
            .. balancer.BackendPolicies.Where(b => b.Value.Count > 0).OrderBy(b => b.Key).Select(b => $"backend {b.Key} {string.Join(',', b.Value)}"),
            $"policies {string.Join(',', policies.Order(StringComparer.Ordinal))}",
            $"{balancer.HealthCheck} idle {balancer.IdleTimeout}",
            $"proxyProtocol {Sandbox.EtcdValue("/deis/router/proxyProtocol") ?? "absent"}, cidr "
                + $"{Sandbox.EtcdValue("/deis/router/proxyRealIpCidr") ?? "absent"}",
        ]);
    }

    /// <summary>Ports that had a listener and have none, or one with another certificate or without its ciphers.</summary>
    public IEnumerable<int> BrokenPorts() => Scene == "none" ? [] : Sandbox.Rackspace is { } account
        ? new[] { 80, 2222 }.Where(port => !account.LoadBalancers.Any(b => b.State.Port == port))
        : Options.LoadBalancers[0].Listeners
        .Where(was => Sandbox.FindLoadBalancer().Listeners.FirstOrDefault(l => l.LoadBalancerPort == was.LoadBalancerPort) is not { } now
            || now.CertificateId != was.CertificateId
            || (was.PolicyNames.Contains("ciphers") && !now.PolicyNames.Contains("ciphers")))
        .Select(l => l.LoadBalancerPort);

    public bool HoldsLock => Sandbox.EtcdValue("/deis-proxy/lock") is not null;

    /// <summary>
    /// Whether there is a lock that never expires. The lock of a process that was killed just before its end expires within a minute.
    /// </summary>
    public async Task<bool> LockStaysAsync()
    {
        if (!HoldsLock)
        {
            return false;
        }

        using var http = new HttpClient();
        var answer = JsonNode.Parse(await http.GetStringAsync(new Uri(Sandbox.EtcdEndpoint, "/v2/keys/deis-proxy/lock")));
        return answer?["node"]?["ttl"]?.GetValue<int>() is not (> 0 and <= 60);
    }

    public bool HasUnfinishedRun => JournalValue("run") is not null;

    /// <summary>Everything that runs have written: the lock and the journal in etcd, and the files on this machine.</summary>
    public string Kept() => string.Join('\n', (IEnumerable<string?>)
    [
        Sandbox.EtcdValue("/deis-proxy/lock"), JournalValue("run"), JournalValue("history"),
        .. Directory.EnumerateFiles(_state.Path, "*", SearchOption.AllDirectories).Select(File.ReadAllText),
    ]);

    private string? JournalValue(string name) =>
        Sandbox.EtcdValue($"/deis-proxy/{Scene switch { "aws" => Sandbox.FindLoadBalancer().Name, "none" => "none", _ => "rackspace-71" }}/{name}");

    /// <summary>Whether a fault that was asked for has come about.</summary>
    public bool IsStruck => Sandbox.CallLog.Calls.Any(call => call.Outcome.StartsWith("fault", StringComparison.Ordinal));

    public bool HoldsConnections => Sandbox.Nodes.Any(Sandbox.HoldsConnections);

    /// <summary>Whether connections are held for longer than a node may ever do.</summary>
    public async Task<bool> HoldsConnectionsTooLongAsync()
    {
        for (var begun = Stopwatch.GetTimestamp(); HoldsConnections; await Task.Delay(20))
        {
            if (Stopwatch.GetElapsedTime(begun) > HoldLimit)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Runs deis-proxy in this process, entering the nodes without SSH.</summary>
    public Task<Run> RunAsync(string command, CancellationToken interrupt = default) => RunAsync([command], interrupt);

    public async Task<Run> RunAsync(IReadOnlyList<string> arguments, CancellationToken interrupt = default)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CommandHost(new Terminal(TextReader.Null, output, error), _way.OpenAsync, TimeProvider.System)
        {
            RollbackLimit = SandboxWay.RollbackLimit,
        };
        var exitCode = await CommandLine.RunAsync([.. arguments, "--verbose", .. ProviderOptions(arguments[0])], host, interrupt).WaitAsync(
            RunLimit, CancellationToken.None);
        return new Run(exitCode, $"{output}{error}");
    }

    /// <summary>Starts deis-proxy as a process of its own, which enters the sandbox's nodes.</summary>
    public Process StartProcess(string command)
    {
        var start = NewProcess(typeof(FaultySandbox).Assembly.Location, command, ProviderOptions(command));
        _way.ToEnvironment(start.Environment, _relay.Value.Port);
        return Begin(start);
    }

    /// <summary>Starts deis-proxy as it is delivered, which enters by a real sshd; it reaches no other node.</summary>
    /// <param name="options">Further options.</param>
    public Process StartProcess(string command, SshServer node, params string[] options)
    {
        var start = NewProcess(
            Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll"), command,
            [
                .. options, "--region", "us-east-1", "--node", node.Address, "--ssh-user", node.User, "--identity", node.IdentityFile,
                "--known-hosts", node.KnownHostsFile, "--ssh-config", "/dev/null", "--etcd-endpoint", Sandbox.EtcdEndpoint.ToString(),
            ]);
        start.Environment["AWS_ENDPOINT_URL"] = Sandbox.AwsEndpoint.ToString();
        start.Environment["XDG_STATE_HOME"] = _state.Path;
        return Begin(start);
    }

    private string[] ProviderOptions(string command) => (Scene, command) switch
    {
        ("aws", _) => ["--region", "us-east-1"],
        ("none", _) => ["--provider", "none", "--node", Sandbox.Nodes[0]],
        ("websocket-only", "setup") => ["--provider", "rackspace", "--load-balancer", "deis", "--websocket-only", "8080"],
        (_, "setup") => ["--provider", "rackspace", "--load-balancer", "deis", "--drop-session-persistence"],
        _ => ["--provider", "rackspace", "--load-balancer", "deis"],
    };

    public async ValueTask DisposeAsync()
    {
        if (_relay.IsValueCreated)
        {
            await _relay.Value.DisposeAsync();
        }

        await Sandbox.DisposeAsync();
        _state.Dispose();
    }

    private static ProcessStartInfo NewProcess(string program, string command, params string[] options)
    {
        var start = new ProcessStartInfo("dotnet", [program, command, "--verbose", .. options])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AWS_ACCESS_KEY_ID"] = "test";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = Secrets.AwsKey;
        start.Environment["AWS_SESSION_TOKEN"] = Secrets.AwsToken;
        start.Environment["DEIS_PROXY_SSH_PASSPHRASE"] = Secrets.Passphrase;

        // These processes live for a second or two: nothing that pays off later.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return start;
    }

    private static Process Begin(ProcessStartInfo start)
    {
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}

/// <summary>A finished run.</summary>
internal sealed record Run(int ExitCode, string Text);
