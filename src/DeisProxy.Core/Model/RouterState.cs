using System.Globalization;
using System.Net;

namespace DeisProxy.Core.Model;

/// <summary>A release of the Deis platform, as far as the router's behavior depends on it.</summary>
/// <param name="Minor">Second number.</param>
public readonly record struct DeisVersion(int Major, int Minor, int Patch) : IComparable<DeisVersion>
{
    /// <summary>The first release whose router knows <c>proxyProtocol</c> (deis/deis commit 34e026a0).</summary>
    public static readonly DeisVersion FirstWithProxyProtocol = new(1, 6, 0);

    /// <summary>The first release in which <c>hsts/enabled</c> redirects to HTTPS.</summary>
    public static readonly DeisVersion FirstWithHsts = new(1, 8, 0);

    /// <summary>The first release whose routers have confd's files in the usual place instead of <c>/app</c> (deis/deis, router/cmd/boot).</summary>
    public static readonly DeisVersion FirstWithUsualConfd = new(1, 10, 0);

    /// <summary>The first release in which routers know whitelists.</summary>
    public static readonly DeisVersion FirstWithWhitelists = new(1, 11, 0);

    /// <summary>The first release in which the value <c>false</c> means off everywhere (deis/deis commit 4721bc7f).</summary>
    public static readonly DeisVersion FirstWithFalseAsOff = new(1, 13, 0);

    /// <summary>Reads <c>v1.12.3</c>, <c>1.12.3</c> or either with a suffix.</summary>
    /// <param name="text">The text, such as the value of <c>/deis/platform/version</c>.</param>
    /// <returns>The version, or null if the text does not begin with one.</returns>
    public static DeisVersion? TryParse(string? text)
    {
        var numbers = (text ?? "").Trim().TrimStart('v').Split('-', '+')[0].Split('.');
        return numbers.Length == 3
            && TryNumber(numbers[0], out var major) && TryNumber(numbers[1], out var minor) && TryNumber(numbers[2], out var patch)
            ? new DeisVersion(major, minor, patch)
            : null;

        static bool TryNumber(string text, out int number) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    /// <inheritdoc/>
    public int CompareTo(DeisVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    /// <summary>Whether one release came before another.</summary>
    public static bool operator <(DeisVersion left, DeisVersion right) => left.CompareTo(right) < 0;

    /// <summary>Whether one release came after another.</summary>
    public static bool operator >(DeisVersion left, DeisVersion right) => left.CompareTo(right) > 0;

    /// <summary>Whether one release is another or came before it.</summary>
    public static bool operator <=(DeisVersion left, DeisVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Whether one release is another or came after it.</summary>
    public static bool operator >=(DeisVersion left, DeisVersion right) => left.CompareTo(right) >= 0;

    /// <summary>The version with its <c>v</c>.</summary>
    /// <returns>For example <c>v1.6.0</c>.</returns>
    public override string ToString() => $"v{Major}.{Minor}.{Patch}";
}

/// <summary>A router that announces itself in etcd, under <c>/deis/router/hosts</c>, with a time to live of 20 s.</summary>
/// <param name="Port">Port of its HTTP server, 80 on a real node.</param>
public sealed record LiveRouter(string Name, string Host, int Port);

/// <summary>What a router expects at the beginning of a connection.</summary>
public enum RouterMode
{
    /// <summary>It answers plain requests.</summary>
    Plain,

    /// <summary>It demands the PROXY line.</summary>
    Proxy,

    /// <summary>It answers neither.</summary>
    Unreachable,
}

/// <summary>The result of probing one port of one router through a node.</summary>
public sealed record RouterProbeResult(LiveRouter Router, int InstancePort, RouterMode Mode, string Seen);

/// <summary>What the routers have in etcd, and which of them are alive.</summary>
public sealed record RouterState
{
    /// <summary>The network a router trusts when <c>proxyRealIpCidr</c> is not set (deis/deis v1.6.0, router template).</summary>
    public static readonly IPNetwork DefaultRealIpNetwork = IPNetwork.Parse("10.0.0.0/8");

    /// <summary>Release that the routers run; null if it cannot be told.</summary>
    public required DeisVersion? Version { get; init; }

    /// <summary>Value of <c>/deis/router/proxyProtocol</c>; null if the key is absent, which is not the same as empty.</summary>
    public required string? ProxyProtocol { get; init; }

    /// <summary>Value of <c>/deis/router/proxyRealIpCidr</c>; null if the key is absent.</summary>
    public required string? ProxyRealIpCidr { get; init; }

    /// <summary>Whether <c>/deis/router/enforceHTTPS</c> is exactly <c>true</c>.</summary>
    public required bool EnforcesHttps { get; init; }

    /// <summary>Whether <c>/deis/router/hsts/enabled</c> is exactly <c>true</c>.</summary>
    public required bool HstsEnabled { get; init; }

    /// <summary>Whether the routers have a certificate, and so listen on 443 at all.</summary>
    public required bool HasCertificate { get; init; }

    /// <summary>
    /// Value of <c>/deis/router/controller/whitelist</c> (from v1.11.0): addresses that may use the controller; null if the key is absent.
    /// </summary>
    public string? ControllerWhitelist { get; init; }

    /// <summary>
    /// Whether <c>/deis/router/enforceWhitelist</c> is exactly <c>true</c> (from v1.11.0): applications without a whitelist deny everybody.
    /// </summary>
    public bool EnforcesWhitelist { get; init; }

    /// <summary>How many applications have a whitelist of their own (<c>/deis/config/APP/deis_whitelist</c>, from v1.11.0).</summary>
    public int ApplicationWhitelists { get; init; }

    /// <summary>The routers that are alive, by name.</summary>
    public required ValueList<LiveRouter> LiveRouters { get; init; }

    /// <summary>Whether the routers send plain requests to HTTPS: <c>enforceHTTPS</c>, or HSTS from v1.8.0.</summary>
    public bool RedirectsToHttps => EnforcesHttps || (HstsEnabled && (Version is null || Version >= DeisVersion.FirstWithHsts));

    /// <summary>Whether routers admit or deny by the client's address, to the controller or to any application.</summary>
    public bool AdmitsByAddress => (Version is null || Version >= DeisVersion.FirstWithWhitelists)
        && (EnforcesWhitelist || ApplicationWhitelists > 0 || !string.IsNullOrWhiteSpace(ControllerWhitelist));

    /// <summary>
    /// Whether the value of <c>proxyProtocol</c> turns it on wholly, in every release that knows the key. In v1.6.0 to v1.12.x
    /// an empty value or <c>false</c> makes the sockets demand the PROXY line while its address is not used.
    /// </summary>
    public bool ProxyProtocolIsWhollyOn => !string.IsNullOrEmpty(ProxyProtocol) && !string.Equals(ProxyProtocol, "false", StringComparison.Ordinal);

    /// <summary>Whether routers of this release demand the PROXY line when the key has this value.</summary>
    /// <param name="value">Value of the key, null if absent.</param>
    public bool Demands(string? value) => value is not null
        && (Version is null || Version >= DeisVersion.FirstWithProxyProtocol)
        && (Version is null || Version < DeisVersion.FirstWithFalseAsOff
            || (value.Length > 0 && !string.Equals(value, "false", StringComparison.Ordinal)));

    /// <summary>The network whose PROXY line or X-Forwarded-For the routers trust; null if the value in etcd is none.</summary>
    public IPNetwork? RealIpNetwork => ProxyRealIpCidr is null
        ? DefaultRealIpNetwork
        : IPNetwork.TryParse(ProxyRealIpCidr, out var network) ? network : null;

    /// <summary>
    /// The ports of a router on which something listens, out of the given ones: 443 only with a certificate (facts of deis/deis v1.6.0 to v1.13.4).
    /// </summary>
    public IEnumerable<int> PortsInUse(IEnumerable<int> routerPorts) => routerPorts.Where(port => port != 443 || HasCertificate);
}
