using System.Net;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Verifying;

/// <summary>The checks that ask an application behind the load balancer: what it is told about the client, and whether WebSockets reach it.</summary>
public static class ApplicationChecks
{
    private const string ForwardedId = "forwarded-for";
    private const string WebSocketId = "websocket";
    private const string WebSocketExpected = "the handshake is answered with 101 and a message comes back";

    /// <summary>The result of <c>forwarded-for</c> when there is nothing to ask.</summary>
    public static CheckResult ForwardedSkipped(string reason) =>
        CheckResult.Skip(ForwardedId, reason, "an application that sees this machine's address");

    /// <summary>The result of <c>websocket</c> when there is nothing to ask.</summary>
    public static CheckResult WebSocketSkipped(string reason) => CheckResult.Skip(WebSocketId, reason, WebSocketExpected);

    /// <summary>Judges an application's echo of its request headers.</summary>
    public static CheckResult Forwarded(HttpObservation answer, AddressExpectation address, ConfiguredSides sides)
    {
        // The load balancer knows its own port, which is not that of the URL where something else stands before it.
        var scheme = answer.Url.Scheme;
        string[] ports = [.. new[] { scheme == "https" ? DeisPort.Https : DeisPort.Http, answer.Url.Port }.Distinct().Select(port => $"{port}")];
        var expected = $"X-Forwarded-For {address}; X-Forwarded-Proto {scheme}; X-Forwarded-Port {string.Join(", ", ports)} or none";
        CheckResult Result(CheckStatus status, string seen, string remedy) => new(ForwardedId, status, seen, expected, remedy);

        if (answer.Outcome != TrafficOutcome.Answered)
        {
            return Result(CheckStatus.Fail, $"{answer}", TrafficText.Remedy(answer.Outcome));
        }

        if (answer.Status is < 200 or > 299)
        {
            return Result(
                CheckStatus.Fail,
                $"{answer}",
                answer.IsRedirect ? "Give the URL that it redirects to with --echo-url." : "Give a URL that answers 200 with the headers of the "
                    + "request.");
        }

        var headers = ForwardedHeaders.Parse(answer.Body);
        if (headers.For is null)
        {
            var cut = answer.IsCut ? $" in the first {answer.Body.Length} characters of its answer, the rest was not read" : "";
            return Result(
                CheckStatus.Fail,
                $"the application shows no X-Forwarded-For{cut}: {Quote(answer.Body)}",
                "Check that --echo-url answers with the request's headers, as JSON or as \"Header: value\" lines; if it does, its router does not "
                    + "add the header.");
        }

        // What comes first is the client; proxies on the way append themselves.
        var seen = $"X-Forwarded-For {Quote(headers.For)}, X-Forwarded-Proto {Quote(headers.Proto)}, X-Forwarded-Port {Quote(headers.Port)}";
        if (!IPAddress.TryParse(headers.For.Split(',')[0].Trim(), out var first))
        {
            return Result(CheckStatus.Fail, $"{seen}: no address", "Check what the routers forward (deisctl journal router@N) and the application.");
        }

        if (sides.AddressPath == ClientAddressPath.Lost)
        {
            return Result(
                CheckStatus.Warn,
                $"{seen}: known to be lost, the load balancer passes TCP and has no PROXY protocol",
                "If applications need the client's address, keep HTTP and put WebSockets on a second load balancer: deis-proxy setup "
                    + "--websocket-only "
                    + "PORT.");
        }

        switch (address.Judge(first))
        {
            case AddressVerdict.LoadBalancer:
                return Result(CheckStatus.Fail, $"{seen}: the load balancer's own address", ClientAddressCheck.WrongSide(sides));
            case AddressVerdict.NotExpected:
                return Result(
                    CheckStatus.Fail,
                    seen,
                    "Check the address that you expect; if it is right, something between here and the load balancer changes it.");
            case AddressVerdict.Unknown:
                return Result(CheckStatus.Warn, $"{seen}; {address.Doubt}", "Name the address that the load balancer should see with --expect-ip.");
            case AddressVerdict.Client:
            default:
                break;
        }

        // In TCP mode nobody but the router can say how the client came: when TLS ends at the load balancer, applications are told http.
        var lies = new List<string>();
        if (headers.Proto is { } proto && !string.Equals(proto, scheme, StringComparison.OrdinalIgnoreCase))
        {
            lies.Add("the scheme");
        }

        if (headers.Port is { } told && !ports.Contains(told, StringComparer.Ordinal))
        {
            lies.Add("the port");
        }

        return lies.Count == 0
            ? CheckResult.Pass(ForwardedId, seen, expected)
            : Result(CheckStatus.Warn, $"{seen}: {string.Join(" and ", lies)} differ from the request's", "Where TLS ends at the load balancer, let "
            + "it pass 443 through to routers with a certificate; otherwise tell the application not to depend on it.");
    }

    /// <summary>Judges a WebSocket handshake and echo.</summary>
    public static CheckResult WebSocket(WebSocketObservation seen)
    {
        var handshake = seen.Handshake;
        CheckResult Fail(string text, string remedy) => new(WebSocketId, CheckStatus.Fail, text, WebSocketExpected, remedy);
        if (handshake is { Outcome: TrafficOutcome.Answered, Status: 101 })
        {
            return seen.Echoed
                ? CheckResult.Pass(WebSocketId, $"{handshake}, and a message came back", WebSocketExpected)
                : Fail(
                    $"{handshake}, but the message did not come back: {Quote(seen.Received)}",
                    "The handshake gets through; give a URL that echoes with --websocket-url, or check why the connection is cut (idle-timeout, the "
                        + "application's log).");
        }

        return handshake switch
        {
            { Outcome: not TrafficOutcome.Answered } => Fail($"{handshake}", TrafficText.Remedy(handshake.Outcome)),
            { IsRedirect: true } => Fail($"{handshake}", "Give the URL that it redirects to with --websocket-url."),
            { Status: 400 } => Fail(
                $"{handshake} instead of 101",
                "Either the application does not take the handshake, or the PROXY line meets a router that does not know it, or a listener in HTTP "
                    + "mode removes the Upgrade header: see the checks listeners and routers."),
            { Status: 200 or 426 } => Fail(
                $"{handshake} instead of 101: the Upgrade header did not arrive, as behind a listener in HTTP mode",
                "See the check listeners (protocol at Rackspace); if it passes, check that the URL accepts WebSockets."),
            { Status: >= 502 and <= 504 } => Fail(
                $"{handshake} instead of 101",
                "The application or a router does not answer: see the checks routers and instances, and check the application."),
            _ => Fail($"{handshake} instead of 101", "Check that the URL accepts WebSockets."),
        };
    }

    private static string Quote(string? text) =>
        text is null ? "absent" : text.Length == 0 ? "nothing" : $"\"{RemoteText.Clean(text, TrafficText.Short)}\"";
}
