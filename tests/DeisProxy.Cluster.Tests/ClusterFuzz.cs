using System.Text;
using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Model;
using DeisProxy.Fuzzing;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>A cluster that answers with whatever it likes: an error of ours, or an answer, in bounded time.</summary>
public sealed class ClusterFuzz : IDisposable
{
    private const string Token = "7f3a90c1";

    private const string Key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ1l1hL7mYkqQe9g5K7o4Xb4b7yqQx8m3o1gV7v5S5aZ";

    private static readonly NodeAddress Address = NodeAddress.Parse("node.example:2222");

    private static readonly byte[][] EtcdAnswers = [.. new[]
    {
        """{"action":"get","node":{"key":"/deis/platform/version","value":"v1.13.4","modifiedIndex":7,"createdIndex":7}}""",
        """
        {"action":"get","node":{"key":"/deis/router/hosts","dir":true,"nodes":[{"key":"/deis/router/hosts/10.21.1.1","value":"10.21.1.1:80",
        "expiration":"2026-01-01T00:00:00Z","ttl":17,"modifiedIndex":9}],"modifiedIndex":8}}
        """,
        """
        {"action":"get","node":{"key":"/deis/config","dir":true,"nodes":[{"key":"/deis/config/app","dir":true,"modifiedIndex":3}],
        "modifiedIndex":3}}
        """,
        """{"action":"get","node":{"key":"/deis-proxy/lock","value":"{\"Id\":\"0\",\"Who\":\"ann@ci\",\"Command\":\"setup\","""
            + """\"Since\":\"2026-01-01T10:00:00+00:00\",\"ProcessId\":1,\"ProcessSpace\":\"\"}","ttl":60,"modifiedIndex":11}}""",
        """{"errorCode":100,"message":"Key not found","cause":"/deis/router/proxyProtocol","index":12}""",
        """{"errorCode":300,"message":"Raft Internal Error","cause":"etcdserver: request timed out","index":12}""",
    }.Select(Encoding.UTF8.GetBytes)];

    private static readonly byte[][] Banners = [.. new[]
    {
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>400</html>",
        "HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS port</html>", "SSH-2.0-OpenSSH_6.8\r\n", "",
    }.Select(Encoding.UTF8.GetBytes)];

    private static readonly string[] Logs =
    [
        $"[INFO] - [25/Nov/2026:10:00:00 +0000] - 198.51.100.7 - - - 200 - \"GET /?deis-proxy-verify={Token} HTTP/1.1\" - 12 - \"-\" - "
            + "\"deis-proxy\" - "
            + "\"app.example.com\" - 10.21.1.1:49153 - app.example.com - 0.002 - 0.002\n",
        $"2026/11/25 10:00:00 [error] 12#0: *5 broken header: \"GET /?deis-proxy-verify={Token} HTTP/1.1\" while reading PROXY protocol\n",
        $"deis-router[7]: [INFO] - [25/Nov/2026:10:00:00 +0000] - ::ffff:198.51.100.7 - - - \"{Token}\"\n",
    ];

    private static readonly string[] KnownHostsFiles =
    [
        $"node.example ssh-ed25519 {Key} comment\n[node.example]:2222,10.0.0.1 ssh-ed25519 {Key}\n@revoked * ssh-ed25519 {Key}\n",
        $"|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ssh-ed25519 {Key}\n@cert-authority *.example,!x.example ssh-ed25519 {Key}\n",
        $"# text\n\n*,?ode.example ecdsa-sha2-nistp256 {Key}\n",
    ];

    private static readonly string[] Configurations =
    [
        "user core\nhostname 10.21.1.1\nport 2222\nidentityfile ~/.ssh/id_ed25519\nidentityfile %d/key\nidentitiesonly no\n"
            + "identityagent SSH_AUTH_SOCK\nuserknownhostsfile ~/.ssh/known_hosts ~/.ssh/known_hosts2\n"
            + "globalknownhostsfile /etc/ssh/ssh_known_hosts\nproxyjump a@[10.0.0.1]:22,b\n",
        "host x\nhostname ::1\nproxycommand ssh -W %h:%p bastion\ncertificatefile none\nidentityagent $AGENT\nhostkeyalias alias\n"
            + "pkcs11provider none\n",
    ];

    private readonly TemporaryDirectory _directory = TemporaryDirectory.InMemory();

    public void Dispose() => _directory.Dispose();

