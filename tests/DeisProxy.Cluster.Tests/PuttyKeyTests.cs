using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>Keys in PuTTY's format, made by its puttygen for these tests; ssh does not read them.</summary>
public sealed class PuttyKeyTests(SharedSshServer shared) : IClassFixture<SharedSshServer>
{
    private readonly SshServer _server = shared.Server;

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa")]
    [InlineData("rsa-v2")]
    public async Task A_key_without_a_passphrase(string name)
    {
        await using var node = await ConnectAsync(name);
    }

    [Theory]
    [InlineData("ed25519-locked")]
    [InlineData("ecdsa-v2-locked")]
    public async Task A_key_with_a_passphrase(string name)
    {
        var answers = new Queue<string>(["wrong", "correct horse"]);
        await using var node = await ConnectAsync(name, answers);
        answers.ShouldBeEmpty();
        (await Should.ThrowAsync<DeisProxyException>(() => ConnectAsync(name))).Code.ShouldBe("ssh-auth-refused");
    }

    private async Task<INode> ConnectAsync(string name, Queue<string>? answers = null)
    {
        var file = Path.Combine(AppContext.BaseDirectory, "ppk", $"{name}.ppk");
        var lines = await File.ReadAllLinesAsync(file);
        var length = int.Parse(lines[3].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        await File.AppendAllTextAsync($"{_server.IdentityFile}.pub", $"{lines[0].Split(' ')[1]} {string.Concat(lines[4..(4 + length)])}\n");
        using var transport = SshServers.Transport(
            _server.Options() with { Client = SshClientKind.Renci, IdentityFile = file },
            new SshDialog(answers is null ? null : (_, _) => Task.FromResult<string?>(answers.Dequeue()), _ => { }, _ => { }));
        return await transport.ConnectAsync(NodeAddress.Parse(_server.Address), SshServers.Limit);
    }
}
