using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeisProxy.RealParts;

/// <summary>How the routers are to be.</summary>
public sealed record NginxRouterOptions
{
    /// <summary>How many.</summary>
    public int Count { get; init; } = 3;

    /// <summary>How often each one reads etcd; a Deis router does it every 5 s. Their phases differ.</summary>
    public TimeSpan Tick { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Which Deis version they are.</summary>
    public string DeisVersion { get; init; } = "1.12.3";

    /// <summary>HTTP port of every router; null: 80 if this user may, else a free one.</summary>
    public int? HttpPort { get; init; }

    /// <summary>TLS port of every router; null: 443 if this user may, else a free one. Used as soon as etcd holds a certificate.</summary>
    public int? HttpsPort { get; init; }

    /// <summary>The extra health port of v1.11.0 and later; null: none.</summary>
    public int? HealthPort { get; init; }

    /// <summary>
    /// Puts a self-signed certificate into etcd (<c>/deis/router/sslCert</c> and <c>sslKey</c>), which makes the routers listen for TLS.
    /// </summary>
    public bool WithCertificate { get; init; }
}

/// <summary>
/// Real nginx processes that behave as Deis routers do: each reads its settings from etcd on a tick of its own, renders its
/// configuration by the rules of its version, reloads, and announces itself below <c>/deis/router/hosts</c>.
/// </summary>
public sealed class NginxRouters : IAsyncDisposable
{
    private const int FirstNetwork = 2;

    private const int Networks = 253;

    // Nobody in this process is given the same network until all have been: between the look whether it is free and nginx's bind there is time.
    // Another process begins elsewhere.
    private static int _network = RandomNumberGenerator.GetInt32(Networks);

    private readonly TemporaryDirectory _directory = new();

    private NginxRouters(IReadOnlyList<NginxRouter> routers) => Routers = routers;

    public IReadOnlyList<NginxRouter> Routers { get; private set; }

    public static async Task<NginxRouters> StartAsync(EtcdServer etcd, NginxRouterOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(etcd);
        var settings = options ?? new NginxRouterOptions();
        var nginx = RealProcess.Find("nginx", "install the Debian package nginx-light");
        var all = new NginxRouters([]);
        var routers = new List<NginxRouter>();
        try
        {
            await etcd.SetAsync("/deis/platform/version", settings.DeisVersion);
            if (settings.WithCertificate)
            {
                var (certificate, key) = SelfSigned();
                await etcd.SetAsync("/deis/router/sslCert", certificate);
                await etcd.SetAsync("/deis/router/sslKey", key);
            }

            var (network, http, https) = FreeNetwork(settings);
            for (var i = 0; i < settings.Count; i++)
            {
                var address = string.Create(CultureInfo.InvariantCulture, $"127.0.{network}.{i + 1}");
                var place = new RouterPlace(Directory.CreateDirectory(all._directory[address]).FullName, address, http, https, settings.HealthPort);
                var phase = settings.Tick * ((i + 0.5) / settings.Count);
                routers.Add(await NginxRouter.StartAsync(nginx, etcd, Version.Parse(settings.DeisVersion), place, settings.Tick, phase));
                all.Routers = routers;
            }

            return all;
        }
        catch
        {
            all.Routers = routers;
            await all.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes every router read etcd and reload at once, as <c>confd -onetime</c> does.</summary>
    public Task RenderNowAsync() => Task.WhenAll(Routers.Select(router => router.RenderNowAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var router in Routers)
        {
            await router.DisposeAsync();
        }

        _directory.Dispose();
    }

    private static (string Certificate, string Key) SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=*.example.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A 127.0.N of which nobody uses the ports.</summary>
    private static (int Network, int Http, int Https) FreeNetwork(NginxRouterOptions options)
    {
        var low = CanBind(IPAddress.Loopback.ToString(), 80) is not SocketError.AccessDenied;
        var http = options.HttpPort ?? (low ? 80 : RealProcess.FreePort());
        var https = options.HttpsPort ?? (low ? 443 : RealProcess.FreePort());
        int[] ports = options.HealthPort is { } health ? [http, https, health] : [http, https];
        for (var attempt = 0; attempt < 50; attempt++)
        {
            var network = FirstNetwork + (int)((uint)Interlocked.Increment(ref _network) % Networks);
            var free = Enumerable.Range(1, options.Count)
                .All(i => ports.All(port => CanBind(FormattableString.Invariant($"127.0.{network}.{i}"), port) == SocketError.Success));
            if (free)
            {
                return (network, http, https);
            }
        }

        throw new InvalidOperationException($"No network 127.0.N has its ports {string.Join(", ", ports)} free.");
    }

    private static SocketError CanBind(string address, int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            return SocketError.Success;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode;
        }
    }
}

/// <summary>One of them.</summary>
public sealed class NginxRouter : IAsyncDisposable
{
    private static readonly TimeSpan HostTimeToLive = TimeSpan.FromSeconds(20);

    private readonly string _nginx;
    private readonly EtcdServer _etcd;
    private readonly Version _version;
    private readonly RouterPlace _place;
    private readonly TimeSpan _tick;
    private readonly SemaphoreSlim _rendering = new(1);
    private readonly CancellationTokenSource _stop = new();
    private string _rendered = "";
    private RealProcess? _process;
    private CancellationTokenSource _stopTicks = new();
    private Task _ticks = Task.CompletedTask;
    private Task _announcements = Task.CompletedTask;

