using System.Text.Json.Nodes;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;
using DeisProxy.Sandbox.Router;

namespace DeisProxy.Tests;

/// <summary>A cluster behind Cloud Load Balancers, or behind none, and the whole command line against it in this process.</summary>
internal sealed class CloudScene : IAsyncDisposable
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(180);

    private readonly DirectoryInfo _state = Directory.CreateTempSubdirectory("deis-proxy-cloud-");
    private readonly string _start;

    private CloudScene(SandboxCloud sandbox)
    {
        Sandbox = sandbox;
        _start = State();
    }

    public SandboxCloud Sandbox { get; }

    public CloudBalancer Web => Sandbox.Rackspace!.LoadBalancers.First(b => b.Id == 71);

    public string ErrorPageFile => Path.Combine(_state.FullName, "rackspace-deis-71.error-page.html");

    /// <summary>Calls that changed something of the load balancers or of the routers' settings.</summary>
    public IReadOnlyList<RemoteCall> Changes => [.. Sandbox.CallLog.Mutating.Where(call =>
        call.Service == "loadbalancers"
        || (call.Service == "etcd" && !call.Parameters["key"].StartsWith("/deis-proxy/", StringComparison.Ordinal)))];

    public static Task<CloudScene> StartAsync(params CloudBalancerOptions[] balancers) =>
        StartAsync(new RackspaceOptions { LoadBalancers = balancers.Length > 0 ? balancers : [CloudBalancerOptions.Web] });

    public static Task<CloudScene> StartAsync(RackspaceOptions rackspace) =>
        StartAsync(SandboxOptions.DeisOnRackspace with { Rackspace = rackspace });

    public static async Task<CloudScene> StartAsync(SandboxOptions options) => new(await SandboxCloud.StartAsync(options with
    {
        RouterInterval = TimeSpan.FromMilliseconds(100),
        RouterReloadDelay = TimeSpan.FromMilliseconds(5),
    }));

    /// <summary>Everything that a person may have set, as text.</summary>
    public string State() => string.Join('\n', (Sandbox.Rackspace?.LoadBalancers ?? []).Select(b => $"{b.Id} {b.State}")
        .Append($"proxyProtocol {Sandbox.EtcdValue("/deis/router/proxyProtocol") ?? "absent"}"));

    public void ShouldBeAsAtFirst() => State().ShouldBe(_start);

    public async Task<(int ExitCode, string Output, string Error)> RunAsync(string command, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CommandHost(new Terminal(TextReader.Null, output, error), OpenAsync, TimeProvider.System)
        {
            RollbackLimit = TimeSpan.FromSeconds(60),
        };
        string[] provider = arguments.Contains("--provider", StringComparer.Ordinal) ? [] : ["--provider", "rackspace"];
        var exitCode = await CommandLine.RunAsync([command, .. provider, .. arguments], host, CancellationToken.None).WaitAsync(RunLimit);
        return (exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<string> DoneAsync(string command, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(command, arguments);
        exitCode.ShouldBe(ExitCode.Done, $"{output}\n{error}");
        return output;
    }

    /// <summary>Must be refused for a reason, and change nothing.</summary>
    public async Task<string> RefusedAsync(string code, string command, params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync(command, [.. arguments, "--output", "json"]);
        exitCode.ShouldBe(ExitCode.Failed, error);
        var document = JsonNode.Parse(output)!;
        document["error"]!["code"]!.GetValue<string>().ShouldBe(code);
        document["changed"]!.GetValue<bool>().ShouldBeFalse();
        ShouldBeAsAtFirst();
        return $"{document["error"]!["message"]} {document["error"]!["remedy"]}";
    }

    /// <summary>The results of verify, by id: status and what was seen.</summary>
    public async Task<(int ExitCode, IReadOnlyDictionary<string, (string Status, string Seen)> Checks)> VerifyAsync(params string[] arguments)
    {
        var (exitCode, output, error) = await RunAsync("verify", [.. arguments, "--output", "json"]);
        output.ShouldNotBeEmpty(error);
        return (exitCode, JsonNode.Parse(output)!["checks"]!.AsArray().ToDictionary(
            c => c!["id"]!.GetValue<string>(), c => (c!["status"]!.GetValue<string>(), c["seen"]!.GetValue<string>())));
    }

    /// <summary>URLs of the application through a port of the load balancers.</summary>
    public string[] Urls(int port)
    {
        var application = $"127.0.0.1:{Sandbox.Rackspace!.DataPlanePort("203.0.113.80", port)}/";
        return ["--url", $"http://{application}", "--echo-url", $"http://{application}", "--websocket-url", $"ws://{application}"];
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
            Nodes = [.. Sandbox.Nodes.Select(NodeAddress.Parse)],
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
