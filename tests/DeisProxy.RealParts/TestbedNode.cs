using System.Net.Sockets;
using System.Text;

namespace DeisProxy.RealParts;

/// <summary>What calling confd in a router's container does.</summary>
public enum ConfdBehavior
{
    /// <summary>It reads etcd, and reloads the router if that changes anything.</summary>
    Renders,

    /// <summary>It ends with 0 and has done nothing.</summary>
    DoesNothing,

    /// <summary>It does not end, until it is to do something else.</summary>
    Hangs,
}

/// <summary>What who enters a node may do there.</summary>
public enum NodeRights
{
    /// <summary>Everything.</summary>
    Root,

    /// <summary>No more than its own, and docker: sudo wants a password.</summary>
    NoSudo,

    /// <summary>Everything, but there is no iptables.</summary>
    NoIptables,

    /// <summary>Everything but docker, with sudo neither.</summary>
    NoDocker,

    /// <summary>Everything, but the kernel lacks the module u32.</summary>
    NoU32,
}

/// <summary>
/// A node of a Deis cluster with a router on it: a network namespace with sshd, nginx, an iptables of its own, and a program named docker that
/// knows of
/// one container, deis-router. The node is in two networks: the cluster's, and the one that operators come from.
/// </summary>
public sealed class TestbedNode : IAsyncDisposable
{
    /// <summary>Its interface to the operators.</summary>
    internal const string OperatorDevice = "oper";

    /// <summary>
    /// A confd of the router's image: it looks into /etc/confd, as from v1.10 on; where it is sent elsewhere it finds nothing to do.
    /// </summary>
    private const string Confd =
        """
        once= node= directory=/etc/confd
        while [ $# -gt 0 ]; do
          case "$1" in
            -node|--node) node=$2; shift 2 ;;
            -confdir|--confdir) directory=$2; shift 2 ;;
            -log-level|--log-level) shift 2 ;;
            -onetime|--onetime) once=1; shift ;;
            *) echo "flag provided but not defined: $1" >&2; exit 2 ;;
          esac
        done
        case "$node" in "$HOST":4001) ;; *) echo "cannot reach etcd at $node" >&2; exit 1 ;; esac
        [ -n "$once" ] || { echo 'without -onetime it never ends' >&2; exit 1; }
        [ "$directory" = /etc/confd ] || exit 0
        """;

    private static readonly TimeSpan HangCheck = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryDirectory _directory;
    private readonly Socket _confd = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private Task _answering = Task.CompletedTask;

    private TestbedNode(TemporaryDirectory directory, NetworkNamespace network, string address, string operatorAddress)
    {
        _directory = directory;
        Network = network;
        Address = address;
        OperatorAddress = operatorAddress;
    }

    public NetworkNamespace Network { get; }

    /// <summary>Its private address, which routers announce.</summary>
    public string Address { get; }

    /// <summary>Its public address, where operators reach its sshd.</summary>
    public string OperatorAddress { get; }

    public NginxRouter Router { get; private set; } = null!;

    public SshServer Ssh { get; private set; } = null!;

    public ConfdBehavior OnConfd { get; set; }

    public NodeRights Rights
    {
        get;
        set
        {
            field = value;
            File.Delete(_directory["bin/id"]);
            File.Delete(_directory["bin/iptables"]);
            File.Delete(_directory["bin/no-docker"]);

            // The user core may become root without a password.
            _directory.WriteScript("bin/sudo", "[ \"$1\" = -n ] && shift\nexec \"$@\"");
            if (value == NodeRights.NoSudo)
            {
                _directory.WriteScript("bin/id", "echo 1000");
                _directory.WriteScript("bin/sudo", "echo 'sudo: a password is required' >&2\nexit 1");
            }
            else if (value == NodeRights.NoIptables)
            {
                _directory.WriteScript("bin/iptables", "echo 'sh: iptables: not found' >&2\nexit 127");
            }
            else if (value == NodeRights.NoU32)
            {
                var iptables = RealProcess.Find("iptables", "install the Debian package iptables");
                _directory.WriteScript(
                    "bin/iptables",
                    $"case \" $* \" in *' u32 '*) echo 'iptables: No chain/target/match by that name.' >&2; exit 1 ;; esac\nexec {iptables} \"$@\"");
            }
            else if (value == NodeRights.NoDocker)
            {
                File.WriteAllText(_directory["bin/no-docker"], "");
            }
        }
    }

