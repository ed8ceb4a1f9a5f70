using System.Globalization;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Rackspace;
using DeisProxy.Sandbox.Router;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>How deis-proxy reaches a sandbox: everything as in earnest, but for SSH.</summary>
/// <param name="StateFolder">Where the journal's second copy lies.</param>
internal sealed record SandboxWay(
    Uri AwsEndpoint, IReadOnlyList<string> Nodes, string StateFolder, Func<string, CancellationToken, Task<INode>> EnterAsync)
{
    /// <summary>The Rackspace account; null where there is none.</summary>
    public RackspaceSettings? Rackspace { get; init; }

    /// <summary>How the account of a sandbox is reached.</summary>
    public static RackspaceSettings RackspaceAt(string username, string apiKey, Uri authUrl) => new(username, apiKey, authUrl, Region: null)
    {
        CallTimeout = TimeSpan.FromSeconds(3),
        PollInterval = TimeSpan.FromMilliseconds(10),
    };

    private bool IsEarnest { get; init; }

    public static readonly TimeSpan RollbackLimit = TimeSpan.FromSeconds(45);

    private const string Endpoint = "AWS_ENDPOINT_URL";
    private const string NodesVariable = "SANDBOX_NODES";
    private const string State = "SANDBOX_STATE";
    private const string Relay = "SANDBOX_RELAY";
    private const string Account = "SANDBOX_RACKSPACE";

    /// <summary>What <see cref="ToEnvironment"/> has left.</summary>
    /// <remarks>AWS is found as in earnest, with the environment's credentials.</remarks>
    public static SandboxWay FromEnvironment()
    {
        var relay = int.Parse(Variable(Relay), CultureInfo.InvariantCulture);
        return new SandboxWay(
            new Uri(Variable(Endpoint)), Variable(NodesVariable).Split(','), Variable(State), (node, ct) => RelayedNode.EnterAsync(relay, node, ct))
        {
            Rackspace = Environment.GetEnvironmentVariable(Account)?.Split(' ') is [var user, var key, var url]
                ? RackspaceAt(user, key, new Uri(url))
                : null,
            IsEarnest = true,
        };

        static string Variable(string name) =>
            Environment.GetEnvironmentVariable(name) ?? throw new InvalidOperationException($"{name} is not set; the tests start this program.");
    }

    public void ToEnvironment(IDictionary<string, string?> environment, int relayPort)
    {
        environment[Endpoint] = AwsEndpoint.ToString();
        environment[NodesVariable] = string.Join(',', Nodes);
        environment[State] = StateFolder;
        environment[Relay] = relayPort.ToString(CultureInfo.InvariantCulture);
        if (Rackspace is { } account)
        {
            environment[Account] = $"{account.Username} {account.ApiKey} {account.AuthUrl}";
        }
    }

    public Task<ClusterSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken)
    {
        var local = settings with
        {
            Aws = settings.Aws with { Endpoint = IsEarnest ? null : AwsEndpoint, CallTimeout = TimeSpan.FromSeconds(3) },
            Nodes = [.. Nodes.Select(NodeAddress.Parse)],
            StateFolder = StateFolder,
            Rackspace = Rackspace,
            EtcdTimeout = TimeSpan.FromSeconds(3),
        };
        return ClusterSession.OpenAsync(
            local,
            new SandboxTransport(EnterAsync),
            passOver: _ => { },
            connect: null,
            TimeProvider.System,
            cancellationToken);
    }
}
