using System.Net.Sockets;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>The keys that a node is entered with: files, passphrases, agents; the same with every way to enter it.</summary>
public abstract class KeyTests(SharedSshServer shared, SshClientKind client) : IClassFixture<SharedSshServer>, IDisposable
{
    private readonly SshServer _server = shared.Server;
    private readonly TemporaryDirectory _directory = new();

    protected SshServer Server => _server;

    protected string this[string file] => _directory[file];

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

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
        (await FailAsync(_server.Options() with { IdentityFile = _directory["key"] })).Code
            .ShouldBe(client == SshClientKind.Renci ? "ssh-key-unusable" : "ssh-auth-refused");
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
        Warned(warnings, "/no/such/socket");
    }

    [Fact]
    public async Task An_agent_that_refuses_to_sign_leaves_the_other_keys()
    {
        await using var agent = await SshAgentProcess.StartAsync();
        await NewKeyAsync("key", "ed25519", "");
        await agent.AddAsync(_directory["key"], "-c");
        var warnings = new List<string>();
        await EnterAsync(AgentOnly(agent.Socket) with { IdentityFile = _server.IdentityFile, ConfigFile = await AllKeysAsync() }, warnings);
        Warned(warnings, "refuses to sign");
        (await FailAsync(AgentOnly(agent.Socket))).Code.ShouldBe("ssh-auth-refused");

        async Task<string> AllKeysAsync()
        {
            await File.WriteAllTextAsync(_directory["all"], $"IdentityAgent {agent.Socket}\nIdentityFile {_directory["key"]}\n");
            return _directory["all"];
        }
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("rsa")]
    public async Task A_certificate_of_the_user(string type)
    {
        await NewKeyAsync("authority", "ed25519", "", authorize: false);
        await NewKeyAsync("key", type, "", authorize: false);
        await using var server = await SshServer.StartAsync($"TrustedUserCAKeys {_directory["authority.pub"]}");
        var options = server.Options() with { Client = client, IdentityFile = _directory["key"] };
        using var transport = SshServers.Transport(options);
        var address = NodeAddress.Parse(server.Address);
        (await Should.ThrowAsync<DeisProxyException>(() => transport.ConnectAsync(address, SshServers.Limit))).Code.ShouldBe("ssh-auth-refused");

        await RealProcess.RunAsync("ssh-keygen", "-q", "-s", _directory["authority"], "-I", "test", "-n", server.User, _directory["key.pub"]);
        using var again = SshServers.Transport(options);
        await using var node = await again.ConnectAsync(address, SshServers.Limit);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

    /// <summary>ssh's own words about an agent are not passed on where it gets in.</summary>
    private void Warned(List<string> warnings, string about)
    {
        if (client == SshClientKind.Renci)
        {
            warnings.ShouldHaveSingleItem().ShouldContain(about);
        }
    }

    protected SshOptions AgentOnly(string socket)
    {
        File.WriteAllText(_directory["agent-config"], $"IdentityAgent {socket}\nIdentityFile /nowhere\n");
        return _server.Options() with { IdentityFile = null, ConfigFile = _directory["agent-config"] };
    }

    protected async Task EnterAsync(SshOptions options, ICollection<string>? warnings = null)
    {
        using var transport = SshServers.Transport(
            options with { Client = client }, new SshDialog(null, text => warnings?.Add(text), _ => { }));
        await using var node = await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
    }

    protected Task<DeisProxyException> FailAsync(SshOptions options) => Should.ThrowAsync<DeisProxyException>(() => EnterAsync(options));

    protected async Task NewKeyAsync(string name, string type, string passphrase, string options = "", bool authorize = true)
    {
        await RealProcess.RunAsync(
            "ssh-keygen",
            ["-q", "-t", type, "-N", passphrase, "-C", "test", "-f", _directory[name], .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        if (authorize)
        {
            await File.AppendAllTextAsync($"{_server.IdentityFile}.pub", await File.ReadAllTextAsync($"{_directory[name]}.pub"));
        }
    }

    /// <summary>An agent that takes connections and says nothing.</summary>
    protected Socket HangingAgent()
    {
        var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(_directory["a"]));
        silent.Listen();
        return silent;
    }
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshKeyTests(SharedSshServer shared) : KeyTests(shared, SshClientKind.OpenSsh)
{
    [Fact]
    public async Task An_agent_that_hangs_is_not_waited_for_without_end()
    {
        using var silent = HangingAgent();
        var error = await FailAsync(AgentOnly(this["a"]) with { IdentityFile = Server.IdentityFile, ConnectTimeout = TimeSpan.FromSeconds(3) });
        error.Code.ShouldBe("ssh-unreachable");
    }
}

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciKeyTests(SharedSshServer shared) : KeyTests(shared, SshClientKind.Renci)
{
    [Theory]
    [InlineData("ed25519", "")]
    [InlineData("rsa", "-m PEM")]
    public async Task A_passphrase_is_asked_for_once(string type, string options)
    {
        await NewKeyAsync("key", type, "correct horse", options);
        var asked = new List<string>();
        var answers = new Queue<string>(["wrong", "correct horse"]);
        using var transport = SshServers.Transport(Server.Options() with { Client = SshClientKind.Renci, IdentityFile = this["key"] }, new SshDialog(
            (question, _) =>
            {
                asked.Add(question);
                return Task.FromResult<string?>(answers.Dequeue());
            },
            _ => { },
            _ => { }));
        await using var first = await transport.ConnectAsync(NodeAddress.Parse(Server.Address), SshServers.Limit);
        await using var second = await transport.ConnectAsync(NodeAddress.Parse(Server.Address), SshServers.Limit);
        asked.Count.ShouldBe(2);
        asked[0].ShouldContain(this["key"]);
    }

    [Fact]
    public async Task An_agent_that_hangs_is_left_out()
    {
        using var silent = HangingAgent();
        var warnings = new List<string>();
        await EnterAsync(AgentOnly(this["a"]) with { IdentityFile = Server.IdentityFile }, warnings);
        warnings.ShouldHaveSingleItem().ShouldContain("did not answer");
    }
}
