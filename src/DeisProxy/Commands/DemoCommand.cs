using System.CommandLine;
using System.Text.Json.Nodes;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Output;
using DeisProxy.Providers;
using DeisProxy.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Router;
using DeisProxy.Traffic;

namespace DeisProxy.Commands;

/// <summary>
/// <c>deis-proxy demo</c>: setup, verify and teardown on a cloud in this process. Only the node is entered without SSH; everything
/// else is what runs against a real account.
/// </summary>
internal sealed class DemoCommand : Command
{
    /// <summary>What requests are marked with.</summary>
    private const string Token = "demo";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly CommandHost _host;
    private readonly OutputOptions _output = new();
    private readonly Option<string> _provider = new("--provider")
    {
        Description = "whose load balancer to show",
        HelpName = string.Join('|', SandboxScene.All.Select(s => s.Provider)),
        DefaultValueFactory = _ => SandboxScene.All[0].Provider,
    };

    public DemoCommand(CommandHost host)
        : base("demo", "run setup, verify and teardown in a built-in sandbox: no account, no server, no root")
    {
        _host = host;
        _provider.AcceptOnlyFromAmong([.. SandboxScene.All.Select(s => s.Provider)]);
        Options.Add(_provider);
        _output.AddTo(this, withFormat: false);
        SetAction((parsed, cancellationToken) =>
            RunAsync(SandboxScene.All.First(s => s.Provider == parsed.GetValue(_provider)), _output.Read(parsed), cancellationToken));
    }

    private async Task<int> RunAsync(SandboxScene scene, OutputSettings output, CancellationToken cancellationToken)
    {
        _host.Prepare(output);
        var exitCode = ExitCode.Done;
        var error = await _host.RunAsync(timeout: null, async ct => exitCode = await DemonstrateAsync(scene, output, ct), cancellationToken);
        if (error is null)
        {
            return exitCode;
        }

        ErrorText.Print(_host.Terminal, error, output.Verbose);
        return error is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
    }

    private async Task<int> DemonstrateAsync(SandboxScene scene, OutputSettings output, CancellationToken cancellationToken)
    {
        var state = Directory.CreateTempSubdirectory("deis-proxy-demo-");
        try
        {
            // Routers read etcd every 5 s in a real cluster; nobody wants to watch that.
            await using var sandbox = await SandboxCloud.StartAsync(scene.Options with { RouterInterval = TimeSpan.FromSeconds(1) },
                cancellationToken);
            var host = _host with { OpenSession = (settings, ct) => OpenAsync(sandbox, settings, state.FullName, ct) };

            Title($"{scene.Title}: what an application sees");
            await ShowTrafficAsync(sandbox, scene, cancellationToken);
            foreach (var command in new[] { "setup", "verify", "teardown" })
            {
                Title($"deis-proxy {command}");
                string[] node = scene.Provider == NoBalancerProvider.ProviderName ? ["--node", sandbox.Nodes[0]] : [];
                string[] amount = output.Quiet ? ["--quiet"] : output.Verbose ? ["--verbose"] : [];
                var exitCode = await CommandLine.RunAsync(
                    [command, .. scene.Arguments(sandbox), .. node, .. scene.OptionsOf(command, sandbox), .. amount], host, cancellationToken);
                if (exitCode != ExitCode.Done)
                {
                    return exitCode;
                }

                if (command != "verify")
                {
                    Title("What the application sees now");
                    await ShowTrafficAsync(sandbox, scene, cancellationToken);
                }
            }

            return ExitCode.Done;
        }
        finally
        {
            state.Delete(recursive: true);
        }
    }

    private static Task<ClusterSession> OpenAsync(
        SandboxCloud sandbox, ConnectionSettings settings, string stateFolder, CancellationToken cancellationToken)
    {
        var local = settings with
        {
            Aws = settings.Aws with { Endpoint = sandbox.AwsEndpoint },
            Nodes = [NodeAddress.Parse(sandbox.Nodes[0])],
            StateFolder = stateFolder,
            Rackspace = sandbox.Rackspace is { } account
                ? new RackspaceSettings(account.Options.Username, account.Options.ApiKey, account.AuthUrl, Region: null)
                {
                    PollInterval = PollInterval,
                }
                : null,
        };
        return ClusterSession.OpenAsync(
            local, new SandboxTransport(sandbox.ConnectNodeAsync), passOver: _ => { }, connect: null, TimeProvider.System, cancellationToken);
    }

    private void Title(string text)
    {
        _host.Terminal.Result("");
        _host.Terminal.Result($"── {text}", Tone.Bold);
    }

    private async Task ShowTrafficAsync(SandboxCloud sandbox, SandboxScene scene, CancellationToken cancellationToken)
    {
        var port = scene.Ports(sandbox).First().Loopback;
        _host.Terminal.Result(
            $"   a client at {SandboxScene.ClientOf(sandbox)}, an HTTP request:  X-Forwarded-For {await ForwardedForAsync(port, cancellationToken)}");
        _host.Terminal.Result($"   the same client, a WebSocket:             {await WebSocketAsync(port, cancellationToken)}");
    }

    private static async Task<string> ForwardedForAsync(int port, CancellationToken cancellationToken)
    {
        using var http = new HttpTraffic();
        var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/"), Token, cancellationToken);
        return answer.Status == 200 ? JsonNode.Parse(answer.Body)?["headers"]?["X-Forwarded-For"]?.GetValue<string>() ?? "none" : $"({answer})";
    }

    private static async Task<string> WebSocketAsync(int port, CancellationToken cancellationToken)
    {
        var seen = await WebSocketTraffic.EchoAsync(new Uri($"ws://127.0.0.1:{port}/"), Token, cancellationToken);
        return seen.Echoed ? "opens, and messages come back"
            : seen.Handshake.Status is 0 or 101 ? $"fails ({seen.Handshake})"
            : $"refused (HTTP {seen.Handshake.Status} instead of 101)";
    }
}
