using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>The application behind the routers: it tells the request it got, and echoes on a WebSocket.</summary>
internal static class EchoApplication
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The request's line and header fields: as text when the client accepts text, else as JSON (<c>method</c>, <c>path</c>, <c>headers</c>).
    /// </summary>
    public static HttpResponse Respond(HttpRequest request)
    {
        if (request.Fields["Accept"]?.Contains("text/plain", StringComparison.OrdinalIgnoreCase) == true)
        {
            var lines = request.Fields.Select(field => $"{field.Key}: {field.Value}");
            return HttpResponse.Text(200, "text/plain", $"{request.Line}\n{string.Join('\n', lines)}\n");
        }

        var headers = new JsonObject(request.Fields
            .GroupBy(field => field.Key, StringComparer.OrdinalIgnoreCase)
            .Select(group => KeyValuePair.Create<string, JsonNode?>(group.Key, string.Join(", ", group.Select(field => field.Value)))));
        var document = new JsonObject { ["method"] = request.Method, ["path"] = request.Target, ["headers"] = headers };
        return HttpResponse.Text(200, "application/json", document.ToJsonString(Json));
    }

    /// <summary>The handshake's answer (RFC 6455, 4.2.2); null when the request is no WebSocket handshake.</summary>
    public static HttpResponse? AcceptWebSocket(HttpRequest request)
    {
        if (!request.IsUpgrade || !request.Fields.HasToken("Upgrade", "websocket") || request.Fields["Sec-WebSocket-Key"] is not { Length: > 0 } key)
        {
            return null;
        }

#pragma warning disable CA5350 // RFC 6455 prescribes SHA-1; it protects nothing.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
        return new HttpResponse(101, [new("Upgrade", "websocket"), new("Connection", "Upgrade"), new("Sec-WebSocket-Accept", accept)], []);
    }

    /// <summary>Echoes messages until the client closes.</summary>
    public static async Task EchoAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var socket =
            WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = Timeout.InfiniteTimeSpan });
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, cancellationToken);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, cancellationToken);
        }
    }
}
