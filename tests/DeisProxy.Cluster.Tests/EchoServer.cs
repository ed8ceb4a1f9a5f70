using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace DeisProxy.Cluster.Tests;

/// <summary>Sends back what it gets; after a <c>q</c> it closes the connection without an answer.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public EchoServer()
    {
        _listener.Start();
        Running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private Task Running { get; }

    public void Dispose() => _listener.Dispose();

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (SocketException e)
        {
            Debug.WriteLine(e.Message);
        }
    }

    private static async Task EchoAsync(TcpClient client)
    {
        using (client)
        {
            var buffer = new byte[65536];
            try
            {
                int count;
                while ((count = await client.GetStream().ReadAsync(buffer)) > 0 && (count, buffer[0]) is not (1, (byte)'q'))
                {
                    await client.GetStream().WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (IOException e)
            {
                Debug.WriteLine(e.Message);
            }
        }
    }
}
