using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Router;

/// <summary>The nodes of the routers, all entered at once and kept open for the moment of the flip.</summary>
/// <param name="known">Addresses of nodes that the person named; empty: those of the nodes that routers announce themselves on.</param>
public sealed class RouterNodes(INode entry, IReadOnlyList<NodeAddress> known, IReadOnlyList<Node> nodes, INodeTransport transport)
    : IRouterNodes, IAsyncDisposable
{
    /// <summary>
    /// Holds connections on a node; run as root with <c>sh -c</c>, followed by this text, an id and the ports, and then told hold and release. A guard that
    /// outlives the SSH session (a transient systemd unit, else a process of a session of its own) is started first, and without it nothing is held. Nothing is dropped but the SYN of new
    /// connections from outside (the raw table comes before docker's rules): their senders repeat it after a second, established connections
    /// and probes through SSH pass, and so do packets that the node only forwards, such as those of its containers. They are let go when we say so, when the SSH session ends, and
    /// 4 s later by the guard, which does not end before iptables shows no such rule any more.
    /// </summary>
    private const string Script =
        """
        self=$1 id=$2; shift 2
        PATH=$PATH:/usr/sbin:/sbin
        dir=/run/deis-proxy.$id
        rule() { iptables -w -t raw "$1" PREROUTING ! -i lo -p tcp --dport "$2" --syn -m addrtype --dst-type LOCAL -m comment --comment "deis-proxy $id" -j DROP; }
        free() { for port; do while rule -D "$port" 2>/dev/null; do :; done; done; }
        gone() { rules=$(iptables -w -t raw -S PREROUTING 2>/dev/null) || return 1; case $rules in *"deis-proxy $id"*) return 1 ;; esac; }
        now() { read -r now idle </proc/uptime; now=${now%.*}${now#*.}; }
        if [ "$self" = guard ]; then
          echo $$ >"$dir/guard"
          tick=0
          while [ ! -e "$dir/held" ] && [ ! -e "$dir/free" ] && [ $tick -lt 900 ]; do sleep 0.2; tick=$((tick + 1)); done
          now; end=$((now + 340))
          while [ -e "$dir/held" ] && [ ! -e "$dir/free" ] && [ "$now" -lt "$end" ]; do sleep 0.2; now; done
          # Without the guard's file nothing is held any more; what had begun before that is over after a second.
          rm -f "$dir/guard"; free "$@"; sleep 1.5
          tick=0
          until free "$@"; gone || [ $tick -ge 600 ]; do sleep 1; tick=$((tick + 1)); done
          rm -rf "$dir"
          exit
        fi
        trap '' HUP PIPE
        iptables -w -t raw -S PREROUTING >/dev/null && mkdir -m 700 "$dir" && printf '%s\n' "$self" >"$dir/script" || exit 1
        { systemd-run --unit="deis-proxy-$id" sh "$dir/script" guard "$id" "$@" || exec setsid sh "$dir/script" guard "$id" "$@"; } </dev/null >/dev/null 2>&1 &
        for wait in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
          [ -s "$dir/guard" ] && break
          sleep 0.1
        done
        hold() {
          read -r guard 2>/dev/null <"$dir/guard" && [ -d "/proc/$guard" ] && : >"$dir/held" || { echo "hold refused: the guard is gone"; return; }
          for port; do
            timeout 0.5 iptables -w -t raw -I PREROUTING ! -i lo -p tcp --dport "$port" --syn -m addrtype --dst-type LOCAL -m comment --comment "deis-proxy $id" -j DROP ||
              { free "$@"; echo "hold refused: iptables ended with an error, or did not end"; return; }
          done
          echo "hold done"
        }
        while read -r word; do
          case $word in
          ready) [ -s "$dir/guard" ] && echo "ready done" || echo "ready refused: the guard did not start" ;;
          hold) hold "$@" ;;
          release) free "$@"; : >"$dir/free"; echo "release done" ;;
          esac
        done
        free "$@"
        : >"$dir/free"
        """;

    /// <summary>How long all nodes may take to hold; the requests that are lost meanwhile are what holding is to prevent.</summary>
    private static readonly TimeSpan HoldTime = TimeSpan.FromSeconds(1.5);

    /// <summary>How long confd may take; the router's own tick comes after 5 s anyway.</summary>
    private static readonly TimeSpan RenderTime = TimeSpan.FromSeconds(4);

    /// <summary>How long one node may take to get ready; what is not ready then is done without.</summary>
    private static readonly TimeSpan NodeTime = TimeSpan.FromSeconds(12);

    /// <summary>How long leaving the nodes may take.</summary>
    private static readonly TimeSpan LeaveTime = TimeSpan.FromSeconds(5);

    private List<RouterNode> _entered = [];
    private IReadOnlyList<string> _ports = [];
    private string _confd = "";

    /// <inheritdoc/>
    public async Task<NodeMeans> PrepareAsync(RouterState routers, IReadOnlyList<int> instancePorts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(routers);
        await DisposeAsync();
        _ports = [.. instancePorts.Select(port => port.ToString(CultureInfo.InvariantCulture))];

        // What the router's own confd does on its tick (deis/deis, router/cmd/boot); until v1.9 its files are in /app.
        var folder = routers.Version is { } version && version < DeisVersion.FirstWithUsualConfd ? " --confdir /app" : "";
        _confd = $"confd -node $HOST:4001{folder} -onetime --log-level error";
        var ways = new NodeWays(known, nodes);
        var straight = ways.Straight(routers.LiveRouters);
        string[] own;
        try
        {
            own = await NodeWays.ConnectionAsync(entry, cancellationToken);
        }
        catch (DeisProxyException error)
        {
            return new NodeMeans(error.Message, error.Message);
        }

        using var hops = new SemaphoreSlim(NodeWays.ParallelHops);
        async Task<(RouterNode? Node, NodeMeans Means)> PrepareRouterAsync(LiveRouter router)
        {
            var address = router.Name == own.ElementAtOrDefault(2) ? NodeAddress.TryParse(entry.Name) : ways.To(straight, router);
            if (address is not null)
            {
                return await PrepareAsync(router.Name, address, transport, cancellationToken);
            }

            await hops.WaitAsync(cancellationToken);
            try
            {
                return NodeAddress.TryParse(router.Name) is { } hop
                    ? await PrepareAsync(router.Name, hop, transport.Through(entry), cancellationToken)
                    : (null, new NodeMeans($"{router.Name} is no address", $"{router.Name} is no address"));
            }
            finally
            {
                hops.Release();
            }
        }

        var preparing = routers.LiveRouters.Select(PrepareRouterAsync).ToList();
        (RouterNode? Node, NodeMeans Means)[] prepared;
        try
        {
            prepared = await Task.WhenAll(preparing);
        }
        finally
        {
            // Those that were entered are left again in the end, also when another one ends it all.
            foreach (var one in preparing.Where(one => one.IsCompletedSuccessfully))
            {
                if ((await one).Node is { } node)
                {
                    _entered.Add(node);
                }
            }
        }

        return new NodeMeans(
            prepared.Select(p => p.Means.CannotRender).FirstOrDefault(why => why is not null), prepared.Select(p => p.Means.CannotHold).FirstOrDefault(why => why is not null));
    }

    /// <inheritdoc/>
    public async Task HoldAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HoldTime);
        await Task.WhenAll(_entered.Select(async node =>
        {
            try
            {
                if (await TellAsync(node.Hold!, "hold", limit.Token) is var answer && answer != "hold done")
                {
                    throw new DeisProxyException("hold-refused", $"{node.Node.Name}: {RemoteText.Clean(answer, 160)}", "Use --no-hold, or let the user on the nodes run iptables with sudo and no password.");
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new DeisProxyException("hold-refused", $"{node.Node.Name} did not hold connections within {HoldTime.TotalSeconds} s", "Use --no-hold.");
            }
        }));
    }

    /// <inheritdoc/>
    public Task ReleaseAsync(CancellationToken cancellationToken) => ForEachAsync(_entered.Where(node => node.Hold is not null), async node =>
    {
        try
        {
            _ = await TellAsync(node.Hold!, "release", cancellationToken);
        }
        finally
        {
            // Its end says the same.
            node.Hold!.Dispose();
        }
    });

    /// <inheritdoc/>
    public async Task RenderAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RenderTime);
        await ForEachAsync(_entered, async node =>
        {
            try
            {
                _ = await TellAsync(node.Confd, "render", limit.Token);
            }
            catch (DeisProxyException)
            {
                // The session is lost; a new one takes longer, and is still sooner than the tick.
                _ = await node.Node.RunAsync([.. node.Docker, "exec", "deis-router", "sh", "-c", _confd], limit.Token);
            }
        });
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <inheritdoc/>
    public Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken) =>
        RouterProbe.ProbeAsync(_entered.Find(node => node.Name == router.Name)?.Node ?? entry, router, instancePort, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(LeaveTime);
        await ReleaseAsync(limit.Token);
        await Task.WhenAll(_entered.Select(async node =>
        {
            node.Confd.Dispose();
            node.Hold?.Dispose();
            await node.Node.DisposeAsync();
        }));
        _entered = [];
    }

    private async Task<(RouterNode? Node, NodeMeans Means)> PrepareAsync(string router, NodeAddress address, INodeTransport way, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(NodeTime);
        INode? node = null;
        var isKept = false;
        try
        {
            
            // When the connection is lost, the next command makes a new one to the same node.
            node = await FailoverNode.EnterAsync(way, [address], _ => { }, limit.Token);
            var isRoot = (await node.RunAsync(["id", "-u"], limit.Token)).StandardOutput.Trim() == "0";

            // Users outside the group docker may have sudo. The session is inside the container already: docker takes its time to get there.
            string[] docker = ["docker"];
            string[] inside = ["exec", "-i", "deis-router", "sh", "-c",
                $"command -v confd >/dev/null && [ -n \"$HOST\" ] || {{ echo \"confd cannot be called in the container\"; exit; }}; while read -r word; do [ \"$word\" = ready ] || {_confd} >/dev/null 2>&1; echo \"$word done\"; done"];
            var (confd, cannotRender) = await StartAsync(node, [.. docker, .. inside], limit.Token);
            if (cannotRender is not null && !isRoot)
            {
                docker = ["sudo", "-n", "docker"];
                confd.Dispose();
                (confd, var neither) = await StartAsync(node, [.. docker, .. inside], limit.Token);
                cannotRender = neither is null ? null : cannotRender;
            }

            if (_ports.Count == 0)
            {
                isKept = true;
                return (new RouterNode(router, node, docker, confd, Hold: null), new NodeMeans(cannotRender, CannotHold: null));
            }

            var id = RandomNumberGenerator.GetHexString(8, lowercase: true);
            var (hold, cannotHold) = await StartAsync(node, [.. isRoot ? (string[])[] : ["sudo", "-n"], "sh", "-c", Script, "sh", Script, id, .. _ports], limit.Token);
            isKept = true;
            return (new RouterNode(router, node, docker, confd, hold), new NodeMeans(cannotRender, cannotHold));
        }
        catch (DeisProxyException error) when (error.Code != SshFailure.HostKeyChanged)
        {
            return (null, new NodeMeans(error.Message, error.Message));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var late = $"{address} was not ready within {NodeTime.TotalSeconds} s";
            return (null, new NodeMeans(late, late));
        }
        finally
        {
            // Its sessions end with it.
            if (!isKept && node is not null)
            {
                await node.DisposeAsync();
            }
        }
    }

    /// <summary>Starts a command that answers words, and asks it the way it will be asked later, so that everything on this way has been used once. Null: it is ready.</summary>
    private static async Task<(StreamReader Session, string? WhyNot)> StartAsync(INode node, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var session = new StreamReader(await node.StartAsync(["sh", "-c", "exec 2>&1; exec \"$@\"", "sh", .. command], cancellationToken));
        var answer = await TellAsync(session, "ready", cancellationToken);
        return (session, answer == "ready done" ? null : $"{node.Name}: {RemoteText.Clean(answer, 160)}");
    }

    /// <summary>Says a word and waits for the answer, which begins with that word; anything else is an answer that came late, or why the command has ended.</summary>
    private static async Task<string> TellAsync(StreamReader session, string word, CancellationToken cancellationToken)
    {
        try
        {
            await session.BaseStream.WriteAsync(Encoding.ASCII.GetBytes($"{word}\n"), cancellationToken);
            await session.BaseStream.FlushAsync(cancellationToken);
            var said = "the session on the node has ended";
            while (await session.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.StartsWith($"{word} ", StringComparison.Ordinal))
                {
                    return line;
                }

                said = line.Trim().Length > 0 ? line : said;
            }

            return said;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // InvalidOperationException: an answer of before is still waited for.
            throw new DeisProxyException("ssh-connection-lost", error.Message, "Check the network to the node and run the command again.", error);
        }
    }

    /// <summary>Does something on nodes side by side. One that does not answer must not keep the others from it, and there is nothing to be done about it.</summary>
    private static Task ForEachAsync(IEnumerable<RouterNode> entered, Func<RouterNode, Task> act) => Task.WhenAll(entered.Select(async node =>
    {
        try
        {
            await act(node);
        }
        catch (Exception error) when (error is DeisProxyException or OperationCanceledException)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }));

    /// <summary>A router's node.</summary>
    /// <param name="Hold">What holds connections there; null if it is not wanted.</param>
    private sealed record RouterNode(string Name, INode Node, string[] Docker, StreamReader Confd, StreamReader? Hold);
}
