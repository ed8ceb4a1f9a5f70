using System.Globalization;
using System.Net;

namespace DeisProxy.Sandbox.Router;

/// <summary>The first line of version 1 of the PROXY protocol, read as nginx 1.9 does.</summary>
/// <param name="Address">The client; null for UNKNOWN.</param>
internal sealed record ProxyLine(string? Address)
{
    /// <summary>The longest line there can be, line ending included.</summary>
    public const int MaximumLength = 107;

    public static ProxyLine? Parse(string line) => line.Split(' ') switch
    {
        ["PROXY", "UNKNOWN", ..] => new ProxyLine(Address: null),
        ["PROXY", "TCP4" or "TCP6", var client, var proxy, var clientPort, var proxyPort]
            when IPAddress.TryParse(client, out _) && IPAddress.TryParse(proxy, out _) && IsPort(clientPort) && IsPort(proxyPort) =>
                new ProxyLine(client),
        _ => null,
    };

    private static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
