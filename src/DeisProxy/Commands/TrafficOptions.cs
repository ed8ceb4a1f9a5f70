using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Net.Sockets;
using DeisProxy.Core;

namespace DeisProxy.Commands;

/// <summary>The options that say what to send through the load balancer. Nothing is contacted while they are read.</summary>
internal sealed class TrafficOptions
{
    private readonly Option<Uri?> _url = Url(
        "--url", "an application behind the load balancer; otherwise the load balancer's own name", "http", "https");
    private readonly Option<Uri?> _echoUrl = Url("--echo-url", "an application that answers with its request's headers", "http", "https");
    private readonly Option<Uri?> _webSocketUrl = Url("--websocket-url", "a WebSocket that echoes", "ws", "wss");
    private readonly Option<IPAddress?> _expectIp = new("--expect-ip")
    {
        Description = "address that the routers should see; otherwise this machine's as the nodes see it",
        HelpName = "ip",
        CustomParser = ParseAddress,
    };

    /// <summary>Declares the options on a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _url, _echoUrl, _webSocketUrl, _expectIp })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads what was given.</summary>
    public TrafficSettings Read(ParseResult parsed) =>
        new(parsed.GetValue(_url), parsed.GetValue(_echoUrl), parsed.GetValue(_webSocketUrl), parsed.GetValue(_expectIp));

    private static Option<Uri?> Url(string name, string description, params string[] schemes) =>
        new(name) { Description = description, HelpName = "url", CustomParser = result => ParseUrl(result, name, schemes) };

    private static Uri? ParseUrl(ArgumentResult result, string name, string[] schemes)
    {
        var text = result.Tokens[0].Value;
        if (!text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            && Uri.TryCreate(text, UriKind.Absolute, out var url)
            && schemes.Contains(url.Scheme, StringComparer.Ordinal)
            && url is { Host.Length: > 0, Port: > 0, UserInfo: "", Fragment: "" }
            && url.HostNameType != UriHostNameType.Basic)
        {
            return url;
        }

        // What stands before an @ may be a password.
        var shown = text.Contains('@', StringComparison.Ordinal) ? "What was given" : $"\"{RemoteText.Clean(text, 80)}\"";
        result.AddError(
            $"{shown} is not a URL for {name}; it looks like {schemes[^1]}://app.example.com/, without a user name and without a fragment.");
        return null;
    }

    private static IPAddress? ParseAddress(ArgumentResult result)
    {
        // The parser also takes 1 for 0.0.0.1 and 010.1.1.1 for 8.1.1.1, which nobody means.
        var text = result.Tokens[0].Value;
        if (IPAddress.TryParse(text, out var address)
            && (address.AddressFamily == AddressFamily.InterNetworkV6 ? !text.AsSpan().ContainsAny('%', '[') : address.ToString() == text))
        {
            return address;
        }

        result.AddError($"\"{RemoteText.Clean(text, 80)}\" is not an IP address; it looks like 198.51.100.7.");
        return null;
    }
}
