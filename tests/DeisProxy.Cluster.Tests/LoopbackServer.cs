using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Cluster.Tests;

/// <summary>Serves connections on a port of its own until it is disposed.</summary>
internal abstract class LoopbackServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    protected LoopbackServer()
    {
        _listener.Start();
        Running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private Task Running { get; }

    public void Dispose() => _listener.Dispose();

    protected abstract Task ServeAsync(NetworkStream stream);

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (SocketException e)
        {
            Debug.WriteLine(e.Message);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await ServeAsync(client.GetStream());
            }
            catch (IOException e)
            {
                Debug.WriteLine(e.Message);
            }
        }
    }
}

/// <summary>Sends back what it gets; after a <c>q</c> it closes the connection without an answer.</summary>
internal sealed class EchoServer : LoopbackServer
{
    protected override async Task ServeAsync(NetworkStream stream)
    {
        var buffer = new byte[65536];
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0 && (count, buffer[0]) is not (1, (byte)'q'))
        {
            await stream.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}

/// <summary>Answers every connection with the same bytes, after the first that it gets, and closes it.</summary>
internal sealed class CannedServer(string answer) : LoopbackServer
{
    protected override async Task ServeAsync(NetworkStream stream)
    {
        _ = await stream.ReadAsync(new byte[65536]);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer));
    }
}
