using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Router;

/// <summary>Reads and changes the router's settings in etcd.</summary>
/// <param name="etcd">The cluster's etcd; it stays the caller's.</param>
public sealed class RouterStore(EtcdClient etcd)
{
    /// <summary>The key that makes routers demand the PROXY line.</summary>
    public const string ProxyProtocolKey = "/deis/router/proxyProtocol";

    /// <summary>The key with the network whose PROXY line is believed.</summary>
    public const string ProxyRealIpCidrKey = "/deis/router/proxyRealIpCidr";

    /// <summary>
    /// Reads everything. Key by key, side by side: one read of all of <c>/deis/router</c> would bring the private key of the
    /// platform's certificate along.
    /// </summary>
    /// <param name="cancellationToken">Ends the requests.</param>
    /// <returns>The settings.</returns>
    /// <exception cref="EtcdException">etcd refused.</exception>
    /// <exception cref="DeisProxyException">etcd or the node is not available.</exception>
    public async Task<RouterSettings> ReadAsync(CancellationToken cancellationToken)
    {
        Task<EtcdNode?> Get(string key) => etcd.GetAsync(key, recursive: false, cancellationToken);

        var version = Get("/deis/platform/version");
        var image = Get("/deis/router/image");
        var proxyProtocol = Get(ProxyProtocolKey);
        var realIpCidr = Get(ProxyRealIpCidrKey);
        var enforceHttps = Get("/deis/router/enforceHTTPS");
        var hsts = Get("/deis/router/hsts/enabled");
        var certificate = Get("/deis/router/sslCert");
        var certificates = Get("/deis/certs");
        var domains = Get("/deis/domains");
        var controllerWhitelist = Get("/deis/router/controller/whitelist");
        var enforceWhitelist = Get("/deis/router/enforceWhitelist");
        var hosts = Get("/deis/router/hosts");
        await Task.WhenAll(
            version, image, proxyProtocol, realIpCidr, enforceHttps, hsts, certificate, certificates, domains, controllerWhitelist, enforceWhitelist, hosts);

        var announced = (await hosts)?.Nodes.Select(entry => (Entry: entry, Router: ToRouter(entry))).ToList() ?? [];
        var named = (await domains)?.Nodes.Select(domain => domain.Name).ToHashSet(StringComparer.Ordinal) ?? [];
        return new RouterSettings
        {
            PlatformVersion = (await version)?.Value,
            RouterImage = (await image)?.Value,
            ProxyProtocol = (await proxyProtocol)?.Value,
            ProxyRealIpCidr = (await realIpCidr)?.Value,
            EnforceHttps = (await enforceHttps)?.Value,
            HstsEnabled = (await hsts)?.Value,
            HasPlatformCertificate = await certificate is not null,
            CertificateDomains =
            [
                .. ((await certificates)?.Nodes ?? []).Where(entry => entry.IsDirectory && named.Contains(entry.Name))
                    .Select(entry => entry.Name).Order(StringComparer.Ordinal),
            ],
            ControllerWhitelist = (await controllerWhitelist)?.Value,
            EnforceWhitelist = (await enforceWhitelist)?.Value,
            Routers = [.. announced.Select(item => item.Router).OfType<LiveRouter>().OrderBy(router => router.NodeAddress, StringComparer.Ordinal)],
            MalformedRouters =
            [
                .. announced.Where(item => item.Router is null)
                    .Select(item => $"{RemoteText.Clean(item.Entry.Key, 80)} = {RemoteText.Clean(item.Entry.Value, 80)}"),
            ],
        };
    }

    /// <summary>Changes a setting, if it is still what was read.</summary>
    /// <param name="key">The key, such as <see cref="ProxyProtocolKey"/>.</param>
    /// <param name="expectedPrevious">What was read; null: the key did not exist.</param>
    /// <param name="newValue">What it is to be; null: the key is deleted.</param>
    /// <param name="cancellationToken">Ends the requests; whether the change has taken effect is then open.</param>
    /// <returns>The task.</returns>
    /// <exception cref="DeisProxyException">
    /// <c>etcd-key-changed</c>: somebody else has changed it meanwhile, nothing was written; or etcd or the node is not available.
    /// </exception>
    public async Task CompareAndSetAsync(string key, string? expectedPrevious, string? newValue, CancellationToken cancellationToken)
    {
        try
        {
            var condition = expectedPrevious switch
            {
                null => EtcdCondition.Absent,
                "" => await WhileEmptyAsync(key, cancellationToken),
                _ => EtcdCondition.Value(expectedPrevious),
            };
            if (newValue is not null)
            {
                await etcd.SetAsync(key, newValue, condition, timeToLive: null, cancellationToken);
            }
            else if (expectedPrevious is not null)
            {
                await etcd.DeleteAsync(key, condition, recursive: false, cancellationToken);
            }
            else if (await etcd.GetAsync(key, recursive: false, cancellationToken) is not null)
            {
                throw new EtcdException(EtcdErrorCode.NodeExists, "Key already exists", key, 0);
            }
        }
        catch (EtcdException e) when (e.ErrorCode is EtcdErrorCode.CompareFailed or EtcdErrorCode.NodeExists or EtcdErrorCode.KeyNotFound)
        {
            var now = await etcd.GetAsync(key, recursive: false, cancellationToken);
            throw new DeisProxyException(
                "etcd-key-changed",
                $"{key} was {Show(expectedPrevious)} when it was read and is {Show(now?.Value)} now: somebody else is changing it.",
                "Find out who, then run the same command again.",
                e);
        }
    }

    /// <summary>etcd cannot compare with the empty value (error 201), but with the index under which it was set.</summary>
    private async Task<EtcdCondition> WhileEmptyAsync(string key, CancellationToken cancellationToken) =>
        await etcd.GetAsync(key, recursive: false, cancellationToken) switch
        {
            { Value: "" } node => EtcdCondition.Index(node.ModifiedIndex),
            null => throw new EtcdException(EtcdErrorCode.KeyNotFound, "Key not found", key, 0),
            _ => throw new EtcdException(EtcdErrorCode.CompareFailed, "Compare failed", key, 0),
        };

    private static LiveRouter? ToRouter(EtcdNode entry) =>
        entry.Value is { } value && NodeAddress.IsHost(entry.Name) && NodeAddress.TryParse(value) is { Port: { } port } address
            ? new LiveRouter(entry.Name, address.Host, port)
            : null;

    private static string Show(string? value) => value is null ? "absent" : $"'{RemoteText.Clean(value, 80)}'";
}
