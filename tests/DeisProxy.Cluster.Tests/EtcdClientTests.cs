using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>A real etcd behind a real sshd.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    public SshServer Ssh { get; private set; } = null!;

    public EtcdServer Etcd { get; private set; } = null!;

    public INode Node { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Ssh = await SshServer.StartAsync();
        Etcd = await EtcdServer.StartAsync();
        Node = await Ssh.ConnectAsync();
    }

    public async Task DisposeAsync()
    {
        // Those that could be started.
        foreach (var part in new IAsyncDisposable?[] { Node, Etcd, Ssh }.OfType<IAsyncDisposable>())
        {
            await part.DisposeAsync();
        }
    }
}

public sealed class EtcdClientTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>, IDisposable
{
    private readonly EtcdClient _etcd = new(cluster.Node, cluster.Etcd.Endpoint);

    private static CancellationToken Limit => SshServers.Limit;

    public void Dispose() => _etcd.Dispose();

    [Fact]
    public async Task Sets_gets_and_deletes()
    {
        (await _etcd.GetAsync("/a/absent", recursive: false, Limit)).ShouldBeNull();
        var set = await _etcd.SetAsync("/a/b/c", "1", condition: null, timeToLive: null, Limit);
        var got = await _etcd.GetAsync("/a/b/c", recursive: false, Limit);
        got!.ShouldSatisfyAllConditions(
            node => node.Key.ShouldBe("/a/b/c"), node => node.Name
                .ShouldBe("c"), node => node.Value.ShouldBe("1"), node => node.IsDirectory.ShouldBeFalse(),
            node => node.ModifiedIndex.ShouldBe(set.ModifiedIndex), node => node.TimeToLive.ShouldBeNull());

        var flat = await _etcd.GetAsync("/a", recursive: false, Limit);
        flat!.IsDirectory.ShouldBeTrue();
        flat.Value.ShouldBeNull();
        flat.Nodes.ShouldHaveSingleItem().Nodes.ShouldBeEmpty();
        (await _etcd.GetAsync("/a", recursive: true, Limit))!.Nodes[0].Nodes[0].Value.ShouldBe("1");

        (await Should.ThrowAsync<EtcdException>(() => _etcd.DeleteAsync("/a", condition: null, recursive: false, Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.NotAFile);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.SetAsync("/a", "x", null, null, Limit))).ErrorCode.ShouldBe(EtcdErrorCode.NotAFile);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.SetAsync("/a/b/c/d", "x", null, null, Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.NotADirectory);
        await _etcd.DeleteAsync("/a", condition: null, recursive: true, Limit);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.DeleteAsync("/a", null, recursive: true, Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.KeyNotFound);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" a+b&c=d%20 ")]
    [InlineData("zu Köln 🎉\n{\"json\": 1}")]
    public async Task Values_come_back_as_they_were(string value)
    {
        await _etcd.SetAsync("/value", value, null, null, Limit);
        (await _etcd.GetAsync("/value", recursive: false, Limit))!.Value.ShouldBe(value);
    }

    [Theory]
    [InlineData("/keys/a b")]
    [InlineData("/keys/a+b")]
    [InlineData("/keys/a%2Fb")]
    [InlineData("/keys/a?recursive=true#x")]
    [InlineData("/keys/ö:@!$&'()*,;=")]
    [InlineData("/keys/...")]
    public async Task Keys_reach_etcd_as_they_are(string key)
    {
        (await _etcd.SetAsync(key, "v", null, null, Limit)).Key.ShouldBe(key);
        (await _etcd.GetAsync(key, recursive: false, Limit))!.Key.ShouldBe(key);
        await _etcd.DeleteAsync(key, EtcdCondition.Value("v"), recursive: false, Limit);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("/")]
    [InlineData("/a/")]
    [InlineData("/a//b")]
    [InlineData("/a/../b")]
    [InlineData("/./a")]
    public async Task What_is_no_key_is_refused(string key) =>
        await Should.ThrowAsync<ArgumentException>(() => _etcd.GetAsync(key, recursive: false, Limit));

    [Fact]
    public async Task Conditions_are_etcds()
    {
        const string key = "/cas/key";
        await _etcd.SetAsync(key, "1", EtcdCondition.Absent, null, Limit);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.SetAsync(key, "2", EtcdCondition.Absent, null, Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.NodeExists);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.SetAsync("/cas/no", "2", EtcdCondition.Value("1"), null, Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.KeyNotFound);
        var failed = await Should.ThrowAsync<EtcdException>(() => _etcd.SetAsync(key, "2", EtcdCondition.Value("0"), null, Limit));
        failed.ErrorCode.ShouldBe(EtcdErrorCode.CompareFailed);
        failed.Cause.ShouldBe("[0 != 1]");
        failed.Index.ShouldBeGreaterThan(0UL);
        var second = await _etcd.SetAsync(key, "2", EtcdCondition.Value("1"), null, Limit);
        var third = await _etcd.SetAsync(key, "3", EtcdCondition.Index(second.ModifiedIndex), null, Limit);
        (await Should.ThrowAsync<EtcdException>(() => _etcd.DeleteAsync(key, EtcdCondition.Index(second.ModifiedIndex), false, Limit))).ErrorCode
            .ShouldBe(EtcdErrorCode.CompareFailed);
        await _etcd.DeleteAsync(key, EtcdCondition.Index(third.ModifiedIndex), recursive: false, Limit);
    }

    [Fact]
    public async Task Of_many_that_race_for_a_key_one_wins()
    {
        const string key = "/race/lock";
        for (var round = 0; round < 5; round++)
        {
            var attempts = await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                try
                {
                    await _etcd.SetAsync(key, $"{i}", EtcdCondition.Absent, TimeSpan.FromSeconds(60), Limit);
                    return i;
                }
                catch (EtcdException e) when (e.ErrorCode == EtcdErrorCode.NodeExists)
                {
                    return -1;
                }
            }));
            var winner = attempts.Where(i => i >= 0).ShouldHaveSingleItem();
            (await _etcd.GetAsync(key, recursive: false, Limit))!.Value.ShouldBe($"{winner}");
            await _etcd.DeleteAsync(key, EtcdCondition.Value($"{winner}"), recursive: false, Limit);
        }
    }

    [Fact]
    public async Task A_key_with_a_time_to_live_goes_away_unless_refreshed()
    {
        var set = await _etcd.SetAsync("/ttl/a", "me", null, TimeSpan.FromSeconds(2), Limit);
        set.TimeToLive.ShouldBe(TimeSpan.FromSeconds(2));
        await _etcd.SetAsync("/ttl/b", "me", null, TimeSpan.FromSeconds(30), Limit);
        (await _etcd.RefreshTtlAsync("/ttl/b", "me", TimeSpan.FromSeconds(60), Limit)).TimeToLive.ShouldBe(TimeSpan.FromSeconds(60));
        (await Should.ThrowAsync<EtcdException>(() => _etcd.RefreshTtlAsync("/ttl/b", "you", TimeSpan.FromSeconds(60), Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.CompareFailed);
        var clock = Stopwatch.StartNew();
        while (await _etcd.GetAsync("/ttl/a", recursive: false, Limit) is not null)
        {
            clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(100);
        }

        (await _etcd.GetAsync("/ttl/b", recursive: false, Limit)).ShouldNotBeNull();
        (await Should.ThrowAsync<EtcdException>(() => _etcd.RefreshTtlAsync("/ttl/a", "me", TimeSpan.FromSeconds(60), Limit))).ErrorCode.ShouldBe(
            EtcdErrorCode.KeyNotFound);
    }

    [Fact]
    public async Task The_first_endpoint_that_answers_is_taken()
    {
        var dead = new Uri($"http://127.0.0.1:{RealProcess.FreePort()}");
        using var found = await EtcdClient.ConnectAsync(cluster.Node, [dead, cluster.Etcd.Endpoint], Limit);
        found.Endpoint.ShouldBe(cluster.Etcd.Endpoint);

        var other = new Uri($"http://127.0.0.1:{RealProcess.FreePort()}");
        var error = await Should.ThrowAsync<DeisProxyException>(() => EtcdClient.ConnectAsync(cluster.Node, [dead, other], Limit));
        error.Code.ShouldBe("etcd-unavailable");
        error.Message.ShouldContain($"{dead.Port}");
        error.Message.ShouldContain($"{other.Port}");
        EtcdClient.DefaultEndpoints.Select(uri => uri.ToString()).ShouldBe(["http://127.0.0.1:4001/", "http://127.0.0.1:2379/"]);
    }

    [Fact]
    public async Task An_etcd_without_the_v2_api_says_so()
    {
        await using var v3 = await EtcdServer.StartAsync(enableV2: false);
        var dead = new Uri($"http://127.0.0.1:{RealProcess.FreePort()}");
        var error = await Should.ThrowAsync<DeisProxyException>(() => EtcdClient.ConnectAsync(cluster.Node, [v3.Endpoint, dead], Limit));
        error.Code.ShouldBe("etcd-without-v2");
        error.Remedy.ShouldContain("--enable-v2=true");
    }

    [Theory]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\n\u001b[31mx", "etcd-unavailable")]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 87\r\n\r\n{\"errorCode\":300,\"message\":\"Raft Internal "
        + "Error\",\"cause\":\"request timed out\",\"index\":0}", "etcd-unavailable")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nContent-Length: 91\r\n\r\n{\"errorCode\":110,\"message\":\"The request requires user "
        + "authentication\",\"cause\":\"\",\"index\":0}", "etcd-access-denied")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm>", "etcd-bad-answer")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "etcd-bad-answer")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n{", "etcd-bad-answer")]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "etcd-bad-answer")]
    [InlineData("SSH-2.0-OpenSSH\r\n", "etcd-unavailable")]
    [InlineData("", "etcd-unavailable")]
    public async Task Strange_answers_are_clear_errors(string answer, string code)
    {
        using var server = new CannedServer(answer);
        using var client = new EtcdClient(cluster.Node, new Uri($"http://127.0.0.1:{server.Port}"));
        var error = await Should.ThrowAsync<DeisProxyException>(() => client.SetAsync("/a", "b", null, null, Limit));
        error.Code.ShouldBe(code);
        error.Message.ShouldAllBe(c => !char.IsControl(c));
    }

    [Fact]
    public async Task One_that_never_answers_is_unavailable()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        using var client =
            new EtcdClient(cluster.Node, new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}"), TimeSpan.FromSeconds(0.5));
        (await Should.ThrowAsync<DeisProxyException>(() => client.GetAsync("/a", recursive: false, Limit))).Message.ShouldContain(
            "did not answer within 0.5 s");
    }

    [Fact]
    public async Task A_lost_node_is_the_nodes_error_and_the_next_call_works_again()
    {
        await using var server = await SshServer.StartAsync();
        await using var node = await server.ConnectAsync();
        using var client = new EtcdClient(node, cluster.Etcd.Endpoint);
        await client.GetAsync("/a", recursive: false, Limit);
        await server.StopAsync();
        var error = await Should.ThrowAsync<DeisProxyException>(() => client.GetAsync("/a", recursive: false, Limit));
        error.Code.ShouldBeOneOf("ssh-unreachable", "ssh-connection-lost");
        await server.RestartAsync();
        await client.GetAsync("/a", recursive: false, Limit);
    }

    [Theory]
    [InlineData("ftp://127.0.0.1:4001")]
    [InlineData("http://user:pw@127.0.0.1:4001")]
    [InlineData("http://127.0.0.1:4001/x")]
    [InlineData("http://127.0.0.1:4001/?a")]
    public void A_bad_endpoint_is_refused(string endpoint) =>
        Should.Throw<DeisProxyException>(() => new EtcdClient(cluster.Node, new Uri(endpoint))).Code.ShouldBe("bad-etcd-endpoint");

    [Fact]
    public void An_ipv6_endpoint_is_not()
    {
        using var client = new EtcdClient(cluster.Node, new Uri("http://[::1]:4001"));
        client.Endpoint.Port.ShouldBe(4001);
    }
}
