using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>An application: it echoes headers and WebSocket messages, and misbehaves where it is asked to.</summary>
internal sealed class EchoApplication : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;
    private long _sent;

    public EchoApplication()
    {
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port { get; } = RealProcess.FreePort();

    /// <summary>Bytes of the endless answer that went out.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    public async ValueTask DisposeAsync()
    {
        _listener.Abort();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            _ = AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            switch (context.Request.Url!.AbsolutePath)
            {
                case "/ws" when context.Request.IsWebSocketRequest:
                    await EchoAsync((await context.AcceptWebSocketAsync(subProtocol: null)).WebSocket, greet: true);
                    return;
                case "/mute" when context.Request.IsWebSocketRequest:
                    using (var socket = (await context.AcceptWebSocketAsync(subProtocol: null)).WebSocket)
                    {
                        await socket.CloseAsync(WebSocketCloseStatus.PolicyViolation, "\u001b[31mno", CancellationToken.None);
                    }

                    return;
                case "/ws" or "/mute":
                    context.Response.StatusCode = 426;
                    break;
                case "/loop":
                    context.Response.Redirect("/loop/back");
                    break;
                case "/loop/back":
                    context.Response.Redirect("/loop");
                    break;
                case "/gigabyte":
                    await SendGigabyteAsync(context.Response);
                    return;
                default:
                    var headers = context.Request.Headers.AllKeys.ToDictionary(
                        name => name!, name => context.Request.Headers[name], StringComparer.OrdinalIgnoreCase);
                    await context.Response.OutputStream.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(new { headers }));
                    break;
            }

            context.Response.Close();
        }
        catch (Exception e)
            when (e is HttpListenerException or IOException or ObjectDisposedException or WebSocketException or InvalidOperationException)
        {
            context.Response.Abort();
        }
    }

    private async Task SendGigabyteAsync(HttpListenerResponse response)
    {
        response.SendChunked = true;
        var block = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        for (var i = 0; i < 16 * 1024; i++)
        {
            await response.OutputStream.WriteAsync(block);
            Interlocked.Add(ref _sent, block.Length);
        }
    }

    private static async Task EchoAsync(WebSocket socket, bool greet)
    {
        using (socket)
        {
            if (greet)
            {
                await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }

            var buffer = new byte[1024];
            var message = await socket.ReceiveAsync(buffer, CancellationToken.None);
            await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, message.EndOfMessage, CancellationToken.None);
            await socket.ReceiveAsync(buffer, CancellationToken.None);
        }
    }
}
