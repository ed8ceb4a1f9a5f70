using System.Net;

namespace DeisProxy.Core.Verifying;

/// <summary>How far something that was sent through the load balancer came.</summary>
public enum TrafficOutcome
{
    /// <summary>It was answered; what the answer says is another matter.</summary>
    Answered,

    /// <summary>The host's name has no address here.</summary>
    NameNotResolved,

    /// <summary>The port is closed, or there is no way to it.</summary>
    NotConnected,

    /// <summary>TLS was not agreed on, or the certificate is not valid for the host.</summary>
    TlsFailed,

    /// <summary>The connection was accepted, then closed or reset without an answer.</summary>
    Closed,

    /// <summary>Nothing came in time.</summary>
    TimedOut,

    /// <summary>What came is not the protocol that was spoken.</summary>
    Invalid,
}

/// <summary>What came of one HTTP request. Redirects are not followed.</summary>
public sealed record HttpObservation(Uri Url, TrafficOutcome Outcome)
{
    /// <summary>Status code of the answer; 0 without one.</summary>
    public int Status { get; init; }

    /// <summary>Where a redirect leads; null without one.</summary>
    public Uri? Location { get; init; }

    /// <summary>The beginning of the answer's body, as the other side wrote it: not to be shown as it is.</summary>
    public string Body { get; init; } = "";

    /// <summary>Whether the body went on, or broke off.</summary>
    public bool IsCut { get; init; }

    /// <summary>More about a failure, as the system says it.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Whether the answer is a redirect.</summary>
    public bool IsRedirect => Status is 301 or 302 or 303 or 307 or 308 && Location is not null;

    /// <summary>What came, for people.</summary>
    /// <returns>A phrase such as <c>http://host/ was answered with HTTP 400</c>.</returns>
    public override string ToString() => Outcome == TrafficOutcome.Answered
        ? $"{RemoteText.Clean(Url.AbsoluteUri)} was answered with HTTP "
        + $"{Status}{(IsRedirect ? $", a redirect to {RemoteText.Clean(Location!.ToString())}" : "")}"
        : $"{RemoteText.Clean(Url.AbsoluteUri)}: {TrafficText.Of(Outcome, Url.Host, Detail)}";
}

/// <summary>What came of a WebSocket handshake and one message.</summary>
/// <param name="Handshake">The handshake; with status 101 when it was agreed on.</param>
public sealed record WebSocketObservation(HttpObservation Handshake, bool Echoed, string Received);

/// <summary>What an SSH server does once it has said who it is and has been told who asks.</summary>
public enum SshReaction
{
    /// <summary>It begins the key exchange: it has read our line first.</summary>
    KeyExchange,

    /// <summary>It says something else.</summary>
    Text,

    /// <summary>It closes the connection.</summary>
    Closed,

    /// <summary>It stays silent.</summary>
    Silent,
}

/// <summary>What came of an SSH connection as far as the key exchange.</summary>
public sealed record SshObservation(string Host, int Port, TrafficOutcome Outcome, string Banner, SshReaction Reaction, string Detail);

/// <summary>A request that was found in a router's log.</summary>
/// <param name="Address">The client's address as the router logged it; null if it logged none.</param>
public sealed record LogSighting(string Node, IPAddress? Address, bool BrokenHeader);

/// <summary>What came of looking for a request in the routers' logs.</summary>
/// <param name="Sighting">Where it was found; null if nowhere.</param>
public sealed record LogSearch(LogSighting? Sighting, IReadOnlyList<string> Searched, IReadOnlyList<string> Unread);

/// <summary>Words for outcomes.</summary>
internal static class TrafficText
{
    /// <summary>Longest name of something remote in a message.</summary>
    public const int Short = 120;

    /// <summary>A failure in words.</summary>
    public static string Of(TrafficOutcome outcome, string host, string detail)
    {
        var more = RemoteText.Clean(detail, Short).TrimEnd('.');
        more = more.Length == 0 ? "" : $" ({more})";
        return outcome switch
        {
            TrafficOutcome.NameNotResolved => $"{RemoteText.Clean(host, Short)} does not resolve here{more}",
            TrafficOutcome.NotConnected => $"no connection{more}",
            TrafficOutcome.TlsFailed => $"TLS failed{more}",
            TrafficOutcome.Closed => "the connection was closed without an answer",
            TrafficOutcome.TimedOut => $"no answer in time{more}",
            TrafficOutcome.Invalid => $"the answer is not what the protocol allows{more}",
            TrafficOutcome.Answered => "answered",
            _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
        };
    }

    /// <summary>What to do about a failure to get through at all.</summary>
    public static string Remedy(TrafficOutcome outcome) => outcome switch
    {
        TrafficOutcome.NameNotResolved => "Check the name and this machine's DNS; from a machine that cannot resolve it, name an address with --url.",
        TrafficOutcome.NotConnected or TrafficOutcome.TimedOut =>
            "Check that the load balancer has a listener on that port, an instance in service, and a security group that admits this machine.",
        TrafficOutcome.TlsFailed => "Check the certificate on the routers (or on the load balancer, if TLS ends there) and the name in the URL.",
        _ => "Check the routers (deisctl journal router@N) and the results of listeners, backend-policies and routers.",
    };
}
