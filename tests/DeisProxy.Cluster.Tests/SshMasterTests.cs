using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

public sealed class SshMasterTests
{
    [Fact]
    public async Task An_idle_connection_is_kept_longer_than_a_master_without_users_would_last()
    {
        await using var server = await SshServer.StartAsync();
        await using var node = await server.ConnectAsync(SshClientKind.OpenSsh);
        var before = await node.RunAsync(["sh", "-c", "echo $SSH_CONNECTION"], SshServers.Limit);
        await Task.Delay(TimeSpan.FromSeconds(13));
        (await node.RunAsync(["sh", "-c", "echo $SSH_CONNECTION"], SshServers.Limit)).ShouldBe(before);
    }
}
