using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

using DeisProxy.Sandbox.Aws;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>What every data plane needs of its surroundings.</summary>
internal sealed record TrafficContext(
    SandboxOptions Options, CloudState Cloud, NetworkMap Network, Lazy<X509Certificate2> Certificate, Action<Exception> Defect)
{
    /// <summary>How long a load balancer waits for an instance whose security group drops its packets.</summary>
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(1);

    /// <summary>Connects a load balancer to an instance.</summary>
    public async Task<MappedStream> ConnectAsync(Instance instance, int port, CancellationToken cancellationToken, bool? withProxyLine = null)
    {
        if (Cloud.AdmittedPorts.Contains(port))
        {
            return await Network.ConnectAsync(Cloud.FrontAddress, instance.PrivateAddress, port, cancellationToken, withProxyLine);
        }

        await Task.Delay(ConnectLimit, Options.Time, cancellationToken);
        throw new SocketException((int)SocketError.TimedOut);
    }
}

/// <summary>
/// The data plane of one load balancer: ports that accept connections, and health checks. It acts on the state that has come into effect,
/// which may be older than what the control plane says.
/// </summary>
internal sealed class LoadBalancerTraffic : IAsyncDisposable
{
    private readonly TrafficContext _context;
    private readonly Lock _lock = new();
    private readonly ConcurrentDictionary<int, FrontPort> _ports = new();
    private readonly HealthMonitor _health;
    private readonly CancellationTokenSource _stopping = new();
    private volatile LoadBalancerState _effective;
    private Task _pending = Task.CompletedTask;
    private DateTimeOffset _lastDue = DateTimeOffset.MinValue;
    private int _turn;
    private bool _disposed;

    public LoadBalancerTraffic(TrafficContext context, LoadBalancerState state)
    {
        _context = context;
        _effective = state;
        _health = new HealthMonitor(context);
        Apply(state);
    }

    public TrafficContext Context => _context;

    public LoadBalancerState Effective => _effective;

    /// <summary>Done when every instance has been checked once.</summary>
    public Task FirstChecks => _health.FirstChecks;

    /// <summary>Seconds of the idle timeout in effect, scaled.</summary>
    public TimeSpan IdleTimeout => TimeSpan.FromSeconds(_effective.IdleTimeout * _context.Options.IdleTimeScale);

    public int Port(int loadBalancerPort) => PortOf(loadBalancerPort).Port;

    public IReadOnlyList<InstanceHealth> Health(IReadOnlyList<string> instances) => _health.States(instances);

    /// <summary>Brings a state into effect after a lag; states take effect in the order of their requests.</summary>
    public void Publish(LoadBalancerState state, TimeSpan lag)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            var due = _context.Options.Time.GetUtcNow() + lag;
            due = due > _lastDue ? due : _lastDue;
            if (lag <= TimeSpan.Zero && _pending.IsCompleted)
            {
                Apply(state);
                return;
            }

            _lastDue = due;
            _pending = ApplyAtAsync(_pending, due, state);
        }
    }

    /// <summary>The instance that gets the next connection or request; null when none is in service.</summary>
    public Instance? NextInstance()
    {
        var healthy = _context.Cloud.Instances.Where(instance => _effective.Instances.Contains(instance.Id) && _health.IsInService(instance.Id))
            .ToList();
        return healthy.Count == 0 ? null : healthy[(int)((uint)Interlocked.Increment(ref _turn) % healthy.Count)];
    }

    /// <summary>Connects to an instance as the listener says, TLS and PROXY line included.</summary>
    public async Task<(Stream Stream, Socket Socket)> ConnectAsync(
        Instance instance, Listener listener, (string Address, int Port) client, CancellationToken cancellationToken)
    {
        // Only TCP back ends get the line: HTTP listeners ignore the policy, SSL to SSL does not support it.
        var withProxyLine = !listener.IsInstanceSecure && !listener.TerminatesHttp && _effective.SendsProxyLine(listener.InstancePort);
        var mapped = await _context.ConnectAsync(instance, listener.InstancePort, cancellationToken, withProxyLine);
        try
        {
            if (listener.IsInstanceSecure)
            {
                return (await Certificates.ConnectAsync(mapped, cancellationToken), mapped.Socket);
            }

            if (withProxyLine)
            {
                var line = $"PROXY TCP4 {client.Address} {_context.Cloud.FrontAddress} {client.Port} {listener.LoadBalancerPort}\r\n";
                await mapped.WriteAsync(System.Text.Encoding.ASCII.GetBytes(line), cancellationToken);
            }

            return (mapped, mapped.Socket);
        }
        catch
        {
            await mapped.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        await _stopping.CancelAsync();
        await _pending;
        await _health.DisposeAsync();
        await Task.WhenAll(_ports.Values.Select(port => port.DisposeAsync().AsTask()));
        _stopping.Dispose();
    }

    private FrontPort PortOf(int loadBalancerPort)
    {
        lock (_lock)
        {
            return _ports.GetOrAdd(loadBalancerPort, port => new FrontPort(port, this));
        }
    }

    private void Apply(LoadBalancerState state)
    {
        _effective = state;
        foreach (var listener in state.Listeners)
        {
            PortOf(listener.LoadBalancerPort).Set(listener);
        }

        foreach (var (number, port) in _ports)
        {
            if (!state.Listeners.Exists(listener => listener.LoadBalancerPort == number))
            {
                port.Set(null);
            }
        }

        _health.Watch(state.HealthCheck, state.Instances);
    }

    private async Task ApplyAtAsync(Task before, DateTimeOffset due, LoadBalancerState state)
    {
        await before;
        var wait = due - _context.Options.Time.GetUtcNow();
        await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, _context.Options.Time, _stopping.Token).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (!_disposed)
            {
                Apply(state);
            }
        }
    }
}
