using System.Net;
using System.Net.Sockets;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>
/// One port of a load balancer. Its loopback port is kept for as long as the load balancer lives, so that clients can be pointed at it;
/// without a listener in effect connections are refused.
/// </summary>
internal sealed class FrontPort : IAsyncDisposable
{
    private readonly int _loadBalancerPort;
    private readonly LoadBalancerTraffic _traffic;
    private readonly Lock _lock = new();
    private readonly List<TcpServer> _servers = [];
    private Socket? _reservation;
    private TcpServer? _accepting;
    private volatile Listener? _listener;

    public FrontPort(int loadBalancerPort, LoadBalancerTraffic traffic)
    {
        _loadBalancerPort = loadBalancerPort;
        _traffic = traffic;
        // Bound and not listening: connects are refused, and nobody else gets the port.
        _reservation = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _reservation.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Port = ((IPEndPoint)_reservation.LocalEndPoint!).Port;
    }

    public int Port { get; }

    public void Set(Listener? listener)
    {
        lock (_lock)
        {
            _listener = listener;
            if (listener is null)
            {
                _accepting?.StopAccepting();
                _accepting = null;
            }
            else if (_accepting is null)
            {
                if (!OperatingSystem.IsLinux())
                {
                    // Elsewhere a bound socket keeps others from listening, us included.
                    _reservation?.Dispose();
                    _reservation = null;
                }

                _accepting = TcpServer.Start(Port, ServeAsync, _traffic.Context.Defect);
                _servers.Add(_accepting);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
        _reservation?.Dispose();
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        // What is in effect when a connection begins holds for all of it.
        if (_listener is not { } listener)
        {
            return;
        }

        var peer = (IPEndPoint)socket.RemoteEndPoint!;
        var client = (_traffic.Context.Options.ClientAddress ?? peer.Address.ToString(), peer.Port);
        await using Stream plain = new NetworkStream(socket, ownsSocket: false);
        await using var front = listener.IsSecure ? await Certificates
            .ServeAsync(plain, _traffic.Context.Certificate.Value, cancellationToken) : plain;
        if (listener.TerminatesHttp)
        {
            await new HttpRelay(_traffic, listener, client).RunAsync(front, cancellationToken);
        }
        else
        {
            await ByteRelay.RunAsync(_traffic, listener, client, front, socket, cancellationToken);
        }
    }
}
