using System.Diagnostics;
using System.Net;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core.Verifying;
using DeisProxy.RealParts;
using Xunit.Abstractions;
using LiveRouter = DeisProxy.Core.Model.LiveRouter;

namespace DeisProxy.Cluster.Tests;

/// <summary>Logs searched on nodes that a real sshd stands for; its docker is a script.</summary>
public sealed class RouterLogsTests(ITestOutputHelper output) : IDisposable
{
    private const int Nodes = 100;

    /// <summary>So many visits must be under way at the same time. Fewer than all, because a login may fail on a busy machine.</summary>
    private const int SideBySide = Nodes / 2;

    /// <summary>For a hundred logins on a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private const string Line = "[INFO] - [22/Nov/2026:14:24:39 +0000] - 203.0.113.9 - - - 200 - \"GET /?deis-proxy-verify=token1 HTTP/1.1\"";

    private static readonly LogSighting Seen = new("", IPAddress.Parse("203.0.113.9"), BrokenHeader: false);

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task A_hundred_nodes_are_searched_side_by_side()
    {
        // Every look takes a number, and only the hundredth has the line. The first ones stay until enough others have begun: one after the other,
        // none would end.
        File.WriteAllText(_directory["count"], "0");
        Docker($"""
            [ "$3" = 1 ] && exit 0
            exec 9>>{_directory["lock"]}; flock 9; read n <{_directory["count"]}; n=$((n+1)); echo $n >{_directory["count"]}
            [ -p {_directory["gate"]} ] || mkfifo {_directory["gate"]}
            exec 8<>{_directory["gate"]} 9>&-
            [ $n -ge {SideBySide} ] || timeout {Patience.TotalSeconds} head -c 1 <&8 >/dev/null
            [ $n != {SideBySide} ] || head -c {SideBySide} /dev/zero >&8
            [ $n = {Nodes} ] && echo '{Line}' || echo 'nothing of it'
            """);
        await using var server = await ServerAsync();
        var (addresses, transport) = Hundred(server);
        await using var entry = await transport.ConnectAsync(addresses[0], SshServers.Limit);
        var clock = Stopwatch.StartNew();
        var logs = new RouterLogs(entry, addresses, transport) { SearchTime = Patience };
        var search = await logs.SearchAsync("token1", [], [], SshServers.Limit);
        output.WriteLine($"{Nodes} nodes until the last one's line: {clock.Elapsed.TotalSeconds:0.0} s");
        search.Sighting.ShouldNotBeNull(string.Join('\n', search.Unread)).Address.ShouldBe(Seen.Address);
    }

    [Fact]
    public async Task A_hundred_nodes_without_it_are_all_told_of()
    {
        Docker("echo 'nothing of it'");
        await using var server = await ServerAsync();
        var (addresses, transport) = Hundred(server);
        await using var entry = await transport.ConnectAsync(addresses[0], SshServers.Limit);
        var clock = Stopwatch.StartNew();
        var logs = new RouterLogs(entry, addresses, transport) { SearchTime = Patience };
        var search = await logs.SearchAsync("token1", [], [], SshServers.Limit);
        output.WriteLine($"{Nodes} nodes in vain: {clock.Elapsed.TotalSeconds:0.0} s, {search.Unread.Count} not read");
        search.Sighting.ShouldBeNull();
        (search.Searched.Count + search.Unread.Count).ShouldBe(Nodes);
    }

    [Fact]
    public async Task A_router_without_an_address_from_here_is_reached_through_the_entry_node()
    {
        Docker($"[ \"${{SSH_CONNECTION##* 127.77.}}\" != \"$SSH_CONNECTION\" ] && echo '{Line}'; true");
        await using var server = await ServerAsync("ListenAddress 127.77.0.1", "ListenAddress 127.0.0.1");
        var keys = await File.ReadAllTextAsync(server.KnownHostsFile);
        await File.WriteAllTextAsync(_directory["known_hosts"], keys + keys.Replace("127.0.0.1", "127.77.0.1", StringComparison.Ordinal));
        await File.WriteAllTextAsync(_directory["config"], $"Host 127.77.0.1\n  Port {server.Port}\n");
        var options = server.Options() with { ConfigFile = _directory["config"], KnownHostsFile = _directory["known_hosts"] };
        var address = NodeAddress.Parse(server.Address);
        await using var entry = await new OpenSshTransport(options).ConnectAsync(address, SshServers.Limit);
        var logs = new RouterLogs(entry, [address], new OpenSshTransport(options));
        (await logs.OwnAddressAsync(SshServers.Limit)).ShouldBe(IPAddress.Loopback);
        (await new RouterLogs(entry, [address], new OpenSshTransport(options with { Jump = "bastion" })).OwnAddressAsync(SshServers.Limit))
            .ShouldBeNull();

        // The entry node itself is not entered twice.
        var search = await logs.SearchAsync(
            "token1", [new LiveRouter("127.0.0.1", "127.0.0.1", 80), new LiveRouter("127.77.0.1", "127.77.0.1", 80)], [], SshServers.Limit);
        search.Sighting.ShouldBe(Seen with { Node = "127.77.0.1" }, string.Join('\n', search.Unread));
    }

    [Fact]
    public async Task Nodes_that_cannot_be_entered_or_have_no_log_are_told_of()
    {
        Docker("exit 1");
        await using var server = await ServerAsync();
        var address = NodeAddress.Parse(server.Address);
        await using var entry = await server.ConnectAsync();
        var closed = NodeAddress.Parse($"127.0.0.1:{RealProcess.FreePort()}");
        var search = await new RouterLogs(entry, [address, closed], new OpenSshTransport(server.Options())).SearchAsync(
            "token1", [], [], SshServers.Limit);
        search.Searched.ShouldBeEmpty();
        search.Unread.Order(StringComparer.Ordinal).ShouldBe(
            new[]
            {
                $"{address}: no container deis-router that docker shows the log of, and nothing of it in the journal",
                $"{closed}: {closed} cannot be reached: ssh: connect to host 127.0.0.1 port {closed.Port}: Connection refused.",
            }.Order(StringComparer.Ordinal));
    }

    public void Dispose() => _directory.Dispose();

    private Task<SshServer> ServerAsync(params string[] configuration) =>
        SshServer.StartAsync([$"SetEnv PATH={_directory.Path}:/usr/bin:/bin SHLVL=5", "MaxStartups 300", .. configuration]);

    private (List<NodeAddress> Addresses, INodeTransport Transport) Hundred(SshServer server)
    {
        File.WriteAllText(
            _directory["config"], $"Host node-*\n  HostName 127.0.0.1\n  Port {server.Port}\n  HostKeyAlias [127.0.0.1]:{server.Port}\n");
        return (
            [.. Enumerable.Range(1, Nodes).Select(i => NodeAddress.Parse($"node-{i}"))],
            new OpenSshTransport(server.Options() with { ConfigFile = _directory["config"], ConnectTimeout = Patience }));
    }

    private void Docker(string script) => _directory.WriteScript("docker", $"[ \"$1\" = logs ] || exit 1\n{script}");
}
