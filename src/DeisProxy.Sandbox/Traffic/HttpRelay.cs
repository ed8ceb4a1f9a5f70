using System.Net.Sockets;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>
/// An HTTP or HTTPS listener: it ends HTTP itself. It tells the instance who asked, does not pass an Upgrade on,
/// and answers itself what it cannot understand (400) or has nobody for (503).
/// </summary>
internal sealed class HttpRelay(LoadBalancerTraffic traffic, Listener listener, (string Address, int Port) client)
{
    public async Task RunAsync(Stream front, CancellationToken cancellationToken)
    {
        await using var stream = new WireStream(front);
        while (true)
        {
            using var idle = new CancellationTokenSource(traffic.IdleTimeout, traffic.Context.Options.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
            HttpRequest? request;
            try
            {
                request = await Http.ReadRequestAsync(stream, either.Token);
            }
            catch (MalformedRequestException)
            {
                var refusal = Own(400);
                refusal.Fields["Connection"] = "close";
                await Http.WriteResponseAsync(stream, refusal, cancellationToken);
                return;
            }

            if (request is null)
            {
                return;
            }

            idle.CancelAfter(traffic.IdleTimeout);
            HttpResponse response;
            try
            {
                response = await ForwardAsync(request, either.Token);
            }
            catch (OperationCanceledException) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                response = Own(504);
            }
            catch (Exception error) when (error is IOException or SocketException)
            {
                // The instance closed without an answer, or answered with something that is not HTTP.
                response = error is SocketException ? Own(503) : Own(502);
            }

            response.Fields["Connection"] = request.KeepsAlive ? "keep-alive" : "close";
            await Http.WriteResponseAsync(stream, response, cancellationToken);
            if (!request.KeepsAlive)
            {
                return;
            }
        }
    }

    private async Task<HttpResponse> ForwardAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (traffic.NextInstance() is not { } instance)
        {
            return Own(503);
        }

        var fields = new HttpFields(request.Fields);
        fields["Upgrade"] = null;
        fields["Connection"] = "keep-alive";
        fields["Expect"] = null;
        fields["X-Forwarded-For"] = fields["X-Forwarded-For"] is { } before ? $"{before}, {client.Address}" : client.Address;
        fields["X-Forwarded-Port"] = $"{listener.LoadBalancerPort}";
        fields["X-Forwarded-Proto"] = listener.IsSecure ? "https" : "http";

        var (back, _) = await traffic.ConnectAsync(instance, listener, client, cancellationToken);
        await using var stream = new WireStream(back);
        await Http.WriteRequestAsync(stream, request with { Version = "HTTP/1.1", Fields = fields }, cancellationToken);
        return await Http.ReadResponseAsync(stream, request.Method, cancellationToken);
    }

    private static HttpResponse Own(int status) => new(status, [], []);
}
