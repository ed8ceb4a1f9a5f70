using System.Net.Sockets;
using DeisProxy.Core;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using Renci.SshNet.Security;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Connects to nodes with SSH.NET.</summary>
internal sealed class RenciTransport(SshOptions options, KeyRing keyRing, Action<string> warn)
{
    /// <summary>SSH.NET blocks a thread while it connects and authenticates, and there are so many connections at a time.</summary>
    private const int Threads = 160;

    /// <summary>What SSH.NET has, by the option of ssh that chooses among it.</summary>
    public static ILookup<string, string> Algorithms { get; } =
        Offer(new ConnectionInfo("localhost", "nobody", new NoneAuthenticationMethod("nobody")));

    static RenciTransport()
    {
        ThreadPool.GetMinThreads(out var workers, out var completion);
        ThreadPool.SetMinThreads(Math.Max(workers, Threads), completion);
    }

    /// <summary>Makes a connection to a node.</summary>
    /// <param name="hops">Jump hosts to go through, the first one first.</param>
    /// <param name="via">The node to go through instead; null: none.</param>
    public async Task<RenciConnection> ConnectAsync(
        NodeAddress address,
        HostConfiguration host,
        IReadOnlyList<(NodeAddress Address, HostConfiguration Host)> hops,
        INode? via,
        CancellationToken cancellationToken)
    {
        if (via is not null)
        {
            return await ConnectAsync(address, host, via, ownsVia: false, cancellationToken);
        }

        INode? way = null;
        try
        {
            foreach (var (hop, hopHost) in hops)
            {
                var before = way;
                var node = new RenciNode(hop, ct => ConnectAsync(hop, hopHost, before, ownsVia: true, ct), options.EntryTime, isJump: true);
                await node.EnterAsync(cancellationToken);

                // Not sooner: what is not connected does not own the way to it.
                way = node;
            }

            return await ConnectAsync(address, host, way, ownsVia: true, cancellationToken);
        }
        catch
        {
            if (way is not null)
            {
                await way.DisposeAsync();
            }

            throw;
        }
    }

    private async Task<RenciConnection> ConnectAsync(
        NodeAddress address, HostConfiguration host, INode? via, bool ownsVia, CancellationToken cancellationToken)
    {
        var named = options.IdentityFile is { } file ? SshOptions.Expand(file) : null;
        var (keys, locked) = await keyRing.CollectAsync(host, named, warn, cancellationToken);
        DeisProxyException? refused = null;
        if (keys.Count > 0)
        {
            try
            {
                return await ConnectAsync(address, host, via, ownsVia, keys, cancellationToken);
            }
            catch (DeisProxyException error) when (error.Code == SshFailure.AuthenticationRefused && locked.Count > 0)
            {
                refused = error;
            }
        }

        foreach (var path in locked)
        {
            if (await keyRing.UnlockAsync(path, host, cancellationToken) is { } unlocked)
            {
                try
                {
                    return await ConnectAsync(address, host, via, ownsVia, unlocked, cancellationToken);
                }
                catch (DeisProxyException error) when (error.Code == SshFailure.AuthenticationRefused)
                {
                    refused = error;
                }
            }
        }

        throw refused ?? (locked.Count > 0
            ? SshFailure.Locked(address, locked[0])
            : SshFailure.Refused(address, host.User, "there is no key to offer", options));
    }

