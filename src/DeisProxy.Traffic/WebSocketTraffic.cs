using System.Net.Security;
using System.Net.WebSockets;
using System.Text;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Traffic;

/// <summary>Opens a WebSocket (RFC 6455) through the load balancer and sends one message.</summary>
public static class WebSocketTraffic
{
    /// <summary>The most that is read of all messages, in bytes.</summary>
    private const int MaximumReceived = 64 * 1024;

    /// <summary>Messages that a server may send before the echo, such as a greeting.</summary>
    private const int MaximumMessages = 10;

    /// <summary>Opens a WebSocket, sends a message and waits for its echo.</summary>
    public static Task<WebSocketObservation> EchoAsync(Uri url, string token, CancellationToken cancellationToken) =>
        EchoAsync(url, token, validateCertificate: null, cancellationToken);

    internal static async Task<WebSocketObservation> EchoAsync(
        Uri url, string token, RemoteCertificateValidationCallback? validateCertificate, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TrafficFailure.Time);
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.Proxy = null;
        socket.Options.RemoteCertificateValidationCallback = validateCertificate;
        socket.Options.SetRequestHeader("User-Agent", $"deis-proxy-verify/{token}");
        try
        {
            await socket.ConnectAsync(url, limit.Token);
        }
        catch (Exception error) when (error is WebSocketException or HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new WebSocketObservation(Refused(url, socket, error), Echoed: false, "");
        }

        var handshake = new HttpObservation(url, TrafficOutcome.Answered) { Status = 101 };
        var message = $"deis-proxy {token}";
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
            var (echoed, received) = await ReceiveAsync(socket, message, limit.Token);
            if (socket.State == WebSocketState.Open)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, limit.Token);
            }

            return new WebSocketObservation(handshake, echoed, received);
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new WebSocketObservation(
                handshake, Echoed: false, error is OperationCanceledException ? "nothing came in time" : "the connection was cut");
        }
    }

    private static HttpObservation Refused(Uri url, ClientWebSocket socket, Exception error)
    {
        var status = (int)socket.HttpStatusCode;
        if (status is 0 or 101)
        {
            // With 101 the answer was one, but not to this handshake: its Sec-WebSocket-Accept or protocol is wrong.
            var (outcome, detail) = status == 101
                ? (TrafficOutcome.Invalid, error.Message)
                : TrafficFailure.Of(error is WebSocketException { InnerException: { } inner } ? inner : error);
            return new HttpObservation(url, outcome) { Detail = detail };
        }

        var location = socket.HttpResponseHeaders?.FirstOrDefault(h => string.Equals(h.Key, "Location", StringComparison.OrdinalIgnoreCase)).Value?
            .FirstOrDefault();
        return new HttpObservation(url, TrafficOutcome.Answered)
        {
            Status = status,
            Location = location is not null && Uri.TryCreate(url, location, out var target) ? target : null,
        };
    }

    private static async Task<(bool Echoed, string Received)> ReceiveAsync(
        ClientWebSocket socket, string message, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaximumReceived];
        var (length, start, received) = (0, 0, "nothing came");
        for (var messages = 0; messages < MaximumMessages && length < buffer.Length;)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return (false, $"closed with status {(int?)socket.CloseStatus} {socket.CloseStatusDescription}");
            }

            length += part.Count;
            if (part.EndOfMessage)
            {
                received = Encoding.UTF8.GetString(buffer, start, length - start);
                if (received.Contains(message, StringComparison.Ordinal))
                {
                    return (true, received);
                }

                (start, messages) = (length, messages + 1);
            }
        }

        return (false, received);
    }
}
