using System.Net;

using DeisProxy.Sandbox.Etcd;

namespace DeisProxy.Sandbox.Router;

/// <summary>How the routers of one platform version differ from others (from Deis's own templates at each tag).</summary>
/// <param name="KnowsProxyProtocol">v1.6.0: earlier ones ignore the key.</param>
/// <param name="FalseMeansOff">v1.13.0: before, the socket demands the PROXY line whenever the key is there, whatever its value.</param>
/// <param name="UsesRealAddress">v1.13.0: forwards and logs nginx's real-IP address; before, the PROXY line's address when it is on.</param>
/// <param name="ServesPort9090">v1.11.0: answers health checks on a port of its own.</param>
/// <param name="HstsRedirects">v1.8.0: HSTS implies the redirect to https.</param>
/// <param name="KnowsWhitelists">v1.11.0.</param>
internal sealed record RouterBehavior(
    bool KnowsProxyProtocol, bool FalseMeansOff, bool UsesRealAddress, bool ServesPort9090, bool HstsRedirects, bool KnowsWhitelists, string Nginx)
{
    public static RouterBehavior For(string platformVersion)
    {
        var text = platformVersion.TrimStart('v').Split('-', '+')[0];
        var version = Version.TryParse(text, out var parsed)
            ? parsed
            : throw new ArgumentException($"'{platformVersion}' is not a version of Deis.", nameof(platformVersion));
        return new RouterBehavior(
            KnowsProxyProtocol: From(1, 6),
            FalseMeansOff: From(1, 13),
            UsesRealAddress: From(1, 13),
            ServesPort9090: From(1, 11),
            HstsRedirects: From(1, 8),
            KnowsWhitelists: From(1, 11),
            Nginx: From(1, 13) ? "1.10.1" : From(1, 12) ? "1.9.6" : From(1, 10) ? "1.9.4" : "1.9.0");

        bool From(int major, int minor) => version >= new Version(major, minor);
    }
}

/// <summary>A router's rendered configuration.</summary>
/// <param name="DemandsProxyLine">The sockets of ports 80 and 443 demand the PROXY line.</param>
/// <param name="ServesTls">Listens on port 443.</param>
internal sealed record RouterSettings(
    bool DemandsProxyLine, bool TrustsProxyLine, IPNetwork RealIpNetwork, bool EnforcesHttps, bool Hsts, bool ServesTls, bool EnforcesWhitelist)
{
    public static RouterSettings Render(EtcdStore etcd, RouterBehavior behavior)
    {
        var key = behavior.KnowsProxyProtocol ? etcd.Value("/deis/router/proxyProtocol") : null;
        var on = !string.IsNullOrEmpty(key) && key != "false";
        var hsts = behavior.HstsRedirects && etcd.Value("/deis/router/hsts/enabled") == "true";
        return new RouterSettings(
            DemandsProxyLine: behavior.FalseMeansOff ? on : key is not null,
            TrustsProxyLine: on,
            RealIpNetwork: IPNetwork.TryParse(etcd.Value("/deis/router/proxyRealIpCidr") ?? "", out var network) ? network : IPNetwork
                .Parse("10.0.0.0/8"),
            EnforcesHttps: (etcd.Value("/deis/router/enforceHTTPS") ?? (hsts ? "true" : "false")) == "true",
            Hsts: hsts,
            ServesTls: etcd.Value("/deis/router/sslCert") is not null,
            EnforcesWhitelist: behavior.KnowsWhitelists && etcd.Value("/deis/router/enforceWhitelist") == "true");
    }
}

/// <summary>Who asks, as nginx's variables tell it.</summary>
/// <param name="RemoteAddress"><c>$remote_addr</c>, after the real-IP module; whitelists test it.</param>
internal sealed record RouterClient(string RemoteAddress, string LoggedAddress, string ForwardedFor)
{
    public static RouterClient Of(RouterBehavior behavior, RouterSettings settings, string peer, string? proxyAddress, string? forwardedFor)
    {
        var trusted = IPAddress.TryParse(peer, out var address) && settings.RealIpNetwork.Contains(address);
        if (behavior.UsesRealAddress)
        {
            var told = settings.DemandsProxyLine ? proxyAddress : forwardedFor?.Split(',')[^1].Trim();
            var real = trusted && IPAddress.TryParse(told, out _) ? told! : peer;
            return new RouterClient(real, real, real);
        }

        var appended = string.IsNullOrEmpty(forwardedFor) ? peer : $"{forwardedFor}, {peer}";
        if (!settings.TrustsProxyLine)
        {
            return new RouterClient(peer, peer, appended);
        }

        // $proxy_protocol_addr, whatever the network; empty for UNKNOWN.
        return new RouterClient(trusted ? proxyAddress ?? peer : peer, proxyAddress ?? "-", proxyAddress ?? "");
    }
}