    [Fuzz(400)]
    internal Task Etcd(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        var body = mutation.Of(EtcdAnswers);
        var status = mutation.Choose("200 OK", "200 OK", "404 Not Found", "412 Precondition Failed", "500 Internal Server Error");
        using var etcd = new EtcdClient(
            new AnsweringNode(_ => [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n\r\n"), .. body]),
            new Uri("http://127.0.0.1:4001"));
        await OursAsync(async () =>
        {
            _ = await new ClusterRouters(new ScriptedNode([]), etcd).ReadAsync(CancellationToken.None);
            _ = await RunLock.DescribeHolderAsync(etcd, "ann@ci", CancellationToken.None);
        });
    });

    /// <summary>What is not even HTTP, or has hostile headers.</summary>
    [Fuzz(400)]
    internal Task Etcd_and_its_headers(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        var answer = mutation.Of(
            [.. EtcdAnswers.Select(body =>
                (byte[])[.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nX-Etcd-Index: 7\r\nContent-Length: {body.Length}\r\n\r\n"), .. body])]);
        using var etcd = new EtcdClient(new AnsweringNode(_ => answer), new Uri("http://127.0.0.1:4001"), TimeSpan.FromSeconds(5));
        await OursAsync(async () =>
        {
            try
            {
                _ = await etcd.GetAsync("/deis/config", recursive: false, CancellationToken.None);
            }
            catch (EtcdException)
            {
                // etcd's own refusal, for whoever asked.
            }
        });
    });

    [Fuzz(3000)]
    internal Task Router_banners(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        var answers = new Queue<byte[]>([mutation.Of(Banners), (mutation with { Seed = mutation.Seed + 1 }).Of(Banners)]);
        await OursAsync(async () => ShouldBeSafe((await RouterProbe.ProbeAsync(
            new AnsweringNode(_ => answers.Dequeue()), new LiveRouter("r", "10.21.1.1", 80), 80, CancellationToken.None)).Seen));
    });

    [Fuzz(5000)]
    internal Task Router_logs(Mutation mutation) => Mutation.WithinLimitAsync(() =>
    {
        _ = RouterLogLine.Find("node", mutation.Of(Logs), Token);
        return Task.CompletedTask;
    });

    [Fuzz(2000)]
    internal Task Known_hosts(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        var file = _directory["known_hosts"];
        await File.WriteAllBytesAsync(file, mutation.Of([.. KnownHostsFiles.Select(Encoding.UTF8.GetBytes)]));
        var known = await KnownHosts.LoadAsync([file], mutation.Choose("node.example", "10.0.0.1"), mutation.Choose(22, 2222), file,
            CancellationToken.None);
        var key = Convert.FromBase64String(Key);
        _ = known.Judge(key, mutation.Choose(null, key));
        _ = known.Types.ToList();
        _ = KnownHosts.TypeOf(mutation.Of([key]));
    });

    [Fuzz(5000)]
    internal Task What_ssh_prints_of_its_configuration(Mutation mutation) => Mutation.WithinLimitAsync(() => OursAsync(() =>
    {
        var host = HostConfiguration.Read(mutation.Of(Configurations), Configurations[1], Address, mutation.Choose(null, "core"),
            mutation.Choose<int?>(null, 0, 1), new SshOptions());
        host.Port.ShouldBeInRange(1, 65535);
        return Task.CompletedTask;
    }));

    /// <summary>Ten megabytes are an error or an answer, and soon.</summary>
    [Fact]
    public async Task Very_long_answers()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"key":"/deis/domains/a","dir":true}""", 280_000));
        var list = Encoding.UTF8.GetBytes($"{{\"node\":{{\"dir\":true,\"key\":\"/deis/domains\",\"nodes\":[{many}]}}}}");
        using var etcd = new EtcdClient(
            new AnsweringNode(_ => [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {list.Length}\r\n\r\n"), .. list]),
            new Uri("http://127.0.0.1:4001"));
        await Mutation.WithinLimitAsync(async () =>
            (await etcd.GetAsync("/deis/domains", recursive: false, CancellationToken.None))!.Nodes.Count.ShouldBe(280_000));

        var line = new string('x', 10_000_000);
        await Mutation.WithinLimitAsync(() =>
        {
            RouterLogLine.Find("node", $"{line}{Token}", Token).ShouldBeNull();
            RouterLogLine.Find("node", $"[INFO] - {line}{Token}", Token).ShouldBeNull();
            return Task.CompletedTask;
        });
        await File.WriteAllTextAsync(_directory["known"],
            $"{line} ssh-ed25519 {Key}\n{string.Join(',', Enumerable.Repeat("*a*", 1_000_000))} ssh-ed25519 {Key}\n");
        await Mutation.WithinLimitAsync(() => KnownHosts.LoadAsync([_directory["known"]], "node.example", 22, null, CancellationToken.None));
        await Mutation.WithinLimitAsync(() => OursAsync(() =>
        {
            _ = HostConfiguration.Read($"hostname {line}\nproxyjump {line}\n", "", Address, "core", null, new SshOptions());
            return Task.CompletedTask;
        }));
    }

    private static async Task OursAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (DeisProxyException error)
        {
            ShouldBeSafe(error.Message);
            error.Message.Length.ShouldBeLessThan(2000);
        }
    }

    private static void ShouldBeSafe(string text) => text.Any(char.IsControl).ShouldBeFalse(text);

    /// <summary>A node whose streams answer anything that is sent.</summary>
    private sealed class AnsweringNode(Func<string, byte[]> answer) : INode
    {
        public string Name => "fuzzed";

        public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            throw new InvalidOperationException();

        public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => throw new InvalidOperationException();

        public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
            Task.FromResult<Stream>(new Exchange(answer));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Answers the first request, and ends.</summary>
    private sealed class Exchange(Func<string, byte[]> answer) : DuplexStream
    {
        private MemoryStream? _answer;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _answer ??= new MemoryStream(answer(Encoding.ASCII.GetString(buffer.Span)));
            return ValueTask.CompletedTask;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _answer?.ReadAsync(buffer, cancellationToken) ?? ValueTask.FromResult(0);
    }
}
