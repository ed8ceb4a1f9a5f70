using System.Diagnostics;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

internal static class SshServers
{
    /// <summary>Ends what hangs; a busy machine takes its time for what does not.</summary>
    public static CancellationToken Limit => new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;

    public static SshOptions Options(this SshServer server) => new()
    {
        User = server.User,
        IdentityFile = server.IdentityFile,
        KnownHostsFile = server.KnownHostsFile,
        ConnectTimeout = TimeSpan.FromSeconds(30),
    };

    public static Task<INode> ConnectAsync(
        this SshServer server, SshClientKind client = SshClientKind.Auto, Func<SshOptions, SshOptions>? change = null) =>
        Transport((change ?? (options => options))(server.Options() with { Client = client })).ConnectAsync(NodeAddress.Parse(server.Address), Limit);

    /// <summary>Waits until something is so.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30), what);
            await Task.Delay(20);
        }
    }

    public static SshTransport Transport(SshOptions options, SshDialog? dialog = null) => new(options, dialog ?? SshDialog.Silent);
}

/// <summary>One real sshd for all tests that leave it as it is.</summary>
public sealed class SharedSshServer : IAsyncLifetime
{
    public SshServer Server { get; private set; } = null!;

    public async Task InitializeAsync() => Server = await SshServer.StartAsync();

    /// <summary>Also called where it could not be started.</summary>
    public async Task DisposeAsync() => await (Server?.DisposeAsync() ?? default);
}
