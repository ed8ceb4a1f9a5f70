using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>The algorithms that Renci.SshNet and servers agree on, and what the user's ssh configuration has to say about them.</summary>
public sealed class RenciAlgorithmTests(SharedSshServer shared) : IClassFixture<SharedSshServer>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_server_of_2015_is_entered()
    {
        await using var old = await SshServer.StartAsync(
            "KexAlgorithms curve25519-sha256@libssh.org,ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256,diffie-hellman-group14-sha1",
            "Ciphers aes128-ctr,aes192-ctr,aes256-ctr",
            "MACs hmac-sha2-256,hmac-sha1");
        await using var node = await old.ConnectAsync(SshClientKind.Renci);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

    [Fact]
    public async Task A_server_with_the_oldest_key_exchange_is_entered()
    {
        await using var old = await SshServer.StartAsync(
            "KexAlgorithms diffie-hellman-group14-sha1", "Ciphers aes128-cbc,3des-cbc", "MACs hmac-sha1");
        await using var node = await old.ConnectAsync(SshClientKind.Renci);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

    [Theory]
    [InlineData("KexAlgorithms curve25519-sha256", "KexAlgorithms ecdh-sha2-nistp256")]
    [InlineData("Ciphers aes256-ctr", "Ciphers aes128-ctr")]
    [InlineData("Ciphers aes256-ctr\nMACs hmac-sha2-256", "MACs hmac-sha2-512")]
    [InlineData("HostKeyAlgorithms ssh-ed25519", "HostKeyAlgorithms rsa-sha2-512,ecdsa-sha2-nistp256")]
    public async Task The_configuration_chooses_among_algorithms(string server, string client)
    {
        await using var only = await SshServer.StartAsync(server.Split('\n'));
        (await Should.ThrowAsync<DeisProxyException>(() => EnterAsync(only, client))).Code.ShouldBe("ssh-failed");
        await EnterAsync(only, server);
    }

    [Fact]
    public async Task Of_two_known_host_keys_the_one_that_the_configuration_names_first_is_asked_for()
    {
        await RealProcess.RunAsync("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", _directory["rsa"]);
        await using var server = await SshServer.StartAsync($"HostKey {_directory["rsa"]}");
        var rsa = SshServer.KnownHostsLine(server.Port, _directory["rsa"]);
        await File.WriteAllTextAsync(_directory["known"], $"{await File.ReadAllTextAsync(server.KnownHostsFile)}{rsa}@revoked {rsa}");

        // Which one it is shows in that one of them is revoked.
        await EnterAsync(server, "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512", _directory["known"]);
        (await Should.ThrowAsync<DeisProxyException>(
            () => EnterAsync(server, "HostKeyAlgorithms rsa-sha2-512,ssh-ed25519", _directory["known"]))).Code.ShouldBe("ssh-host-key-revoked");
    }

    [Theory]
    [InlineData("User nobody", "curve25519-sha256")]
    [InlineData("KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256", "sntrup761x25519-sha512@openssh.com")]
    public async Task The_faster_key_exchange_is_preferred_unless_the_configuration_chooses(string client, string exchange)
    {
        await using var server = await SshServer.StartAsync(
            "KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256", "LogLevel DEBUG1");
        await EnterAsync(server, client);
        await SshServers.EventuallyAsync(() => server.Output.Contains($"kex: algorithm: {exchange}", StringComparison.Ordinal), exchange);
    }

    [Theory]
    [InlineData("HostKeyAlgorithms sk-ssh-ed25519@openssh.com", "HostKeyAlgorithms sk-ssh-ed25519@openssh.com")]
    [InlineData("MACs umac-64@openssh.com,umac-128@openssh.com", "MACs umac-64@openssh.com,umac-128@openssh.com")]
    [InlineData("HostKeyAlgorithms -ssh-ed25519", null)]
    [InlineData("KexAlgorithms +diffie-hellman-group1-sha1", null)]
    [InlineData("Ciphers ^aes256-ctr", null)]
    public async Task Where_the_library_has_none_of_them_ssh_is_used(string line, string? needsOpenSsh)
    {
        var found = await ResolveAsync(line);
        found.NeedsOpenSsh.ShouldBe(needsOpenSsh);
        found.Algorithms.Select(option => option.Key).ShouldBe([line.Split(' ')[0]]);
    }

    [Fact]
    public async Task A_configuration_that_says_nothing_of_algorithms_leaves_the_librarys_own()
    {
        (await ResolveAsync("User core")).Algorithms.ShouldBeEmpty();

        // ssh itself no longer offers this one.
        await using var old = await SshServer.StartAsync("KexAlgorithms diffie-hellman-group14-sha1");
        await EnterAsync(old, "User nobody");
        (await Should.ThrowAsync<DeisProxyException>(() => EnterAsync(old, "KexAlgorithms -ecdh-sha2-nistp256"))).Code.ShouldBe("ssh-failed");
    }

    [Fact]
    public async Task It_is_said_that_ssh_is_used_and_why()
    {
        await File.WriteAllTextAsync(_directory["config"], "MACs umac-128@openssh.com\n");
        var said = new List<string>();
        using var transport = SshServers.Transport(
            shared.Server.Options() with { ConfigFile = _directory["config"] }, new SshDialog(null, _ => { }, said.Add));
        await using var node = await transport.ConnectAsync(NodeAddress.Parse(shared.Server.Address), SshServers.Limit);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
        said.ShouldHaveSingleItem().ShouldEndWith("asks for MACs umac-128@openssh.com");
    }

    private async Task<HostConfiguration> ResolveAsync(string line)
    {
        await File.WriteAllTextAsync(_directory["config"], $"Host inner\n  {line}\n");
        using var reader = new ConfigurationReader(new SshOptions { ConfigFile = _directory["config"] }, _ => { });
        return await reader.ResolveAsync(NodeAddress.Parse("inner"), "core", jump: null, SshServers.Limit);
    }

    private async Task EnterAsync(SshServer server, string line, string? knownHosts = null)
    {
        await File.WriteAllTextAsync(_directory["config"], $"{line}\n");
        await using var node = await server.ConnectAsync(SshClientKind.Renci, options => options with
        {
            ConfigFile = _directory["config"],
            KnownHostsFile = knownHosts ?? server.KnownHostsFile,
        });
    }
}
