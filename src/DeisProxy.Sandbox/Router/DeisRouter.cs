using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

using DeisProxy.Sandbox.Etcd;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>A router of the platform: reads etcd on a tick of its own and serves by what it read last.</summary>
public sealed class DeisRouter : IAsyncDisposable
{
    private static readonly TimeSpan RegistrationInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RegistrationTtl = TimeSpan.FromSeconds(20);

    private readonly RouterContext _context;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TcpServer> _servers = [];
    private readonly List<Task> _loops = [];
    private Generation _serving;
    private RouterSettings _rendered;
    private Task _reloading = Task.CompletedTask;
    private TcpServer? _tls;

    internal DeisRouter(string node, TimeSpan phase, RouterContext context)
    {
        _context = context;
        Node = node;
        Behavior = RouterBehavior.For(context.Options.PlatformVersion);
        Records = new RouterLog(context.Options.Time);
        _rendered = RouterSettings.Render(context.Etcd, Behavior);
        _serving = new Generation(_rendered);
        Port = Listen(80, (socket, token) => new RouterConnection(this, 80).ServeAsync(socket, token)).Port;
        Listen(2222, Builder.ServeAsync);
        if (Behavior.ServesPort9090)
        {
            Listen(9090, (socket, token) => new RouterConnection(this, 9090).ServeAsync(socket, token));
        }

        FollowTls(_rendered);
        Register();
        _loops.Add(TickAsync(phase));
        _loops.Add(KeepRegisteredAsync());
    }

    /// <summary>The private address of its node.</summary>
    public string Node { get; }

    /// <summary>The loopback port that stands for its port 80; etcd lists it as the router's address.</summary>
    public int Port { get; }

    /// <summary>Whether it demands the PROXY line now.</summary>
    public bool DemandsProxyLine => Serving.Settings.DemandsProxyLine;

    /// <summary>What <c>docker logs deis-router</c> shows.</summary>
    public IReadOnlyList<string> Log => Records.Lines;

    internal RouterBehavior Behavior { get; }

    internal RouterLog Records { get; }

    internal RouterContext Context => _context;

    internal Generation Serving
    {
        get
        {
            lock (_lock)
            {
                return _serving;
            }
        }
    }

    /// <summary>
    /// Reads etcd at once, as <c>confd -onetime</c> does. nginx serves by it a moment later (<see cref="SandboxOptions.RouterReloadDelay"/>).
    /// </summary>
    public void Render()
    {
        if (_context.Faults.Holds(FaultKind.RouterStuck, Node))
        {
            return;
        }

        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            var settings = RouterSettings.Render(_context.Etcd, Behavior);
            if (settings == _rendered)
            {
                return;
            }

            _rendered = settings;
            _reloading = ReloadAsync(_reloading, settings);
        }
    }

    /// <summary>Ends the router and closes its ports; its registration in etcd runs out by itself.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            _stopping.Cancel();
        }

        await Task.WhenAll(_loops);
        await _reloading;
        await Task.WhenAll(_servers.Select(server => server.DisposeAsync().AsTask()));
        foreach (var port in (int[])[80, 443, 2222, 9090])
        {
            _context.Network.Remove(Node, port);
        }

        _serving.Dispose();
        _stopping.Dispose();
    }

    private TcpServer Listen(int port, Func<Socket, CancellationToken, Task> serve)
    {
        var server = TcpServer.Start(0, serve, _context.Defect);
        _servers.Add(server);
        _context.Network.Add(Node, port, server.Port);
        return server;
    }

    // Without a certificate nothing listens on 443, although docker publishes the port.
    private void FollowTls(RouterSettings settings)
    {
        if (settings.ServesTls && _tls is null)
        {
            _tls = Listen(443, (socket, token) => new RouterConnection(this, 443).ServeAsync(socket, token));
        }
        else if (!settings.ServesTls && _tls is not null)
        {
            _context.Network.Remove(Node, 443);
            _tls.StopAccepting();
            _tls = null;
        }
    }

    private async Task ReloadAsync(Task before, RouterSettings settings)
    {
        await before;
        await Task.Delay(_context.Options.RouterReloadDelay, _context.Options.Time, _stopping.Token).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        Generation old;
        lock (_lock)
        {
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            old = _serving;
            _serving = new Generation(settings);
            FollowTls(settings);
        }

        await old.RetireAsync();
    }

    private void Register() => _context.Etcd.Put(new EtcdWrite($"/deis/router/hosts/{Node}")
    {
        Value = $"127.0.0.1:{Port}",
        Expires = _context.Options.Time.GetUtcNow() + RegistrationTtl,
    });

    private Task TickAsync(TimeSpan phase) => RepeatAsync(phase, _context.Options.RouterInterval, Render);

    private Task KeepRegisteredAsync() => RepeatAsync(RegistrationInterval, RegistrationInterval, Register);

    private async Task RepeatAsync(TimeSpan first, TimeSpan interval, Action action)
    {
        var wait = first;
        while (true)
        {
            await Task.Delay(wait, _context.Options.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            action();
            wait = interval;
        }
    }
}

/// <summary>What every router needs of its surroundings.</summary>
internal sealed record RouterContext(
    SandboxOptions Options, EtcdStore Etcd, NetworkMap Network, Faults Faults, Lazy<X509Certificate2> Certificate, Action<Exception> Defect);

/// <summary>The worker processes of one configuration. After a reload they finish what they have begun and close what is idle.</summary>
internal sealed class Generation : IDisposable
{
    private readonly CancellationTokenSource _retired = new();

    public Generation(RouterSettings settings)
    {
        Settings = settings;
        Retired = _retired.Token;
    }

    public RouterSettings Settings { get; }

    public CancellationToken Retired { get; }

    public async Task RetireAsync()
    {
        await _retired.CancelAsync();
        Dispose();
    }

    public void Dispose() => _retired.Dispose();
}