    private NginxRouter(string nginx, EtcdServer etcd, Version version, RouterPlace place, TimeSpan tick)
    {
        _nginx = nginx;
        _etcd = etcd;
        _version = version;
        _place = place;
        _tick = tick;
    }

    /// <summary>Its own address, which is also the private address of its node.</summary>
    public string Address => _place.Address;

    public int HttpPort => _place.HttpPort;

    public int HttpsPort => _place.HttpsPort;

    public string AccessLog => Path.Combine(_place.Directory, "access.log");

    public string ErrorLog => Path.Combine(_place.Directory, "error.log");

    /// <summary>A router whose confd hangs: it does not read etcd any more on its tick, though <see cref="RenderNowAsync"/> works.</summary>
    public bool Stuck { get; set; }

    /// <summary>Whether the configuration in force was rendered with the PROXY protocol on.</summary>
    public bool DemandsProxy => _rendered.Contains("default_server proxy_protocol;", StringComparison.Ordinal);

    /// <summary>Why reading etcd or reloading failed last, if it did.</summary>
    public Exception? LastFailure { get; private set; }

    /// <summary>Reads etcd, and if that changes anything writes the configuration and reloads.</summary>
    public Task RenderNowAsync() => RenderAsync(onTick: false);

    /// <summary>Lets it read etcd for the first time after a while, and then on every tick.</summary>
    public async Task RestartTicksAsync(TimeSpan phase)
    {
        await StopTicksAsync();
        _stopTicks = new CancellationTokenSource();
        _ticks = EveryAsync(phase, _tick, () => Stuck ? Task.CompletedTask : RenderAsync(onTick: true), _stopTicks.Token);
    }

    private async Task RenderAsync(bool onTick)
    {
        await _rendering.WaitAsync();
        try
        {
            var values = await Task.WhenAll(
                _etcd.GetAsync("/deis/router/proxyProtocol"), _etcd.GetAsync("/deis/router/proxyRealIpCidr"), _etcd.GetAsync(
                    "/deis/router/enforceHTTPS"),
                _etcd.GetAsync("/deis/router/hsts/enabled"), _etcd.GetAsync("/deis/router/sslCert"), _etcd.GetAsync("/deis/router/sslKey"));
            var keys = new RouterKeys(values[0], values[1], values[2], values[3], values[4], values[5]);
            var configuration = NginxConfiguration.Render(_version, keys, _place);
            if ((onTick && Stuck) || string.Equals(configuration, _rendered, StringComparison.Ordinal))
            {
                // A reading that was under way when the router got stuck does not count either.
                return;
            }

            if (keys.SslCert is not null)
            {
                await File.WriteAllTextAsync(Path.Combine(_place.Directory, "deis.cert"), keys.SslCert);
                await File.WriteAllTextAsync(Path.Combine(_place.Directory, "deis.key"), keys.SslKey ?? "");
            }

            await File.WriteAllTextAsync(Path.Combine(_place.Directory, "nginx.conf"), configuration);
            if (_process is not null)
            {
                await RealProcess.RunAsync(_nginx, [.. Arguments(), "-s", "reload"]);
            }

            _rendered = configuration;
        }
        finally
        {
            _rendering.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopTicksAsync();
        await _stop.CancelAsync();
        await _announcements;
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _stop.Dispose();
        _rendering.Dispose();
    }

    internal static async Task<NginxRouter> StartAsync(
        string nginx, EtcdServer etcd, Version version, RouterPlace place, TimeSpan tick, TimeSpan phase, NetworkNamespace? network = null)
    {
        var router = new NginxRouter(nginx, etcd, version, place, tick);
        try
        {
            await router.RenderNowAsync();
            router._process = RealProcess.StartIn(network, nginx, router.Arguments());
            await router._process.WaitUntilAsync(
                async () =>
                {
                    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    try
                    {
                        await socket.ConnectAsync(IPAddress.Parse(place.Address), place.HttpPort);
                        return File.Exists(Path.Combine(place.Directory, "nginx.pid"));
                    }
                    catch (SocketException)
                    {
                        return false;
                    }
                },
                RealProcess.StartLimit);
            await router.AnnounceAsync();
            router._announcements = router.EveryAsync(HostTimeToLive / 2, HostTimeToLive / 2, router.AnnounceAsync, router._stop.Token);
            await router.RestartTicksAsync(phase);
            return router;
        }
        catch
        {
            await router.DisposeAsync();
            throw;
        }
    }

    private string[] Arguments() => ["-p", _place.Directory, "-e", ErrorLog, "-c", Path.Combine(_place.Directory, "nginx.conf")];

    private Task AnnounceAsync() =>
        _etcd.SetAsync($"/deis/router/hosts/{Address}", $"{Address}:{HttpPort.ToString(CultureInfo.InvariantCulture)}", HostTimeToLive);

    private async Task StopTicksAsync()
    {
        await _stopTicks.CancelAsync();
        await _ticks;
        _stopTicks.Dispose();
    }

    private async Task EveryAsync(TimeSpan first, TimeSpan period, Func<Task> action, CancellationToken stop)
    {
        try
        {
            await Task.Delay(first, stop);
            using var timer = new PeriodicTimer(period);
            do
            {
                try
                {
                    await action();
                }
                catch (Exception e) when (e is HttpRequestException or InvalidOperationException or IOException or TaskCanceledException)
                {
                    // Like confd, it tries again on the next tick; etcd may just be stopped.
                    LastFailure = e;
                }
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException e)
        {
            Debug.WriteLine(e.Message);
        }
    }
}
