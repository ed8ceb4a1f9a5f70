using System.Security.Cryptography;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>What known_hosts files say, and that both clients are held to it in the same way.</summary>
public sealed class KnownHostsTests(SharedSshServer shared) : IClassFixture<SharedSshServer>, IDisposable
{
    private readonly SshServer _server = shared.Server;
    private readonly TemporaryDirectory _directory = new();
    private readonly string _key = File.ReadAllText(shared.Server.KnownHostsFile).Split(' ', 2)[1].Trim();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("[127.0.0.1]:{port} {key}", "Known")]
    [InlineData("[127.0.0.*]:{port} {key}", "Known")]
    [InlineData("[127.0.0.?]:*,![127.0.0.1]:{port} {key}", "Unknown")]
    [InlineData("other,[127.0.0.1]:{port} {key} a comment", "Known")]
    [InlineData("127.0.0.1 {key}", "Known")]
    [InlineData("127.0.0.1 {old}", "Unknown")]
    [InlineData("[127.0.0.1]:{port} {old}\n127.0.0.1 {key}", "Changed", 1)]
    [InlineData("{hash} {key}", "Known")]
    [InlineData("{hash} {old}", "Changed")]
    [InlineData("[127.0.0.1]:{port} {old}\n[127.0.0.1]:{port} {key}", "Known")]
    [InlineData("[127.0.0.1]:{port} {key}\n@revoked * {key}", "Revoked")]
    [InlineData("[127.0.0.1]:{port} {old}", "Changed")]
    [InlineData("[127.0.0.1]:{port} {rsa}", "Changed")]
    [InlineData("@cert-authority * {key}", "Unknown")]
    [InlineData("@something * {key}\n# [127.0.0.1]:{port} {key}\n\n|1|bad|worse {key}\n[127.0.0.1]:{port} ssh-ed25519 nonsense", "Unknown")]
    [InlineData("", "Unknown")]
    public async Task A_real_host_key_against_a_file(string text, string verdict, int line = 0)
    {
        await SshServer.NewKeyAsync(_directory["old"]);
        await RealProcess.RunAsync("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", _directory["rsa"]);
        await File.WriteAllTextAsync(_directory["known"], text
            .Replace("{port}", $"{_server.Port}", StringComparison.Ordinal)
            .Replace("{key}", _key, StringComparison.Ordinal)
            .Replace("{old}", KeyOf("old"), StringComparison.Ordinal)
            .Replace("{rsa}", KeyOf("rsa"), StringComparison.Ordinal)
            .Replace("{hash}", Hashed($"[127.0.0.1]:{_server.Port}"), StringComparison.Ordinal));

        if (verdict == "Known")
        {
            await (await ConnectAsync(SshClientKind.Renci)).DisposeAsync();
            await (await ConnectAsync(SshClientKind.OpenSsh)).DisposeAsync();
            return;
        }

        var code = $"ssh-host-key-{verdict.ToLowerInvariant()}";
        (await Should.ThrowAsync<DeisProxyException>(() => ConnectAsync(SshClientKind.OpenSsh))).Code.ShouldBe(code);
        var error = await Should.ThrowAsync<DeisProxyException>(() => ConnectAsync(SshClientKind.Renci));
        error.Code.ShouldBe(code);
        error.Message.ShouldContain(_server.Fingerprint);
        if (verdict != "Unknown")
        {
            error.Message.ShouldContain(_directory["known"]);
            error.Message.ShouldContain($"line {(line == 0 ? text.Split('\n').Length : line)}");
        }
    }

    [Fact]
    public async Task An_authority_without_the_port_counts_only_when_nothing_is_known_with_it()
    {
        foreach (var name in new[] { "authority", "host", "other" })
        {
            await SshServer.NewKeyAsync(_directory[name]);
        }

        async Task<KnownHosts.Verdict> JudgeAsync(params string[] lines)
        {
            await File.WriteAllLinesAsync(_directory["known"], lines);
            var known = await KnownHosts.LoadAsync([_directory["known"]], "node", 2222, required: null, SshServers.Limit);
            return known.Judge(Encoded("host"), Encoded("authority")).Verdict;
        }

        byte[] Encoded(string name) => Convert.FromBase64String(KeyOf(name).Split(' ')[1]);
        (await JudgeAsync($"@cert-authority node {KeyOf("authority")}")).ShouldBe(KnownHosts.Verdict.Known);
        (await JudgeAsync($"@cert-authority node {KeyOf("authority")}", $"[node]:2222 {KeyOf("other")}")).ShouldBe(KnownHosts.Verdict.Changed);
        (await JudgeAsync($"@cert-authority [node]:2222 {KeyOf("authority")}", $"[node]:2222 {KeyOf("other")}")).ShouldBe(KnownHosts.Verdict.Known);
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_says_nothing_unless_it_was_named()
    {
        // A directory cannot be read even by root.
        string[] files = [_directory.Path, _server.KnownHostsFile];
        (await KnownHosts.LoadAsync(files, "127.0.0.1", _server.Port, required: null, SshServers.Limit)).Types.ShouldBe(["ssh-ed25519"]);
        var error = await Should.ThrowAsync<DeisProxyException>(
            () => KnownHosts.LoadAsync(files, "127.0.0.1", _server.Port, required: _directory.Path, SshServers.Limit));
        error.Code.ShouldBe("ssh-file-unreadable");
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("elsewhere", false)]
    public async Task A_certificate_of_a_known_authority_for_this_host(string principal, bool isKnown)
    {
        await SshServer.NewKeyAsync(_directory["authority"]);
        await SshServer.NewKeyAsync(_directory["host"]);
        await RealProcess.RunAsync("ssh-keygen", "-q", "-s", _directory["authority"], "-I", "host", "-h", "-n", principal, _directory["host.pub"]);
        await using var server = await SshServer.StartAsync($"HostKey {_directory["host"]}", $"HostCertificate {_directory["host"]}-cert.pub");
        await File.WriteAllTextAsync(_directory["known"], $"@cert-authority [127.0.0.*]:{server.Port} {KeyOf("authority")}\n");
        foreach (var client in (SshClientKind[])[SshClientKind.Renci, SshClientKind.OpenSsh])
        {
            if (isKnown)
            {
                await (await ConnectAsync(client, server)).DisposeAsync();
            }
            else
            {
                (await Should.ThrowAsync<DeisProxyException>(() => ConnectAsync(client, server))).Code.ShouldBe("ssh-host-key-unknown");
            }
        }
    }

    [Fact]
    public async Task Of_several_host_keys_the_known_one_is_asked_for()
    {
        await RealProcess.RunAsync("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", _directory["rsa"]);
        await SshServer.NewKeyAsync(_directory["second"]);
        await using var server = await SshServer.StartAsync($"HostKey {_directory["rsa"]}");
        await File.WriteAllTextAsync(_directory["known"], SshServer.KnownHostsLine(server.Port, _directory["rsa"]));
        await (await ConnectAsync(SshClientKind.Renci, server)).DisposeAsync();
        await (await ConnectAsync(SshClientKind.OpenSsh, server)).DisposeAsync();
    }

    private Task<INode> ConnectAsync(SshClientKind client, SshServer? server = null) =>
        (server ?? _server).ConnectAsync(client, options => options with { KnownHostsFile = _directory["known"] });

    private static string Hashed(string name)
    {
        var salt = RandomNumberGenerator.GetBytes(20);
#pragma warning disable CA5350 // The file format has HMAC-SHA1.
        return $"|1|{Convert.ToBase64String(salt)}|{Convert.ToBase64String(HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name)))}";
#pragma warning restore CA5350
    }

    private string KeyOf(string name) => string.Join(' ', File.ReadAllText(_directory[name] + ".pub").Split(' ').Take(2)).Trim();
}