    private async Task<RenciConnection> ConnectAsync(
        NodeAddress address, HostConfiguration host, INode? via, bool ownsVia, IReadOnlyList<OfferedKey> keys, CancellationToken cancellationToken)
    {
        var known = await KnownHosts.LoadAsync(
            host.KnownHostsFiles, host.HostKeyAlias ?? host.Host, host.HostKeyAlias is null ? host.Port : null,
            options.KnownHostsFile is { } file ? SshOptions.Expand(file) : null, cancellationToken);
        var relay = via is null ? null : new StreamRelay(ct => via.OpenStreamAsync(host.Host, host.Port, ct));
        var method = new PublicKeyMethod(host.User, keys, warn);
        var info = relay is null
            ? new ConnectionInfo(host.Host, host.Port, host.User, method)
            : new ConnectionInfo(host.Host, host.Port, host.User, ProxyTypes.Http, "127.0.0.1", relay.Port, StreamRelay.User, relay.Secret, method);
        info.Timeout = options.ConnectTimeout;
        PutBeforeSlow(info.KeyExchangeAlgorithms, "curve25519-sha256@libssh.org", "curve25519-sha256");
        Keep(info.KeyExchangeAlgorithms, host.Algorithms["KexAlgorithms"]);
        Keep(info.Encryptions, host.Algorithms["Ciphers"]);
        Keep(info.HmacAlgorithms, host.Algorithms["MACs"]);
        Keep(info.HostKeyAlgorithms, host.Algorithms["HostKeyAlgorithms"]);
        Prefer(info.HostKeyAlgorithms, known);

        var client = new SshClient(info);
        DeisProxyException? distrust = null;
        client.HostKeyReceived += (_, e) =>
        {
            e.CanTrust = false;
            distrust = Judge(address, host, known, e);
            e.CanTrust = distrust is null;
        };
        Task? connecting = null;
        try
        {
            connecting = Task.Run(() => client.ConnectAsync(cancellationToken), CancellationToken.None);
            await connecting.WaitAsync(options.EntryTime, cancellationToken);
            if (method.Session is not { } session)
            {
                throw new DeisProxyException(
                    "ssh-failed", $"{address} lets {host.User} in without a key.", "Check what answers there; it is not a Deis node.");
            }

            IAsyncDisposable?[] way = [relay, ownsVia ? via : null];
            return new RenciConnection(address, client, session, [.. way.OfType<IAsyncDisposable>()]);
        }
#pragma warning disable CA1031 // What answers may be anything, and SSH.NET stumbles over it in any way.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _ = LeaveAsync(connecting, client);
            if (relay is not null)
            {
                await relay.DisposeAsync();
            }

            // A key that was judged is told of, whatever else happens.
            if (distrust is null)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            throw distrust ?? Explain(address, host, relay?.Failure is { } failure and not OperationCanceledException ? failure : error);
        }
    }

    /// <summary>Ends a client whose connecting may still be under way.</summary>
    private static async Task LeaveAsync(Task? connecting, SshClient client)
    {
        try
        {
            if (connecting is not null)
            {
                await connecting;
            }
        }
#pragma warning disable CA1031 // Whatever it was, it has been told of.
        catch (Exception error)
#pragma warning restore CA1031
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }

        client.Dispose();
    }

    /// <summary>Puts key exchanges before sntrup761, which takes several times as long (docs/ssh.md).</summary>
    private static void PutBeforeSlow<T>(IOrderedDictionary<string, T> exchanges, params IEnumerable<string> names)
    {
        var slow = exchanges.Keys.TakeWhile(name => !name.StartsWith("sntrup761", StringComparison.Ordinal)).Count();
        foreach (var name in names)
        {
            exchanges.SetPosition(name, slow);
        }
    }

    /// <summary>Leaves the algorithms that the configuration chooses, in its order; all of them, if it chooses none.</summary>
    private static void Keep<T>(IOrderedDictionary<string, T> algorithms, IEnumerable<string> chosen)
    {
        var names = chosen.Where(algorithms.ContainsKey).ToList();
        foreach (var other in names.Count == 0 ? [] : algorithms.Keys.Except(names, StringComparer.Ordinal).ToList())
        {
            algorithms.Remove(other);
        }

        for (var i = 0; i < names.Count; i++)
        {
            algorithms.SetPosition(names[i], i);
        }
    }

    /// <summary>Asks for the types of keys that are known of the host before others, so that it is known by any of its keys.</summary>
    private static void Prefer(IOrderedDictionary<string, Func<byte[], KeyHostAlgorithm>> algorithms, KnownHosts known)
    {
        if (!known.HasAuthorities)
        {
            foreach (var certificate in algorithms.Keys.Where(name => name.Contains("-cert-", StringComparison.Ordinal)).ToList())
            {
                algorithms.Remove(certificate);
            }
        }

        var types = known.Types.ToHashSet(StringComparer.Ordinal);
        string TypeOf(string name) => name is "rsa-sha2-512" or "rsa-sha2-256" ? "ssh-rsa" : name;
        var preferred = algorithms.Keys.Where(name => types.Contains(TypeOf(name))).ToList();
        for (var i = 0; i < preferred.Count; i++)
        {
            algorithms.SetPosition(preferred[i], i);
        }
    }

    private static ILookup<string, string> Offer(ConnectionInfo info) =>
        ((IEnumerable<(string Option, IEnumerable<string> Names)>)
        [
            ("HostKeyAlgorithms", info.HostKeyAlgorithms.Keys), ("KexAlgorithms", info.KeyExchangeAlgorithms.Keys),
            ("Ciphers", info.Encryptions.Keys), ("MACs", info.HmacAlgorithms.Keys),
        ])
        .SelectMany(list => list.Names, (list, name) => (list.Option, name))
        .ToLookup(pair => pair.Option, pair => pair.name, StringComparer.OrdinalIgnoreCase);

    private static DeisProxyException? Judge(NodeAddress address, HostConfiguration host, KnownHosts known, HostKeyEventArgs e)
    {
        var certificate = e.Certificate;
        var isOurs = certificate is { Type: Certificate.CertificateType.Host }
            && certificate.ValidPrincipals.Contains(host.HostKeyAlias ?? host.Host, StringComparer.OrdinalIgnoreCase);
        var (verdict, entry) = known.Judge(e.HostKey, isOurs ? certificate!.CertificateAuthorityKey : null);
        return verdict == KnownHosts.Verdict.Known ? null : SshFailure.HostKey(address, host, verdict, entry, e.HostKey);
    }

    private DeisProxyException Explain(NodeAddress address, HostConfiguration host, Exception error)
    {
        var said = RemoteText.Clean(error.Message).TrimEnd('.');
        return error switch
        {
            DeisProxyException known => known,
            SshAuthenticationException => SshFailure.Refused(address, host.User, said, options, error),
            SshConnectionException when said.Contains("authentication failures", StringComparison.OrdinalIgnoreCase) =>
                SshFailure.Refused(address, host.User, said, options, error),
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
                SshFailure.Unreachable(address, $"Could not resolve hostname {host.Host}", error),
            SshOperationTimeoutException or TimeoutException or OperationCanceledException =>
                SshFailure.Unreachable(address, "it does not answer in time", error),
            SshConnectionException { DisconnectReason: var reason } when reason is DisconnectReason.KeyExchangeFailed
                or DisconnectReason.ProtocolError or DisconnectReason.ProtocolVersionNotSupported => SshFailure.Failed(address, said, error),
            SocketException or IOException or SshConnectionException or ProxyException => SshFailure.Unreachable(address, said, error),
            _ => SshFailure.Failed(address, said, error),
        };
    }
}
