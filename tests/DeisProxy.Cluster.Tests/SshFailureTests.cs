using System.Net;
using System.Net.Sockets;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>Every way in which entering a node fails, provoked with a real sshd, the same with every way to enter it.</summary>
public abstract class EnteringFailureTests(SharedSshServer shared, ITestOutputHelper output, SshClientKind client) : IClassFixture<SharedSshServer>
{
    private readonly SshServer _server = shared.Server;

    protected SshServer Server => _server;

    [Fact]
    public async Task An_unknown_host_key_is_an_error_and_is_not_learnt()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["known"], "");
        var error = await FailAsync(_server.Options() with { KnownHostsFile = directory["known"] });
        error.Code.ShouldBe("ssh-host-key-unknown");
        error.Message.ShouldContain(_server.Address);
        error.Remedy.ShouldContain("ssh-keygen -lf ");
        (await File.ReadAllTextAsync(directory["known"])).ShouldBeEmpty();
    }

    [Fact]
    public async Task Nor_is_it_when_the_users_configuration_would()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["known"], "");
        await File.WriteAllTextAsync(directory["config"], "Host *\n  StrictHostKeyChecking no\n  LogLevel QUIET\n  RemoteCommand false\n");
        var error = await FailAsync(_server.Options() with { KnownHostsFile = directory["known"], ConfigFile = directory["config"] });
        error.Code.ShouldBe("ssh-host-key-unknown");
        (await File.ReadAllTextAsync(directory["known"])).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_host_key_names_the_old_entry_and_the_new_fingerprint()
    {
        using var directory = new TemporaryDirectory();
        await ChangedKeyAsync(directory);
        var error = await FailAsync(_server.Options() with { KnownHostsFile = directory["known hosts"] });
        error.Code.ShouldBe("ssh-host-key-changed");
        error.Message.ShouldContain(_server.Fingerprint);
        error.Message.ShouldContain($"{directory["known hosts"]}, line 2");
        error.Remedy.ShouldContain($"ssh-keygen -f '{directory["known hosts"]}' -R '[127.0.0.1]:{_server.Port}'");
        $"{error.Message} {error.Remedy}".ShouldNotContain("StrictHostKeyChecking");
    }

    [Fact]
    public async Task A_changed_host_key_of_a_jump_host_too()
    {
        using var directory = new TemporaryDirectory();
        await ChangedKeyAsync(directory);
        var error = await FailAsync(_server.Options() with { KnownHostsFile = directory["known hosts"], Jump = $"{_server.User}@{_server.Address}" });
        error.Code.ShouldBe("ssh-host-key-changed");
    }

    [Fact]
    public async Task A_refused_key()
    {
        using var directory = new TemporaryDirectory();
        await SshServer.NewKeyAsync(directory["other"]);
        var error = await FailAsync(_server.Options() with { IdentityFile = directory["other"] });
        error.Code.ShouldBe("ssh-auth-refused");
        error.Remedy.ShouldContain(directory["other"]);
    }

    [Fact]
    public async Task A_banner_cannot_write_to_the_terminal_nor_pass_for_another_error()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(
            directory["banner"], "\u001b[2J\u001b]0;owned\u0007Host key verification failed.\nConnection refused\u001b[31m\n");
        await SshServer.NewKeyAsync(directory["other"]);
        await using var server = await SshServer.StartAsync($"Banner {directory["banner"]}");
        var error = await Should.ThrowAsync<DeisProxyException>(() => server.ConnectAsync(
            client, options => options with { IdentityFile = directory["other"] }));
        Show(error).Code.ShouldBe("ssh-auth-refused");
        $"{error.Message}{error.Remedy}".ShouldAllBe(c => !char.IsControl(c));
        error.Message.ShouldNotContain("owned");

        // And with the right key it does not get into a command's output.
        await using var node = await server.ConnectAsync(client);
        (await node.RunAsync(["echo", "x"], SshServers.Limit)).ShouldBe(new CommandResult(0, "x\n", ""));
    }

    [Fact]
    public async Task Nothing_listens()
    {
        var error = await FailAsync(_server.Options(), $"127.0.0.1:{RealProcess.FreePort()}");
        error.Code.ShouldBe("ssh-unreachable");
        error.Message.ShouldContain("Connection refused");
    }

    [Fact]
    public async Task The_name_does_not_exist()
    {
        var error = await FailAsync(_server.Options(), "no-such-node.invalid");
        error.Code.ShouldBe("ssh-unreachable");
        error.Message.ShouldContain("Could not resolve");
    }

    [Fact]
    public async Task Something_accepts_and_never_answers()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var error = await FailAsync(
            _server.Options() with { ConnectTimeout = TimeSpan.FromSeconds(1) }, $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        error.Code.ShouldBe("ssh-unreachable");
    }

    [Fact]
    public async Task A_jump_host_that_refuses()
    {
        var error = await FailAsync(_server.Options() with { Jump = $"127.0.0.1:{RealProcess.FreePort()}" });
        error.Code.ShouldBe("ssh-unreachable");
        error.Message.ShouldContain("Connection refused");
    }

    [Fact]
    public async Task A_second_jump_host_that_refuses_leaves_no_connection_to_the_first()
    {
        await using var first = await SshServer.StartAsync();
        var error = await FailAsync(first.Options() with { Jump = $"{first.User}@{first.Address},127.0.0.1:{RealProcess.FreePort()}" });
        error.Code.ShouldBe("ssh-unreachable");
        await SshServers.EventuallyAsync(() => first.Connections == 0, "the first jump host is left");
    }

    [Fact]
    public async Task Nothing_in_common_to_encrypt_with()
    {
        using var directory = new TemporaryDirectory();
        await using var server = await SshServer.StartAsync("Ciphers aes256-ctr");
        await File.WriteAllTextAsync(directory["config"], "Ciphers aes128-ctr\n");
        var error = await Should.ThrowAsync<DeisProxyException>(
            () => server.ConnectAsync(client, options => options with { ConfigFile = directory["config"] }));
        Show(error).Code.ShouldBe("ssh-failed");
    }

    [Fact]
    public async Task The_first_node_that_works_is_taken_and_the_others_are_told()
    {
        var dead = NodeAddress.Parse($"127.0.0.1:{RealProcess.FreePort()}");
        var passedOver = new List<DeisProxyException>();
        await using var node = await FailoverNode.EnterAsync(
            SshServers.Transport(_server.Options() with { Client = client }),
            [dead, NodeAddress.Parse(_server.Address)],
            passedOver.Add,
            SshServers.Limit);
        node.Name.ShouldBe(_server.Address);
        passedOver.ShouldHaveSingleItem().Code.ShouldBe("ssh-unreachable");
    }

    [Fact]
    public async Task When_none_works_all_are_told()
    {
        var dead = NodeAddress.Parse($"127.0.0.1:{RealProcess.FreePort()}");
        var missing = NodeAddress.Parse("no-such-node.invalid");
        var error = await Should.ThrowAsync<DeisProxyException>(
            () => EnterFirstAsync(_server.Options(), dead, missing));
        Show(error).Code.ShouldBe("ssh-unreachable");
        error.Message.ShouldContain(dead.ToString());
        error.Message.ShouldContain(missing.ToString());
        (await Should.ThrowAsync<DeisProxyException>(() => EnterFirstAsync(_server.Options()))).Code.ShouldBe("ssh-no-node");
    }

    [Fact]
    public async Task A_changed_host_key_ends_the_search()
    {
        using var directory = new TemporaryDirectory();
        await ChangedKeyAsync(directory);
        await using var good = await SshServer.StartAsync();
        await File.AppendAllTextAsync(directory["known hosts"], await File.ReadAllTextAsync(good.KnownHostsFile));
        var error = await Should.ThrowAsync<DeisProxyException>(() => EnterFirstAsync(
            good.Options() with { KnownHostsFile = directory["known hosts"] }, NodeAddress.Parse(_server.Address), NodeAddress.Parse(good.Address)));
        error.Code.ShouldBe("ssh-host-key-changed");
    }

    private Task<FailoverNode> EnterFirstAsync(SshOptions options, params NodeAddress[] addresses) =>
        FailoverNode.EnterAsync(SshServers.Transport(options with { Client = client }), addresses, _ => { }, SshServers.Limit);

    private async Task ChangedKeyAsync(TemporaryDirectory directory)
    {
        await SshServer.NewKeyAsync(directory["old"]);
        await File.WriteAllTextAsync(directory["known hosts"], "# comment\n" + SshServer.KnownHostsLine(_server.Port, directory["old"]));
    }

    protected async Task<DeisProxyException> FailAsync(SshOptions options, string? address = null) =>
        Show(await Should.ThrowAsync<DeisProxyException>(
            () => SshServers.Transport(options with { Client = client }).ConnectAsync(
                NodeAddress.Parse(address ?? _server.Address), SshServers.Limit)));

    private DeisProxyException Show(DeisProxyException error)
    {
        output.WriteLine($"[{error.Code}] error: {error.Message}\n{error.Remedy}");
        return error;
    }
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshFailureTests(SharedSshServer shared, ITestOutputHelper output)
    : EnteringFailureTests(shared, output, SshClientKind.OpenSsh)
{
    [Fact]
    public async Task No_ssh_program()
    {
        var error = await FailAsync(Server.Options() with { SearchPath = "" });
        error.Code.ShouldBe("ssh-missing");
        error.Remedy.ShouldContain("openssh-client");
    }

    [Theory]
    [InlineData("", "ssh-failed", "it ended with status 255 and said nothing")]
    [InlineData("Bad configuration option: \u001b[31mx", "ssh-failed", "Bad configuration option: x")]
    [InlineData(
        "banner\r\nReceived disconnect from 10.0.0.1 port 22:2: Too many authentication failures\r\nDisconnected from 10.0.0.1 port 22",
        "ssh-auth-refused",
        "Too many")]
    [InlineData("ssh: connect to host 10.0.0.1 port 22: No route to host", "ssh-unreachable", "No route")]
    [InlineData("ssh: connect to host 10.0.0.1 port 22: Connection timed out", "ssh-unreachable", "timed out")]
    [InlineData("Connection timed out during banner exchange", "ssh-unreachable", "banner exchange")]
    [InlineData("Timeout, server 10.0.0.1 not responding.", "ssh-connection-lost", "not responding")]
    [InlineData("client_loop: send disconnect: Broken pipe", "ssh-connection-lost", "Broken pipe")]
    [InlineData("kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.1 port 22", "ssh-unreachable", "reset")]
    [InlineData("WARNING: REVOKED HOST KEY DETECTED!\nHost key verification failed.", "ssh-host-key-revoked", "revoked")]
    public void What_ssh_says(string text, string code, string contains)
    {
        var error = SshFailure.From(NodeAddress.Parse("node"), new SshOptions(), 255, text);
        error.Code.ShouldBe(code);
        error.Message.ShouldContain(contains);
    }
}

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciFailureTests(SharedSshServer shared, ITestOutputHelper output) : EnteringFailureTests(shared, output, SshClientKind.Renci);
