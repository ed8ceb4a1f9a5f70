using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Tests;

/// <summary>An answer over HTTP.</summary>
internal sealed record Reply(int Status, byte[] Body);

/// <summary>An HTTP service on loopback that answers whatever it is told to, and keeps its connections: tens of thousands of requests.</summary>
internal sealed class HostileService : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _serving;

    /// <summary>Starts it.</summary>
    /// <param name="answer">Answers a request: its head and its body.</param>
    public HostileService(Func<string, string, Task<Reply>> answer)
    {
        _listener.Start();
        _serving = ServeAsync(answer);
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _serving;
        _ended.Dispose();
    }

    private async Task ServeAsync(Func<string, string, Task<Reply>> answer)
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.RemoveAll(connection => connection.IsCompleted);
                open.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_ended.Token), answer));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(TcpClient client, Func<string, string, Task<Reply>> answer)
    {
        using var _ = client;
        client.NoDelay = true;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
            while (true)
            {
                var head = new StringBuilder();
                var length = 0;
                while (await reader.ReadLineAsync(_ended.Token) is { Length: > 0 } line)
                {
                    head.Append(line).Append('\n');
                    length = line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) ? int.Parse(line.Split(':')[1]) : length;
                }

                if (head.Length == 0)
                {
                    return;
                }

                var body = new char[length];
                if (length > 0)
                {
                    await reader.ReadBlockAsync(body, _ended.Token);
                }

                var reply = await answer(head.ToString(), new string(body));
                var said = $"HTTP/1.1 {reply.Status} Whatever\r\nContent-Type: text/xml\r\nContent-Length: {reply.Body.Length}\r\n\r\n";
                byte[] whole = [.. Encoding.ASCII.GetBytes(said), .. reply.Body];
                await stream.WriteAsync(whole, _ended.Token);
            }
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            // The client has heard enough.
        }
    }
}
