using DeisProxy.Cluster.Etcd;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Router;

/// <summary>The routers of a cluster: their settings in its etcd, and their ports as a node sees them.</summary>
public sealed class ClusterRouters(INode node, EtcdClient etcd) : IRouterControl
{
    /// <summary>Applications that are asked for their whitelist side by side.</summary>
    private const int ApplicationsAtOnce = 50;

    /// <summary>Read once: it is for the plan only, and a run reads the rest several times a second.</summary>
    private int? _applicationWhitelists;

    /// <summary>
    /// Reads everything. Key by key, side by side: one read of all of <c>/deis/router</c> would bring the private key of the
    /// platform's certificate along. Applications' certificates are <c>/deis/certs/DOMAIN</c>, in use if the domain is in
    /// <c>/deis/domains</c> (the router's template); they are counted, not read.
    /// </summary>
    /// <inheritdoc/>
    public Task<RouterState> ReadAsync(CancellationToken cancellationToken) => EtcdErrors.CallAsync(async () =>
    {
        var version = ValueAsync("/deis/platform/version");
        var image = ValueAsync("/deis/router/image");
        var proxyProtocol = ValueAsync(KeyOf(RouterSetting.ProxyProtocol));
        var realIpCidr = ValueAsync(KeyOf(RouterSetting.ProxyRealIpCidr));
        var enforceHttps = ValueAsync("/deis/router/enforceHTTPS");
        var hsts = ValueAsync("/deis/router/hsts/enabled");
        var certificate = ValueAsync("/deis/router/sslCert");
        var certificates = EntriesAsync("/deis/certs");
        var domains = EntriesAsync("/deis/domains");
        var controllerWhitelist = ValueAsync("/deis/router/controller/whitelist");
        var enforceWhitelist = ValueAsync("/deis/router/enforceWhitelist");
        var hosts = EntriesAsync("/deis/router/hosts");
        var applicationWhitelists = CountApplicationWhitelistsAsync(cancellationToken);
        await Task.WhenAll(
            applicationWhitelists, version, image, proxyProtocol, realIpCidr, enforceHttps, hsts, certificate, certificates, domains,
            controllerWhitelist, enforceWhitelist, hosts);
        var named = (await domains).Select(domain => domain.Name).ToHashSet(StringComparer.Ordinal);
        return new RouterState
        {
            // A custom image with a release in its tag says more about the routers than the platform's release does.
            Version = DeisVersion.TryParse((await image)?.Split(':')[^1]) ?? DeisVersion.TryParse(await version),
            ProxyProtocol = await proxyProtocol,
            ProxyRealIpCidr = await realIpCidr,
            EnforcesHttps = await enforceHttps == "true",
            HstsEnabled = await hsts == "true",
            HasCertificate = await certificate is not null || (await certificates).Any(entry => entry.IsDirectory && named.Contains(entry.Name)),
            ControllerWhitelist = await controllerWhitelist,
            EnforcesWhitelist = await enforceWhitelist == "true",
            ApplicationWhitelists = await applicationWhitelists,
            LiveRouters = (await hosts).Select(ToRouter).OfType<LiveRouter>().OrderBy(router => router.Name, StringComparer.Ordinal).ToValueList(),
        };

        async Task<string?> ValueAsync(string key) => (await etcd.GetAsync(key, recursive: false, cancellationToken))?.Value;

        async Task<IReadOnlyList<EtcdNode>> EntriesAsync(string key) => (await etcd.GetAsync(key, recursive: false, cancellationToken))?.Nodes ?? [];
    });

    /// <inheritdoc/>
    public Task WriteAsync(
        RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken) => EtcdErrors.CallAsync(async () =>
    {
        await CompareAndSetAsync(KeyOf(setting), expected, value, cancellationToken);
        return true;
    });

    /// <inheritdoc/>
    public Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken) =>
        RouterProbe.ProbeAsync(node, router, instancePort, cancellationToken);

    /// <summary>Names of applications first, then this one key of each: what else is in their configuration is nobody's business.</summary>
    private async Task<int> CountApplicationWhitelistsAsync(CancellationToken cancellationToken)
    {
        if (_applicationWhitelists is { } known)
        {
            return known;
        }

        var applications = await etcd.GetAsync("/deis/config", recursive: false, cancellationToken);
        var count = 0;
        foreach (var some in (applications?.Nodes ?? []).Where(entry => entry is { IsDirectory: true, Name: not ("" or "." or "..") })
            .Chunk(ApplicationsAtOnce))
        {
            var lists = await Task.WhenAll(
                some.Select(entry => etcd.GetAsync($"/deis/config/{entry.Name}/deis_whitelist", recursive: false, cancellationToken)));
            count += lists.Count(list => !string.IsNullOrWhiteSpace(list?.Value));
        }

        _applicationWhitelists = count;
        return count;
    }

    private static string KeyOf(RouterSetting setting) => setting switch
    {
        RouterSetting.ProxyProtocol => "/deis/router/proxyProtocol",
        RouterSetting.ProxyRealIpCidr => "/deis/router/proxyRealIpCidr",
        _ => throw new ArgumentOutOfRangeException(nameof(setting)),
    };

    private async Task CompareAndSetAsync(string key, string? expectedPrevious, string? newValue, CancellationToken cancellationToken)
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
