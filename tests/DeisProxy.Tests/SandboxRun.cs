using System.Text.Json.Nodes;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>A finished run of the whole command line in this process, against a sandbox.</summary>
internal sealed record SandboxRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    public JsonObject Json => (JsonObject)JsonNode.Parse(Output)!;

    public static async Task<SandboxRun> StartAsync(SandboxCloud sandbox, string stateFolder, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CommandHost(new Terminal(TextReader.Null, output, error), OpenAsync, TimeProvider.System);
        using var limit = new CancellationTokenSource(Limit);
        var exitCode = await CommandLine.RunAsync([.. arguments, "--region", sandbox.Options.Region], host, limit.Token);
        return new SandboxRun(exitCode, output.ToString(), error.ToString());

        Task<ClusterSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken) => ClusterSession.OpenAsync(
            settings with { Aws = settings.Aws with { Endpoint = sandbox.AwsEndpoint }, StateFolder = stateFolder },
            async (nodes, _, ct) => await FailoverNode.EnterAsync(nodes, (addresses, again) => sandbox.ConnectNodeAsync(addresses[0].Host, again), ct),
            async (address, _, command, ct) =>
            {
                await using var node = await sandbox.ConnectNodeAsync(address.Host, ct);
                return await node.RunAsync(command, ct);
            },
            connect: null,
            TimeProvider.System,
            cancellationToken);
    }
}
