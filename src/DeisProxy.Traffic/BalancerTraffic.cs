using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using DeisProxy.Core;
using DeisProxy.Core.Elb;

namespace DeisProxy.Traffic;

/// <summary>Makes a TCP connection to a host and port.</summary>
public delegate Task<Stream> Connect(string host, int port, CancellationToken cancellationToken);

/// <summary>Single requests through a load balancer, straight from here or, where it cannot be reached from here, from a node.</summary>
/// <param name="straight">Connects from here; null if that leads nowhere, as in a sandbox.</param>
public sealed class BalancerTraffic(Connect? straight, Connect fromNode) : IBalancerTraffic
{
    /// <summary>Enough for a status line and headers.</summary>
    private const int MaximumAnswer = 4096;

    /// <summary>Every connection from a node costs an ssh process here.</summary>
    private static readonly TimeSpan NodeInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>A first try; nobody waits longer for a load balancer that drops packets from here.</summary>
    private static readonly TimeSpan FindTime = TimeSpan.FromSeconds(3);

    /// <summary>One request. A SYN that a node drops is repeated after one second and again after three.</summary>
    private static readonly TimeSpan AskTime = TimeSpan.FromSeconds(5);

    /// <summary>One request that may be held at a node.</summary>
    private static readonly TimeSpan PatientTime = TimeSpan.FromSeconds(30);

    // A name that no application can have, so that the default server with its /health-check answers.
    private static readonly byte[] HealthCheck =
        "GET /health-check HTTP/1.1\r\nHost: localhost\r\nUser-Agent: deis-proxy\r\nConnection: close\r\n\r\n"u8.ToArray();

    // No method begins with a small letter (RFC 9110, 9.1): nginx and load balancers refuse the line as soon as it is there.
    private static readonly byte[] Malformed = "deis-proxy asks who reads this\r\n\r\n"u8.ToArray();

    private readonly ConcurrentDictionary<(string Host, int Port), Connect> _ways = new();
    private string[] _hosts = [];
    private string _name = "";
    private int _turn;

    /// <inheritdoc/>
    public TimeSpan Interval { get; private set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Connects straight from here.</summary>
    public static async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<int>> FindAsync(LoadBalancer balancer, IReadOnlyList<int> loadBalancerPorts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(balancer);
        var addresses = straight is null ? [] : await ResolveAsync(balancer.DnsName, cancellationToken);
        _hosts = addresses.Count > 0 ? [.. addresses] : [balancer.DnsName];
        _name = balancer.DnsName;
        var found = new List<int>();
        foreach (var listener in balancer.Listeners.Where(l => loadBalancerPorts.Contains(l.LoadBalancerPort)))
        {
            if (await WayAsync(listener, addresses.Count > 0, cancellationToken) is not null)
            {
                found.Add(listener.LoadBalancerPort);
            }
        }

        return found;
    }

    /// <inheritdoc/>
    public async Task<TrafficAnswer> AskAsync(Listener listener, TrafficQuestion question, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(listener);
        var hosts = _hosts;
        var host = hosts[(int)((uint)Interlocked.Increment(ref _turn) % hosts.Length)];
        return await AskAsync(listener, host, question, AskTime, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<TrafficAnswer> AskAsync(Listener listener, string address, CancellationToken cancellationToken) =>
        AskAsync(listener, address, TrafficQuestion.HealthCheck, PatientTime, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken)
    {
        var addresses = straight is null ? [] : await ResolveAsync(_name, cancellationToken);
        return _hosts = addresses.Count > 0 ? [.. addresses] : _hosts;
    }

    private Task<TrafficAnswer> AskAsync(
        Listener listener, string host, TrafficQuestion question, TimeSpan time, CancellationToken cancellationToken) =>
        _ways.GetValueOrDefault((_name, listener.LoadBalancerPort)) is { } way
            ? AskAsync(way, host, listener, question, time, cancellationToken)
            : Task.FromResult(TrafficAnswer.Unreachable);

    private static async Task<IReadOnlyList<string>> ResolveAsync(string name, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FindTime);

        // Not every machine has IPv6, and some resolvers drop the question for it: it is asked only where there is nothing else.
        foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.Unspecified])
        {
            try
            {
                var addresses = await Dns.GetHostAddressesAsync(name, family, limit.Token);
                if (addresses.Length > 0)
                {
                    return [.. addresses.Select(address => address.ToString())];
                }
            }
            catch (Exception error)
                when (error is SocketException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                Debug.WriteLine(error.Message);
            }
        }

        return [];
    }

    /// <summary>The way on which a router's answer comes back; the search is done once, however often it is asked for.</summary>
    private async Task<Connect?> WayAsync(Listener listener, bool isResolved, CancellationToken cancellationToken)
    {
        var key = (_name, listener.LoadBalancerPort);
        if (_ways.TryGetValue(key, out var known))
        {
            return known;
        }

        Connect? way = null;
        if (isResolved
            && await AskAsync(straight!, _hosts[0], listener, TrafficQuestion.HealthCheck, FindTime, cancellationToken) == TrafficAnswer.Served)
        {
            way = straight;
        }
        else if (await AskAsync(fromNode, _hosts[0], listener, TrafficQuestion.HealthCheck, FindTime, cancellationToken) == TrafficAnswer.Served)
        {
            (way, Interval) = (fromNode, NodeInterval);
        }

        // What was not found may have been a hiccup: it is looked for again.
        return way is null ? null : _ways[key] = way;
    }

    private static async Task<TrafficAnswer> AskAsync(
        Connect way, string host, Listener listener, TrafficQuestion question, TimeSpan time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        var connected = false;
        try
        {
            await using var plain = await way(host, listener.LoadBalancerPort, limit.Token);
            connected = true;
            // A router with a certificate speaks TLS on 443 itself.
            await using var stream = listener.EndsTls || listener.InstancePort == 443 ? await SecureAsync(plain, host, limit.Token) : plain;
            await stream.WriteAsync(question == TrafficQuestion.Malformed ? Malformed : HealthCheck, limit.Token);
            await stream.FlushAsync(limit.Token);
            var answer = await ReadHeadAsync(stream, limit.Token);
            return answer.Length == 0 ? TrafficAnswer.CutOff
                : !answer.StartsWith("HTTP/1.", StringComparison.Ordinal) || answer.Length < 12 ? TrafficAnswer.Unreachable
                : answer[9..12] != "400" ? TrafficAnswer.Served
                : answer.Contains("\nserver: nginx", StringComparison.OrdinalIgnoreCase) ? TrafficAnswer.RefusedByRouter
                : TrafficAnswer.RefusedByBalancer;
        }
        catch (Exception error)
            when (error is SocketException or IOException or AuthenticationException or OperationCanceledException or DeisProxyException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // A lost connection to the node says nothing of the load balancer.
            return connected && error is AuthenticationException or IOException { InnerException: not DeisProxyException }
                ? TrafficAnswer.CutOff
                : TrafficAnswer.Unreachable;
        }
    }

    private static async Task<Stream> SecureAsync(Stream plain, string host, CancellationToken cancellationToken)
    {
        // Nothing of any worth is sent or believed here: it is only seen whether the two ends understand each other. The certificate is verify's
        // business.
#pragma warning disable CA5359
        var stream = new SslStream(plain, leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = host }, cancellationToken);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaximumAnswer];
        var length = 0;
        int count;
        while (length < buffer.Length && (count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken)) > 0)
        {
            length += count;
            if (buffer.AsSpan(0, length).IndexOf("\r\n\r\n"u8) >= 0)
            {
                break;
            }
        }

        return Encoding.ASCII.GetString(buffer, 0, length);
    }
}