    internal static async Task<TestbedNode> StartAsync(TestbedNodePlace place, EtcdServer etcd, Version release, TimeSpan tick, string identityFile)
    {
        var node = new TestbedNode(new TemporaryDirectory(), await NetworkNamespace.AddAsync(place.Name), place.Address, place.OperatorAddress);
        try
        {
            await node.Network.ConnectAsync(place.ClusterBridge, "cluster", $"{place.Address}/24");
            await node.Network.ConnectAsync(place.OperatorBridge, OperatorDevice, $"{place.OperatorAddress}/24");
            var nginx = RealProcess.Find("nginx", "install the Debian package nginx-light");
            var files = new RouterPlace(
                Directory.CreateDirectory(node._directory["router"]).FullName, node.Address, 80, 443, HealthPort: null, Testbed.Application);
            node.Router = await NginxRouter.StartAsync(nginx, etcd, release, files, tick, tick, node.Network);
            node.WritePrograms(place.WithSystemd);
            node._confd.Bind(new UnixDomainSocketEndPoint(node._directory["confd.sock"]));
            node._confd.Listen();
            node._answering = node.AnswerConfdAsync();
            node.Ssh = await SshServer.StartAsync(
                new SshPlace(node.Network, [node.OperatorAddress, node.Address], 22, identityFile),
                $"SetEnv PATH={node._directory["bin"]}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SHLVL=5",
                // The builder, for who only reads its banner.
                $"ListenAddress {node.Address}:2222");
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Empties the router's log.</summary>
    public void ForgetLogs()
    {
        foreach (var log in new[] { Router.AccessLog, Router.ErrorLog }.Where(File.Exists))
        {
            using var file = new FileStream(log, FileMode.Truncate);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _confd.Dispose();
        await _answering;
        if (Ssh is not null)
        {
            await Ssh.DisposeAsync();
        }

        if (Router is not null)
        {
            await Router.DisposeAsync();
        }

        _stop.Dispose();
        _directory.Dispose();
    }

    private void WritePrograms(bool withSystemd)
    {
        Directory.CreateDirectory(_directory["bin"]);
        Directory.CreateDirectory(_directory["container"]);
        var curl = RealProcess.Find("curl", "install the Debian package curl");
        _directory.WriteScript(
            "container/confd", $"{Confd}\nexec {curl} --silent --show-error --fail --unix-socket {_directory["confd.sock"]} http://confd/");
        Rights = NodeRights.Root;
        if (withSystemd)
        {
            _directory.WriteScript("bin/systemd-run", "shift\nsetsid \"$@\" </dev/null >/dev/null 2>&1 &");
        }

        _directory.WriteScript(
            "bin/docker",
            $$"""
            [ ! -e {{_directory["bin/no-docker"]}} ] || { echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1; }
            verb=$1
            shift
            count=+1
            while :; do
              case "$1" in
                --tail) count=$2; shift 2 ;;
                --tail=*) count=${1#--tail=}; shift ;;
                -*) shift ;;
                *) break ;;
              esac
            done
            [ "$1" = deis-router ] || { echo "Error response from daemon: no such id: $1" >&2; exit 1; }
            shift
            case "$verb" in
              logs) { cat {{Router.AccessLog}}; sed 's/^/[INFO] - /' {{Router.ErrorLog}}; } | tail -n "$count" ;;
              exec) HOST={{Address}} PATH={{_directory["container"]}}:/usr/bin:/bin exec "$@" ;;
              *) echo "docker: '$verb' is not a docker command here." >&2; exit 1 ;;
            esac
            """);
    }

    private async Task AnswerConfdAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _ = AnswerConfdAsync(await _confd.AcceptAsync(_stop.Token));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerConfdAsync(Socket call)
    {
        using (call)
        {
            try
            {
                // One small request; it says nothing that matters.
                await call.ReceiveAsync(new byte[1024], _stop.Token);
                while (OnConfd == ConfdBehavior.Hangs)
                {
                    await Task.Delay(HangCheck, _stop.Token);
                }

                var status = "200 OK";
                try
                {
                    await (OnConfd == ConfdBehavior.Renders ? Router.RenderNowAsync() : Task.CompletedTask);
                }
                catch (Exception e) when (e is HttpRequestException or InvalidOperationException or IOException)
                {
                    status = "500 Error";
                }

                await call.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), _stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
                // The caller has gone, or the node has.
                return;
            }
        }
    }
}

/// <summary>Where a node is, and whether it has systemd-run (one that does what matters of it: it leaves the session at once).</summary>
internal sealed record TestbedNodePlace(
    string Name, string Address, string OperatorAddress, string ClusterBridge, string OperatorBridge, bool WithSystemd);
