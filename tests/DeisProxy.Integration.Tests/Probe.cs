using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Integration.Tests;

/// <summary>Asks a router as a client without a PROXY line does.</summary>
internal static class Probe
{
    public static async Task<bool> AnswersPlainAsync(string address, int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address, port, cancellationToken);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /health-check HTTP/1.0\r\n\r\n"), cancellationToken);
        var buffer = new byte[16];
        try
        {
            return await stream.ReadAsync(buffer, cancellationToken) > 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
