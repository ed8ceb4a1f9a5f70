using System.Net;
using System.Net.Sockets;
using System.Text;
using DeisProxy.Cluster.Ssh;

namespace DeisProxy.Cluster.Tests;

/// <summary>The one listener on this machine, which leads to a jump host's stream: a stranger reaches nothing through it.</summary>
public sealed class StreamRelayTests
{
    [Fact]
    public async Task A_stranger_reaches_nothing_before_between_and_after_ours()
    {
        using var echo = new EchoServer();
        var opened = 0;
        await using var relay = new StreamRelay(async ct =>
        {
            Interlocked.Increment(ref opened);
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, echo.Port, ct);
            return client.GetStream();
        });

        // Before: without the secret, with a wrong one, and one that says nothing and stays.
        using (var resetting = new TcpClient { LingerState = new LingerOption(true, 0) })
        {
            await resetting.ConnectAsync(IPAddress.Loopback, relay.Port, SshServers.Limit);
        }

        using var idle = new TcpClient();
        await idle.ConnectAsync(IPAddress.Loopback, relay.Port, SshServers.Limit);
        (await AskAsync(relay, "CONNECT a:22 HTTP/1.0\r\n\r\n")).ShouldBe("");
        (await AskAsync(relay, Request(new string('0', 32)))).ShouldBe("");
        opened.ShouldBe(0);
        relay.Failure.ShouldBeNull();

        using var ours = new TcpClient();
        await ours.ConnectAsync(IPAddress.Loopback, relay.Port, SshServers.Limit);
        await ours.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Request(relay.Secret)), SshServers.Limit);
        var answer = new byte[19];
        await ours.GetStream().ReadExactlyAsync(answer, SshServers.Limit);
        Encoding.ASCII.GetString(answer).ShouldBe("HTTP/1.0 200 OK\r\n\r\n");
        await ours.GetStream().WriteAsync("ping"u8.ToArray(), SshServers.Limit);
        await ours.GetStream().ReadExactlyAsync(new byte[4], SshServers.Limit);

        // Between and after: nobody listens any more, and who waited already is not served, even with the secret.
        await Should.ThrowAsync<SocketException>(() => AskAsync(relay, Request(relay.Secret)));
        await SayAsync(idle, Request(relay.Secret));
        ours.Dispose();
        await Should.ThrowAsync<SocketException>(() => AskAsync(relay, Request(relay.Secret)));
        opened.ShouldBe(1);
    }

    private static string Request(string secret)
    {
        var credentials = Convert.ToBase64String(Encoding.ASCII.GetBytes($"{StreamRelay.User}:{secret}"));
        return $"CONNECT a:22 HTTP/1.0\r\nProxy-Authorization: Basic {credentials}\r\n\r\n";
    }

    private static async Task<string> AskAsync(StreamRelay relay, string text)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, relay.Port, SshServers.Limit);
        return await SayAsync(client, text);
    }

    private static async Task<string> SayAsync(TcpClient client, string text)
    {
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), SshServers.Limit);
            using var reader = new StreamReader(client.GetStream());
            return await reader.ReadToEndAsync(SshServers.Limit);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
