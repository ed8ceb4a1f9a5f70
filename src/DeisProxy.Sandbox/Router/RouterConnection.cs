using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>One connection to a router: what its nginx does with it.</summary>
internal sealed class RouterConnection(DeisRouter router, int port)
{
    private const string Upstream = "10.244.17.3:49153";

    private readonly Generation _generation = router.Serving;
    private string _peer = "";
    private string? _proxyAddress;

    public async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        _peer = router.Context.Network.PeerOf(socket).Address;
        var stream = new WireStream(new NetworkStream(socket, ownsSocket: false));
        await using (stream)
        {
            if (port != 9090 && _generation.Settings.DemandsProxyLine && !await ReadProxyLineAsync(stream, cancellationToken))
            {
                return;
            }

            if (port != 443)
            {
                await ServeRequestsAsync(stream, cancellationToken);
                return;
            }

            await using var secure = new WireStream(await Certificates.ServeAsync(stream, router.Context.Certificate.Value, cancellationToken));
            await ServeRequestsAsync(secure, cancellationToken);
        }
    }

    private async Task<bool> ReadProxyLineAsync(WireStream stream, CancellationToken cancellationToken)
    {
        var first = await stream.PeekAsync(cancellationToken);
        if (first.IsEmpty)
        {
            // Connect and close, as a TCP health check does: nothing is logged.
            return false;
        }

        var received = Encoding.Latin1.GetString(first.Span);
        var end = received.IndexOf('\n', StringComparison.Ordinal);
        if (end < 0 || end >= ProxyLine.MaximumLength || ProxyLine.Parse(received[..end].TrimEnd('\r')) is not { } line)
        {
            router.Records.Error($"broken header: \"{received}\" while reading PROXY protocol", _peer, port);
            return false;
        }

        _ = await stream.ReadLineAsync(ProxyLine.MaximumLength, cancellationToken);
        _proxyAddress = line.Address;
        return true;
    }

    private async Task ServeRequestsAsync(WireStream stream, CancellationToken cancellationToken)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _generation.Retired);
        for (var number = 1; ; number++)
        {
            if (number > 1)
            {
                // Between two requests a connection is idle, and a reload closes it.
                await stream.PeekAsync(idle.Token);
            }

            var started = Stopwatch.GetTimestamp();
            HttpRequest? request;
            try
            {
                request = await Http.ReadRequestAsync(stream, cancellationToken);
            }
            catch (MalformedRequestException error)
            {
                // Of what is no request nginx logs the first line: a PROXY line that nobody asked for is found there.
                var client = RouterClient.Of(router.Behavior, _generation.Settings, _peer, _proxyAddress, forwardedFor: null);
                Log(client.LoggedAddress, 400, error.Received, 0, request: null, upstream: null, started);
                await Http.WriteResponseAsync(stream, Page(400, "close"), cancellationToken);
                return;
            }

            if (request is null || !await AnswerAsync(stream, request, started, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Answers one request; tells whether the connection can carry another one.</summary>
    private async Task<bool> AnswerAsync(WireStream stream, HttpRequest request, long started, CancellationToken cancellationToken)
    {
        var keepAlive = request.KeepsAlive && !_generation.Retired.IsCancellationRequested;
        var connection = keepAlive ? "keep-alive" : "close";
        if (request.Path == "/health-check" || port == 9090)
        {
            var response = request.Path == "/health-check" ? HttpResponse.Text(200, "text/plain", "") : Page(404, connection);
            response.Fields["Server"] = $"nginx/{router.Behavior.Nginx}";
            response.Fields["Connection"] = connection;
            await Http.WriteResponseAsync(stream, response with { HeadOnly = request.Method == "HEAD" }, cancellationToken);
            return keepAlive;
        }

        var client = RouterClient.Of(router.Behavior, _generation.Settings, _peer, _proxyAddress, request.Fields["X-Forwarded-For"]);
        var scheme = AccessScheme(request);
        if (!IsAllowed(request, client.RemoteAddress) || (_generation.Settings.EnforcesHttps && scheme != "https"))
        {
            var refused = IsAllowed(request, client.RemoteAddress) ? Page(301, connection) : Page(403, connection);
            if (refused.Status == 301)
            {
                refused.Fields["Location"] = $"https://{Host(request)}{request.Target}";
            }

            await Http.WriteResponseAsync(stream, refused with { HeadOnly = request.Method == "HEAD" }, cancellationToken);
            Log(client.LoggedAddress, refused.Status, request.Line, refused.Body.Length, request, upstream: null, started);
            return keepAlive;
        }

        var forwarded = request with { Version = "HTTP/1.1", Fields = Forward(request, client, scheme) };
        if (EchoApplication.AcceptWebSocket(forwarded) is { } accepted)
        {
            await Http.WriteResponseAsync(stream, accepted, cancellationToken);
            try
            {
                await EchoApplication.EchoAsync(stream, cancellationToken);
            }
            finally
            {
                Log(client.LoggedAddress, 101, request.Line, 0, request, Upstream, started);
            }

            return false;
        }

        var answer = EchoApplication.Respond(forwarded) with { HeadOnly = request.Method == "HEAD" };
        answer.Fields["Server"] = $"nginx/{router.Behavior.Nginx}";
        answer.Fields["Connection"] = connection;
        if (_generation.Settings.Hsts && scheme == "https")
        {
            answer.Fields["Strict-Transport-Security"] = "max-age=10886400";
        }

        await Http.WriteResponseAsync(stream, answer, cancellationToken);
        Log(client.LoggedAddress, 200, request.Line, answer.Body.Length, request, Upstream, started);
        return keepAlive;
    }

    private static string Host(HttpRequest request) => request.Fields["Host"]?.Split(':')[0] ?? "";

    private static HttpFields Forward(HttpRequest request, RouterClient client, string scheme)
    {
        var fields = new HttpFields(request.Fields);
        fields["X-Forwarded-Port"] = scheme.Contains("https", StringComparison.Ordinal) ? "443" : "80";
        fields["X-Forwarded-Proto"] = scheme;
        fields["X-Forwarded-For"] = client.ForwardedFor;
        fields["X-Forwarded-Ssl"] = scheme.Contains("https", StringComparison.Ordinal) ? "on" : "off";
        fields["Connection"] = request.Fields["Upgrade"] is null ? "close" : "upgrade";
        return fields;
    }

    /// <summary>How the client came, as far as the router can tell: the load balancer's word is believed.</summary>
    private string AccessScheme(HttpRequest request)
    {
        var own = port == 443 ? "https" : "http";
        var told = request.Fields["X-Forwarded-Proto"];
        if (!router.Behavior.UsesRealAddress)
        {
            return string.IsNullOrEmpty(told) ? own : told;
        }

        var last = told?.Split(',')[^1].Trim();
        return own == "https" ? own : last is "http" or "https" ? last : own;
    }

    private bool IsAllowed(HttpRequest request, string address)
    {
        if (!router.Behavior.KnowsWhitelists)
        {
            return true;
        }

        var application = Host(request).Split('.')[0];
        var key = application == "deis" ? "/deis/router/controller/whitelist" : $"/deis/config/{application}/deis_whitelist";
        var list = router.Context.Etcd.Value(key);
        return list is null
            ? !_generation.Settings.EnforcesWhitelist
            : list.Split(',').Any(entry => Admits(entry.Split(':')[0].Trim(), address));
    }

    private static bool Admits(string entry, string address) =>
        System.Net.IPAddress.TryParse(address, out var parsed)
        && (System.Net.IPNetwork.TryParse(entry, out var network) ? network.Contains(parsed) : entry == address);

    private HttpResponse Page(int status, string connection)
    {
        var title = $"{status} {Http.Reason(status)}";
        var nginx = $"nginx/{router.Behavior.Nginx}";
        return HttpResponse.Text(
            status,
            "text/html",
            $"<html>\r\n<head><title>{title}</title></head>\r\n"
            + $"<body bgcolor=\"white\">\r\n<center><h1>{title}</h1></center>\r\n<hr><center>{nginx}</center>\r\n</body>\r\n</html>\r\n",
            new("Server", nginx),
            new("Connection", connection));
    }

    // nginx's log_format upstreaminfo, as Deis's template defines it. Nothing that is sent may break the line.
    private void Log(string address, int status, string line, int bytes, HttpRequest? request, string? upstream, long started)
    {
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);
        var server = request is null ? "" : $"~^{Host(request).Split('.')[0]}\\.(?<domain>.+)$";
        router.Records.Access(
            $"[{router.Records.LocalTime}] - {address} - - - {status} - \"{Escape(line)}\" - {bytes} - \"{Field("Referer")}\" - "
                + $"\"{Field("User-Agent")}\" - "
            + $"\"{Escape(server)}\" - {upstream ?? "-"} - {Field("Host")} - {(upstream is null ? "-" : seconds)} - {seconds}");

        string Field(string name) => Escape(request?.Fields[name] ?? "-");
    }

    private static string Escape(string text) =>
        string.Concat(text.Select(letter => letter is '"' or '\\' or < ' ' or > '~' ? $"\\x{(int)letter:X2}" : $"{letter}"));
}
