using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Where a node is: a validated host and, if one was named, its SSH port.</summary>
/// <remarks>
/// Made only by <see cref="Parse"/>, so that whoever holds one knows that the host cannot be taken for an option of
/// <c>ssh</c> and holds nothing that a shell or ssh's own expansions would interpret.
/// </remarks>
public sealed partial record NodeAddress
{
    private NodeAddress(string host, int? port)
    {
        Host = host;
        Port = port;
    }

    /// <summary>A host name, an alias of the user's ssh configuration, an IPv4 address or an IPv6 address without brackets.</summary>
    public string Host { get; }

    /// <summary>TCP port, 1 to 65535; null leaves it to the user's ssh configuration.</summary>
    public int? Port { get; }

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[IPv6]</c>, <c>[IPv6]:port</c> or a bare IPv6 address.</summary>
    /// <exception cref="DeisProxyException"><c>bad-node-address</c>: it is not one.</exception>
    public static NodeAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text) ?? throw new DeisProxyException(
            "bad-node-address",
            $"'{RemoteText.Clean(text, 80)}' is not the address of a node.",
            "Write host, host:port, [IPv6]:port or an IPv6 address; the user name goes into --ssh-user.");
    }

    /// <summary>The address as a person writes it: <c>host</c>, <c>host:port</c> or <c>[IPv6]:port</c>.</summary>
    public override string ToString() => Port is { } port ? Join(Host, port) : Host;

    /// <summary><c>host:port</c>, with brackets around an IPv6 address.</summary>
    internal static string Join(string host, int port) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";

    /// <summary>
    /// Whether this is an RFC 1123 host name or an IP address. An underscore is let through, because aliases in ssh
    /// configurations have them; a name that ends in a number must be a dotted IPv4 address, so <c>10.1</c> is refused.
    /// </summary>
    internal static bool IsHost(string host)
    {
        if (host.Contains(':', StringComparison.Ordinal))
        {
            // No zone index: its '%' starts an expansion in ssh.
            return host.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.') && IPAddress.TryParse(host, out var v6)
                && v6.AddressFamily == AddressFamily.InterNetworkV6;
        }

        if (host.Length is 0 or > 253 || !HostName().IsMatch(host))
        {
            return false;
        }

        var lastLabel = host[(host.LastIndexOf('.') + 1)..];
        return !lastLabel.All(char.IsAsciiDigit) || (IPAddress.TryParse(host, out var v4) && v4.ToString() == host);
    }

    internal static NodeAddress? TryParse(string text)
    {
        if (IsHost(text))
        {
            return new NodeAddress(text, null);
        }

        var match = WithPort().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var (v6, name, digits) = (match.Groups["v6"], match.Groups["name"], match.Groups["port"]);
        if (v6.Success ? !v6.Value.Contains(':', StringComparison.Ordinal) || !IsHost(v6.Value) : !IsHost(name.Value))
        {
            return null;
        }

        int? port = null;
        if (digits.Success)
        {
            if (!int.TryParse(digits.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
            {
                return null;
            }

            port = number;
        }

        return new NodeAddress(v6.Success ? v6.Value : name.Value, port);
    }

    [GeneratedRegex(
        @"\A(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\z",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex HostName();

    [GeneratedRegex(
        @"\A(?:\[(?<v6>[^\[\]]+)\]|(?<name>[^:\[\]]+)(?=:))(?::(?<port>[0-9]{1,5}))?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex WithPort();
}
