using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

using DeisProxy.Core;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>Accepts connections on a loopback port and runs one handler for each.</summary>
internal sealed class TcpServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Socket, CancellationToken, Task> _serve;
    private readonly Action<Exception> _defect;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, Socket> _connections = new();
    private readonly Task _accepting;

    private TcpServer(Socket listener, Func<Socket, CancellationToken, Task> serve, Action<Exception> defect)
    {
        _listener = listener;
        _serve = serve;
        _defect = defect;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Listens on 127.0.0.1.</summary>
    /// <param name="port">The port; 0 takes a free one.</param>
    /// <exception cref="DeisProxyException"><c>port-in-use</c>.</exception>
    public static TcpServer Start(int port, Func<Socket, CancellationToken, Task> serve, Action<Exception> defect)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen(512);
            return new TcpServer(listener, serve, defect);
        }
        catch (SocketException error)
        {
            listener.Dispose();
            throw new DeisProxyException(
                "port-in-use",
                $"cannot listen on 127.0.0.1:{port}: {error.Message}",
                "Stop the program that uses the port, or choose another one (0 takes a free one).",
                error);
        }
    }

    /// <summary>Refuses new connections; those that are open go on.</summary>
    public void StopAccepting()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                // A child process that is being started at this moment still has a copy: closing alone would leave the port in use until it has
                // begun.
                _listener.Shutdown(SocketShutdown.Both);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // It does not listen any more.
            }
        }

        _listener.Dispose();
    }

    /// <summary>Cuts every open connection.</summary>
    public void CutConnections()
    {
        foreach (var socket in _connections.Values)
        {
            socket.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        StopAccepting();
        await _stopping.CancelAsync();
        CutConnections();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync(_stopping.Token);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }

            socket.NoDelay = true;
            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var serving = ServeAsync(socket, started.Task);
            _connections[serving] = socket;
            _ = serving.ContinueWith(
                task => _connections.TryRemove(task, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            started.SetResult();
        }
    }

    private async Task ServeAsync(Socket socket, Task registered)
    {
        await registered;
        try
        {
            await _serve(socket, _stopping.Token);
        }
        catch (Exception error) when (IsEndOfConnection(error) || _stopping.IsCancellationRequested)
        {
            // The peer went away or we did: what every server sees all day.
        }
#pragma warning disable CA1031 // A defect of the sandbox must be reported to its owner, not lost in a background task.
        catch (Exception error)
#pragma warning restore CA1031
        {
            _defect(error);
        }
        finally
        {
            socket.Dispose();
        }
    }

    private static bool IsEndOfConnection(Exception error) =>
        error is IOException or SocketException or ObjectDisposedException or OperationCanceledException
            or System.Security.Authentication.AuthenticationException or System.Net.WebSockets.WebSocketException;
}
