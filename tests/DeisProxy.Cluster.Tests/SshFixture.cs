using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

internal static class SshServers
{
    public static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    public static SshOptions Options(this SshServer server) => new()
    {
        User = server.User,
        IdentityFile = server.IdentityFile,
        KnownHostsFile = server.KnownHostsFile,
        ConnectTimeout = TimeSpan.FromSeconds(5),
    };

    public static Task<OpenSshNode> ConnectAsync(this SshServer server) =>
        OpenSshNode.ConnectAsync(NodeAddress.Parse(server.Address), server.Options(), Limit);
}

/// <summary>One real sshd for all tests that leave it as it is.</summary>
public sealed class SharedSshServer : IAsyncLifetime
{
    public SshServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await SshServer.StartAsync();

    public async Task DisposeAsync() => await Server.DisposeAsync();
}
