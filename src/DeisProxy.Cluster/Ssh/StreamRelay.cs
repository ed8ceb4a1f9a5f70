using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// Leads SSH.NET, which connects sockets only, to a stream: an HTTP proxy on the loopback interface for one connection, which must know a secret.
/// Nobody else on this machine gets through.
/// </summary>
internal sealed class StreamRelay : IAsyncDisposable
{
    /// <summary>User name of the proxy.</summary>
    public const string User = "deis-proxy";

    private const int MaximumHead = 2048;

    private static readonly TimeSpan HeadTime = TimeSpan.FromSeconds(5);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<CancellationToken, Task<Stream>> _open;
    private readonly CancellationTokenSource _ended = new();
    private readonly byte[] _expected;
    private readonly Task _running;
    private int _taken;

    /// <summary>Listens.</summary>
    /// <param name="open">Opens the stream.</param>
    public StreamRelay(Func<CancellationToken, Task<Stream>> open)
    {
        _open = open;
        _expected = Encoding.ASCII.GetBytes($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{User}:{Secret}"))}");
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _running = AcceptAsync();
    }

    /// <summary>The proxy's port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Password of the proxy.</summary>
    public string Secret { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Why the stream could not be opened.</summary>
    public Exception? Failure { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _running;
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (_taken == 0)
            {
                serving.Add(ServeAsync(await _listener.AcceptAsync(_ended.Token)));
                serving.RemoveAll(task => task.IsCompleted);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var client = new NetworkStream(socket, ownsSocket: true);
        var isOurs = false;
        try
        {
            socket.NoDelay = true;
            if (!await IsOursAsync(client) || Interlocked.Exchange(ref _taken, 1) != 0)
            {
                return;
            }

            // Nobody else is to be let in.
            isOurs = true;
            _listener.Dispose();
            await using var stream = await _open(_ended.Token);
            await client.WriteAsync("HTTP/1.0 200 OK\r\n\r\n"u8.ToArray(), _ended.Token);
            var up = CopyAsync(client, stream);
            await Task.WhenAny(up, CopyAsync(stream, client));
        }
        catch (Exception error) when (
            error is IOException or SocketException or OperationCanceledException or ObjectDisposedException or DeisProxyException)
        {
            if (isOurs)
            {
                Failure ??= error;
            }
        }
    }

    /// <summary>Reads the request and looks for the secret in it.</summary>
    private async Task<bool> IsOursAsync(NetworkStream client)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        limit.CancelAfter(HeadTime);
        var head = new byte[MaximumHead];
        var length = 0;
        while (length < head.Length && await client.ReadAsync(head.AsMemory(length), limit.Token) is > 0 and var count)
        {
            length += count;
            if (head.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
            {
                var line = head.AsSpan(0, length - 4);
                line = line[(line.LastIndexOf((byte)'\n') + 1)..];
                return CryptographicOperations.FixedTimeEquals(line, _expected);
            }
        }

        return false;
    }

    private async Task CopyAsync(Stream from, Stream to)
    {
        try
        {
            await from.CopyToAsync(to, _ended.Token);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever reads on sees the end, and knows better what it means.
            Failure ??= error;
        }
    }
}
