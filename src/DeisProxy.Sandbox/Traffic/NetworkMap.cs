using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>
/// The pretended network: private addresses stand for loopback ports, and a connection made through the map is known to its server by
/// the private address that it seems to come from.
/// </summary>
internal sealed class NetworkMap(TimeProvider time)
{
    /// <summary>When data without an answer are sent again; then after twice the time (RFC 6298; Linux's least time for a near peer).</summary>
    private static readonly TimeSpan FirstRetransmission = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<(string Address, int Port), int> _loopbackPorts = new();
    private readonly ConcurrentDictionary<int, string> _origins = new();
    private readonly ConcurrentDictionary<(string Address, int Port, string By), bool[]> _held = new();

    public void Add(string address, int port, int loopbackPort) => _loopbackPorts[(address, port)] = loopbackPort;

    public void Remove(string address, int port) => _loopbackPorts.TryRemove((address, port), out _);

    /// <summary>Whether a real loopback port belongs to the sandbox.</summary>
    public bool IsOwn(int loopbackPort) => _loopbackPorts.Values.Contains(loopbackPort);

    /// <summary>Makes new connections from elsewhere to a port wait, as iptables on that node would.</summary>
    /// <param name="withProxyLine">Whether those that begin with a PROXY line, or those that do not, or both.</param>
    public void Hold(string address, int port, string by, params bool[] withProxyLine) => _held[(address, port, by)] = withProxyLine;

    public void Release(string address, int port, string by) => _held.TryRemove((address, port, by), out _);

    /// <summary>Whether connections from elsewhere are held at any port of an address.</summary>
    public bool IsHeld(string address) => _held.Keys.Any(held => held.Address == address);

    private bool IsHeld(string address, int port, bool? withProxyLine) =>
        _held.Any(held => held.Key.Address == address && held.Key.Port == port && held.Value.Any(kind => kind == withProxyLine));

    /// <summary>Connects to a pretended address.</summary>
    /// <param name="withProxyLine">Whether what will be sent begins with a PROXY line; null: nothing is sent, or it is a health check.</param>
    public async Task<MappedStream> ConnectAsync(string from, string to, int port, CancellationToken cancellationToken, bool? withProxyLine = null)
    {
        var pause = FirstRetransmission;
        for (; from != to && IsHeld(to, port, withProxyLine); pause *= 2)
        {
            await Task.Delay(pause, time, cancellationToken);
        }

        return _loopbackPorts.TryGetValue((to, port), out var loopbackPort)
            ? await ConnectLoopbackAsync(from, loopbackPort, cancellationToken)
            : throw new SocketException((int)SocketError.ConnectionRefused);
    }

    /// <summary>Connects to a real loopback port, seeming to come from a pretended address.</summary>
    public async Task<MappedStream> ConnectLoopbackAsync(string from, int loopbackPort, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            // Bound first: the server must know the origin by the time it accepts.
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var local = ((IPEndPoint)socket.LocalEndPoint!).Port;
            _origins[local] = from;
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, loopbackPort), cancellationToken);
                return new MappedStream(socket, () => _origins.TryRemove(local, out _));
            }
            catch
            {
                _origins.TryRemove(local, out _);
                throw;
            }
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Where an accepted connection seems to come from.</summary>
    public (string Address, int Port) PeerOf(Socket accepted)
    {
        var peer = (IPEndPoint)accepted.RemoteEndPoint!;
        return (_origins.GetValueOrDefault(peer.Port, peer.Address.ToString()), peer.Port);
    }
}

/// <summary>A connection made through the <see cref="NetworkMap"/>.</summary>
internal sealed class MappedStream(Socket socket, Action closed) : NetworkStream(socket, ownsSocket: true)
{
    protected override void Dispose(bool disposing)
    {
        closed();
        base.Dispose(disposing);
    }
}
