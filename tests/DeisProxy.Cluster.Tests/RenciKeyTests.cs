using System.Net.Sockets;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>The keys that Renci.SshNet enters a node with: files, passphrases, agents.</summary>
public sealed class RenciKeyTests(SharedSshServer shared) : IClassFixture<SharedSshServer>, IDisposable
{
    private readonly SshServer _server = shared.Server;
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("ecdsa", "-b 256")]
    [InlineData("ecdsa", "-b 384")]
    [InlineData("ecdsa", "-b 521")]
    [InlineData("rsa", "-b 2048")]
    [InlineData("rsa", "-b 2048 -m PEM")]
    [InlineData("ecdsa", "-m PKCS8")]
    public async Task Every_kind_of_key(string type, string options)
    {
        await NewKeyAsync("key", type, passphrase: "", options);
        await EnterAsync(_server.Options() with { IdentityFile = _directory["key"] });
    }

    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("rsa", "-m PEM")]
    public async Task A_passphrase_is_asked_for_once(string type, string options)
    {
        await NewKeyAsync("key", type, "correct horse", options);
        var asked = new List<string>();
        var answers = new Queue<string>(["wrong", "correct horse"]);
        using var transport = SshServers.Transport(Renci() with { IdentityFile = _directory["key"] }, new SshDialog(
            (question, _) =>
            {
                asked.Add(question);
                return Task.FromResult<string?>(answers.Dequeue());
            },
            _ => { },
            _ => { }));
        await using var first = await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
        await using var second = await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
        asked.Count.ShouldBe(2);
        asked[0].ShouldContain(_directory["key"]);
    }

    [Fact]
    public async Task A_passphrase_that_nobody_tells_is_an_error_that_says_where_it_can_come_from()
    {
        await NewKeyAsync("key", "ed25519", "secret");
        var error = await FailAsync(_server.Options() with { IdentityFile = _directory["key"] });
        error.Code.ShouldBe("ssh-auth-refused");
        error.Remedy.ShouldContain("DEIS_PROXY_SSH_PASSPHRASE");
        $"{error.Message}{error.Remedy}".ShouldNotContain("secret ");
    }

    [Fact]
    public async Task A_file_that_is_no_key_says_so()
    {
        await File.WriteAllTextAsync(_directory["key"], "no key");
        (await FailAsync(_server.Options() with { IdentityFile = _directory["key"] })).Code.ShouldBe("ssh-key-unusable");
    }

    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("ecdsa", "")]
    [InlineData("rsa", "-b 2048")]
    public async Task The_agents_key(string type, string options)
    {
        await using var agent = await SshAgentProcess.StartAsync();
        await NewKeyAsync("key", type, "", options);
        await agent.AddAsync(_directory["key"]);
        await EnterAsync(AgentOnly(agent.Socket));
    }

    [Fact]
    public async Task Of_an_agent_full_of_keys_the_named_one_is_taken()
    {
        await using var agent = await SshAgentProcess.StartAsync();
        for (var i = 0; i < 8; i++)
        {
            await NewKeyAsync($"other{i}", "ed25519", "", authorize: false);
            await agent.AddAsync(_directory[$"other{i}"]);
        }

        await NewKeyAsync("key", "ed25519", "");
        await agent.AddAsync(_directory["key"]);

        var error = await FailAsync(AgentOnly(agent.Socket));
        error.Code.ShouldBe("ssh-auth-refused");
        error.Message.ShouldContain("authentication failures");

        // Named by its public key, as ssh takes it; the private key is in the agent only.
        File.Delete(_directory["key"]);
        await EnterAsync(AgentOnly(agent.Socket) with { IdentityFile = _directory["key.pub"] });
    }

    [Fact]
    public async Task An_agent_that_is_empty_locked_or_gone_leaves_the_files()
    {
        await using var agent = await SshAgentProcess.StartAsync();
        await EnterAsync(AgentOnly(agent.Socket) with { IdentityFile = _server.IdentityFile });
        await NewKeyAsync("key", "ed25519", "");
        await agent.AddAsync(_directory["key"]);
        await EnterAsync(AgentOnly(agent.Socket));
        await agent.LockAsync();
        (await FailAsync(AgentOnly(agent.Socket))).Code.ShouldBe("ssh-auth-refused");
        await EnterAsync(AgentOnly(agent.Socket) with { IdentityFile = _server.IdentityFile });
        var warnings = new List<string>();
        await EnterAsync(AgentOnly("/no/such/socket") with { IdentityFile = _server.IdentityFile }, warnings);
        warnings.ShouldHaveSingleItem().ShouldContain("/no/such/socket");
    }

    [Fact]
    public async Task An_agent_that_refuses_to_sign_leaves_the_other_keys()
    {
        await using var agent = await SshAgentProcess.StartAsync();
        await NewKeyAsync("key", "ed25519", "");
        await agent.AddAsync(_directory["key"], "-c");
        var warnings = new List<string>();
        await EnterAsync(AgentOnly(agent.Socket) with { IdentityFile = _server.IdentityFile, ConfigFile = await AllKeysAsync() }, warnings);
        warnings.ShouldHaveSingleItem().ShouldContain("refuses to sign");
        (await FailAsync(AgentOnly(agent.Socket))).Code.ShouldBe("ssh-auth-refused");

        async Task<string> AllKeysAsync()
        {
            await File.WriteAllTextAsync(_directory["all"], $"IdentityAgent {agent.Socket}\nIdentityFile {_directory["key"]}\n");
            return _directory["all"];
        }
    }

    [Fact]
    public async Task An_agent_that_hangs_is_left_out()
    {
        var path = Path.Combine(_directory.Path, "a");
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(path));
        silent.Listen();
        var warnings = new List<string>();
        await EnterAsync(AgentOnly(path) with { IdentityFile = _server.IdentityFile }, warnings);
        warnings.ShouldHaveSingleItem().ShouldContain("did not answer");
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    public async Task A_certificate_of_the_user(string type)
    {
        await NewKeyAsync("authority", "ed25519", "", authorize: false);
        await NewKeyAsync("key", type, "", authorize: false);
        await using var server = await SshServer.StartAsync($"TrustedUserCAKeys {_directory["authority.pub"]}");
        var options = server.Options() with { Client = SshClientKind.Renci, IdentityFile = _directory["key"] };
        using var transport = SshServers.Transport(options);
        var address = NodeAddress.Parse(server.Address);
        (await Should.ThrowAsync<DeisProxyException>(() => transport.ConnectAsync(address, SshServers.Limit))).Code.ShouldBe("ssh-auth-refused");

        await RealProcess.RunAsync("ssh-keygen", "-q", "-s", _directory["authority"], "-I", "test", "-n", server.User, _directory["key.pub"]);
        using var again = SshServers.Transport(options);
        await using var node = await again.ConnectAsync(address, SshServers.Limit);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

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
        var found = await HostConfiguration.ResolveAsync(
            NodeAddress.Parse("inner"), "core", jump: null, new SshOptions { ConfigFile = _directory["config"] }, _ => { }, SshServers.Limit);
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
        await EnterAsync(_server.Options() with { ConfigFile = _directory["config"], SearchPath = "/nowhere" }, warnings);
        warnings.ShouldHaveSingleItem().ShouldContain(_directory["config"]);
    }

    private SshOptions Renci() => _server.Options() with { Client = SshClientKind.Renci };

    private SshOptions AgentOnly(string socket)
    {
        File.WriteAllText(_directory["agent-config"], $"IdentityAgent {socket}\nIdentityFile /nowhere\n");
        return _server.Options() with { IdentityFile = null, ConfigFile = _directory["agent-config"] };
    }

    private async Task EnterAsync(SshOptions options, List<string>? warnings = null)
    {
        using var transport = SshServers.Transport(
            options with { Client = SshClientKind.Renci }, new SshDialog(null, (warnings ?? []).Add, _ => { }));
        await using var node = await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

    private Task<DeisProxyException> FailAsync(SshOptions options) => Should.ThrowAsync<DeisProxyException>(() => EnterAsync(options));

    private async Task NewKeyAsync(string name, string type, string passphrase, string options = "", bool authorize = true)
    {
        await RealProcess.RunAsync(
            "ssh-keygen",
            ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", _directory[name], .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        if (authorize)
        {
            await File.AppendAllTextAsync($"{_server.IdentityFile}.pub", await File.ReadAllTextAsync($"{_directory[name]}.pub"));
        }
    }
}
