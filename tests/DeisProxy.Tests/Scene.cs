using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;
using DeisProxy.Sandbox.Router;

namespace DeisProxy.Tests;

/// <summary>
/// A sandbox (AWS, Rackspace, or no load balancer), and the whole command line against it in this process; only the node is entered without SSH.
/// </summary>
internal sealed class Scene : IAsyncDisposable
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(180);

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("deis-proxy-scene-");
    private readonly string _start;

    private Scene(SandboxCloud sandbox)
    {
        Sandbox = sandbox;
        _start = State;
    }

    public SandboxCloud Sandbox { get; }

    /// <summary>How long putting back may take; shorter where it cannot succeed.</summary>
    public TimeSpan RollbackLimit { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Calls that changed something of load balancers or of the routers' settings. The tool's own lock and journal are not what anybody would miss.
    /// </summary>
    public IReadOnlyList<RemoteCall> Changes => [.. Sandbox.CallLog.Mutating.Where(call =>
        call.Service != "ssh" && !(call.Service == "etcd" && call.Parameters["key"].StartsWith("/deis-proxy/", StringComparison.Ordinal)))];

    /// <summary>Rackspace's load balancer in front of the routers.</summary>
    public CloudBalancer Web => Sandbox.Rackspace!.LoadBalancers.First(b => b.Id == 71);

    public string ErrorPageFile => Path.Combine(_state.FullName, "rackspace-deis-71.error-page.html");

    /// <summary>Everything that a person may have set, as text.</summary>
    private string State
    {
        get
        {
            if (!IsAws)
            {
                return string.Join('\n', (Sandbox.Rackspace?.LoadBalancers ?? []).Select(b => $"{b.Id} {b.State}")
                    .Append($"proxyProtocol {Sandbox.EtcdValue("/deis/router/proxyProtocol") ?? "absent"}"));
            }

            var balancer = Sandbox.FindLoadBalancer();
            return string.Join(
                " | ",
                string.Join(", ", balancer.Listeners.OrderBy(l => l.LoadBalancerPort)),
                string.Join(", ", balancer.BackendPolicies.Where(b => b.Value.Count > 0).Select(b => $"{b.Key} {string.Join(' ', b.Value)}")),
                string.Join(", ", balancer.Policies.Select(p => p.Name)),
                $"{balancer.HealthCheck} {balancer.IdleTimeout}",
                $"{Sandbox.EtcdValue("/deis/router/proxyProtocol")} {Sandbox.EtcdValue("/deis/router/proxyRealIpCidr")}");
        }
    }

    private bool IsAws => Sandbox.LoadBalancers.Count > 0;

    public static Task<Scene> StartAsync(params CloudBalancerOptions[] balancers) =>
        StartAsync(new RackspaceOptions { LoadBalancers = balancers.Length > 0 ? balancers : [CloudBalancerOptions.Web] });

    public static Task<Scene> StartAsync(RackspaceOptions rackspace) =>
        StartAsync(SandboxOptions.DeisOnRackspace with { Rackspace = rackspace });

    /// <summary>Starts a sandbox whose routers are fast.</summary>
    public static Task<Scene> StartAsync(SandboxOptions options) => StartAsItIsAsync(options with
    {
        RouterInterval = TimeSpan.FromMilliseconds(100),
        RouterReloadDelay = TimeSpan.FromMilliseconds(5),
    });

    public static async Task<Scene> StartAsItIsAsync(SandboxOptions options) => new(await SandboxCloud.StartAsync(options));

    public void ShouldBeUntouched()
    {
        Changes.ShouldBeEmpty();
        State.ShouldBe(_start);
        Sandbox.EtcdValue("/deis-proxy/lock").ShouldBeNull();
    }

    public void ShouldBeAsAtFirst() => State.ShouldBe(_start);

    /// <summary>Runs a command with text output.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await RunAsync(new Terminal(TextReader.Null, output, error), arguments, CancellationToken.None);
        return (exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command at a terminal of the test's own.</summary>
    public Task<int> RunAsync(Terminal terminal, string[] arguments, CancellationToken cancellationToken)
    {
        var host = new CommandHost(terminal, OpenAsync, TimeProvider.System) { RollbackLimit = RollbackLimit };
        string[] provider = IsAws ? ["--region", "us-east-1"]
            : Sandbox.Rackspace is not null ? ["--provider", "rackspace"]
            : ["--provider", "none", "--node", Sandbox.Nodes[0]];
        return CommandLine.RunAsync([.. arguments, .. provider], host, cancellationToken).WaitAsync(RunLimit, CancellationToken.None);
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<string> DoneAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(arguments);
        exitCode.ShouldBe(ExitCode.Done, $"{output}\n{error}");
        return output;
    }

    /// <summary>The results of verify, by id: status and what was seen.</summary>
    public async Task<(int ExitCode, IReadOnlyDictionary<string, (string Status, string Seen)> Checks)> VerifyAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(["verify", .. arguments, "--output", "json"]);
        output.ShouldNotBeEmpty(error);
        return (exitCode, OutputSchema.Valid(output)["checks"]!.AsArray().ToDictionary(
            c => c!["id"]!.GetValue<string>(), c => (c!["status"]!.GetValue<string>(), c["seen"]!.GetValue<string>())));
    }

    /// <summary>URLs of the application through a port of Rackspace's load balancers.</summary>
    public string[] Urls(int port)
    {
        var application = $"127.0.0.1:{Sandbox.Rackspace!.DataPlanePort("203.0.113.80", port)}/";
        return ["--url", $"http://{application}", "--echo-url", $"http://{application}", "--websocket-url", $"ws://{application}"];
    }

    /// <summary>Runs deis-proxy as a process of its own, which finds the sandbox as anybody's tools do: by its environment.</summary>
    public async Task<(int ExitCode, string Output, string Error)> RunProcessAsync(params string[] arguments)
    {
        using var tool = new ToolProcess();
        return await tool.RunAsync(
            arguments,
            ("AWS_ENDPOINT_URL", Sandbox.AwsEndpoint.ToString()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("XDG_STATE_HOME", _state.FullName));
    }

    /// <summary>Must be refused for one reason, in text and in JSON alike, and change nothing; gives message and remedy.</summary>
    public async Task<string> RefusedAsync(string code, params string[] arguments)
    {
        var text = await RunAsync(arguments);
        var json = await RunAsync([.. arguments, "--output", "json"]);

        text.ExitCode.ShouldBe(ExitCode.Failed, text.Error);
        json.ExitCode.ShouldBe(ExitCode.Failed, json.Error);
        var document = OutputSchema.Valid(json.Output);
        document["changed"]!.GetValue<bool>().ShouldBeFalse();
        document["steps"]!.AsArray().ShouldBeEmpty();
        document["error"]!["code"]!.GetValue<string>().ShouldBe(code);
        var message = document["error"]!["message"]!.GetValue<string>();
        text.Error.ShouldContain($"error: {message} [{code}]");
        var remedy = document["error"]!["remedy"]!.GetValue<string>();
        text.Error.ShouldContain(remedy);
        ShouldBeUntouched();
        return $"{message} {remedy}";
    }

    /// <summary>Must be warned of, in text and in JSON alike, by a dry run that goes on; gives the messages and remedies of that id.</summary>
    public async Task<string> WarnedAsync(string id, params string[] arguments)
    {
        var text = await RunAsync([.. arguments, "--dry-run"]);
        var json = await RunAsync([.. arguments, "--dry-run", "--detailed-exitcode", "--output", "json"]);

        text.ExitCode.ShouldBe(ExitCode.Done, text.Error);
        json.ExitCode.ShouldBe(ExitCode.ChangesPending, json.Error);
        var warnings = OutputSchema.Valid(json.Output)["warnings"]!.AsArray().Where(w => w!["id"]!.GetValue<string>() == id).ToList();
        warnings.ShouldNotBeEmpty(json.Output);
        foreach (var warning in warnings)
        {
            text.Error.ShouldContain($"warning: {warning!["message"]!.GetValue<string>()}");
            text.Error.ShouldContain(warning["remedy"]!.GetValue<string>());
        }

        return string.Join(' ', warnings.Select(w => $"{w!["message"]!.GetValue<string>()} {w["remedy"]!.GetValue<string>()}"));
    }

    /// <summary>Warnings of a run, by id.</summary>
    public async Task<IReadOnlyList<string>> WarningsAsync(params string[] arguments)
    {
        var json = await RunAsync([.. arguments, "--dry-run", "--output", "json"]);
        return [.. OutputSchema.Valid(json.Output)["warnings"]!.AsArray().Select(w => w!["id"]!.GetValue<string>())];
    }

    public async ValueTask DisposeAsync()
    {
        await Sandbox.DisposeAsync();
        _state.Delete(recursive: true);
        Sandbox.Defects.ShouldBeEmpty();
    }

    private Task<ClusterSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        var local = settings with
        {
            Aws = settings.Aws with { Endpoint = Sandbox.AwsEndpoint },
            Nodes = settings.Nodes.Count > 0 ? settings.Nodes : [.. Sandbox.Nodes.Select(NodeAddress.Parse)],
            StateFolder = _state.FullName,
            Rackspace = Sandbox.Rackspace is not { } account ? null
                : new RackspaceSettings(account.Options.Username, account.Options.ApiKey, account.AuthUrl, settings.Aws.Region)
                {
                    PollInterval = TimeSpan.FromMilliseconds(20),
                    CallTimeout = TimeSpan.FromSeconds(10),
                },
        };
        return ClusterSession.OpenAsync(
            local, new SandboxTransport(Sandbox.ConnectNodeAsync), passOver: _ => { }, connect: null, TimeProvider.System, cancellationToken);
    }
}
