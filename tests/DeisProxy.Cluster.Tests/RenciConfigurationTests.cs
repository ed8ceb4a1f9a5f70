using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>What Renci.SshNet makes of the user's ssh configuration.</summary>
public sealed class RenciConfigurationTests(SharedSshServer shared) : IClassFixture<SharedSshServer>, IDisposable
{
    private readonly SshServer _server = shared.Server;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_jump_host_of_the_configuration()
    {
        async Task<INode> ThroughAsync(int jumpPort)
        {
            await File.WriteAllTextAsync(
                _directory["config"],
                $"Host inner\n  HostName 127.0.0.1\n  Port {_server.Port}\n  ProxyJump bastion\n"
                + $"Host bastion\n  HostName 127.0.0.1\n  Port {jumpPort}\n  User {_server.User}\n");
            var options = _server.Options() with { Client = SshClientKind.Renci, ConfigFile = _directory["config"] };
            return await SshServers.Transport(options).ConnectAsync(NodeAddress.Parse("inner"), SshServers.Limit);
        }

        await using var node = await ThroughAsync(_server.Port);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
        var error = await Should.ThrowAsync<DeisProxyException>(() => ThroughAsync(RealProcess.FreePort()));
        error.Code.ShouldBe("ssh-unreachable");
        error.Message.ShouldContain("bastion");
    }

    [Theory]
    [InlineData("ProxyJump core@10.0.0.5", "core", "10.0.0.5", null)]
    [InlineData("ProxyJump a@10.0.0.4:23,b@[fe80::1]:24", "b", "fe80::1", null)]
    [InlineData("ProxyJump a+b@bastion", null, null, "ProxyJump")]
    [InlineData("RevokedHostKeys /etc/ssh/revoked", null, null, "RevokedHostKeys")]
    [InlineData("RevokedHostKeys none", null, null, null)]
    public async Task What_ssh_says_about_a_configuration(string line, string? user, string? host, string? needsOpenSsh)
    {
        await File.WriteAllTextAsync(_directory["config"], $"Host inner\n  {line}\n");
        using var reader = new ConfigurationReader(new SshOptions { ConfigFile = _directory["config"] }, _ => { });
        var found = await reader.ResolveAsync(NodeAddress.Parse("inner"), "core", jump: null, SshServers.Limit);
        found.NeedsOpenSsh.ShouldBe(needsOpenSsh);
        var (jumpUser, jump) = found.Jumps is [.., var last] ? last : default;
        (jumpUser, jump?.Host).ShouldBe((user, host));
    }

    [Fact]
    public async Task What_the_library_cannot_do_is_done_by_ssh_and_said()
    {
        await File.WriteAllTextAsync(_directory["config"], "Host behind\n  HostName 127.0.0.1\n  ProxyCommand cat /dev/null\n");
        var said = new List<string>();
        var options = _server.Options() with { ConfigFile = _directory["config"] };
        await Should.ThrowAsync<DeisProxyException>(
            () => SshServers.Transport(options, new SshDialog(null, _ => { }, said.Add)).ConnectAsync(NodeAddress.Parse("behind"), SshServers.Limit));
        said.ShouldHaveSingleItem().ShouldContain("ProxyCommand");
        var unfit = await Should.ThrowAsync<DeisProxyException>(
            () => SshServers.Transport(options with { Client = SshClientKind.Renci }).ConnectAsync(NodeAddress.Parse("behind"), SshServers.Limit));
        unfit.Code.ShouldBe("ssh-client-unfit");
    }

    [Theory]
    [InlineData("bastion", "ProxyJump other", "ProxyJump")]
    [InlineData("bastion", "ProxyCommand cat /dev/null", "ProxyCommand")]
    [InlineData("bastion", "RevokedHostKeys /nowhere", "RevokedHostKeys")]
    [InlineData("localhost:{port},bastion", "ProxyJump other", null)]
    [InlineData("localhost:{port},bastion", "ProxyCommand cat /dev/null", null)]
    public async Task What_the_library_cannot_do_on_a_jump_host(string jump, string line, string? reason)
    {
        await File.WriteAllTextAsync(
            _directory["config"],
            $"Host bastion\n  HostName 127.0.0.1\n  Port {_server.Port}\n  {line}\nHost localhost\n  HostKeyAlias [127.0.0.1]:{_server.Port}\n");
        using var transport = SshServers.Transport(_server.Options() with
        {
            Client = SshClientKind.Renci,
            ConfigFile = _directory["config"],
            Jump = jump.Replace("{port}", $"{_server.Port}", StringComparison.Ordinal),
        });
        var entering = transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
        if (reason is null)
        {
            await (await entering).DisposeAsync();
            return;
        }

        var unfit = await Should.ThrowAsync<DeisProxyException>(() => entering);
        unfit.Code.ShouldBe("ssh-client-unfit");
        unfit.Message.ShouldContain($"bastion asks for {reason}");
    }

    [Fact]
    public async Task Without_an_ssh_program_a_configuration_that_names_the_host_is_not_read_and_said()
    {
        await File.WriteAllTextAsync(_directory["config"], "Host 127.0.*\n  Port 1\n");
        var warnings = new List<string>();
        using var transport = SshServers.Transport(
            _server.Options() with { ConfigFile = _directory["config"], SearchPath = "/nowhere" }, new SshDialog(null, warnings.Add, _ => { }));
        await (await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit)).DisposeAsync();
        warnings.ShouldHaveSingleItem().ShouldContain(_directory["config"]);
    }
}
