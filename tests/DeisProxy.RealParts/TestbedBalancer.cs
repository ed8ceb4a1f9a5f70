using System.Globalization;
using System.Xml.Linq;

namespace DeisProxy.RealParts;

/// <summary>
/// One of a classic load balancer's own machines: a haproxy that takes over, a while after each change, the configuration that the API has at that
/// moment.
/// </summary>
public sealed class TestbedBalancer : IAsyncDisposable
{
    /// <summary>Every tenth of a second one: the health check's own interval of 15 s is longer than a whole setup.</summary>
    private const int SamplesOfNode = 20;

    private readonly HaproxyBalancer _haproxy;
    private readonly IReadOnlyList<string> _nodes;
    private readonly Func<Task<XDocument>> _describe;
    private readonly SemaphoreSlim _applying = new(1);
    private readonly List<Task> _pending = [];
    private string _inForce = "";
    private volatile bool _sendsProxy;

    private TestbedBalancer(HaproxyBalancer haproxy, string address, IReadOnlyList<string> nodes, Func<Task<XDocument>> describe)
    {
        _haproxy = haproxy;
        Address = address;
        _nodes = nodes;
        _describe = describe;
    }

    /// <summary>Where clients reach it.</summary>
    public string Address { get; }

    /// <summary>Samples of the health check in force that failed so far.</summary>
    public IReadOnlyList<string> FailedSamples => _haproxy.FailedSamples;

    /// <summary>Whether what is in force sends the PROXY line to a port of the nodes.</summary>
    public bool SendsProxy => _sendsProxy;

    public required NetworkNamespace Network { get; init; }

    internal static async Task<TestbedBalancer> StartAsync(
        NetworkNamespace network, string address, string source, IReadOnlyList<string> nodes, Func<Task<XDocument>> describe)
    {
        var options = new HaproxyOptions
        {
            Network = network,
            Address = address,
            Source = source,
            HealthChecked = [.. nodes.Select(node => (node, 80))],

            // Long: a held connection waits for the system's own repetition after 1 s, then 3 s; an early new attempt would make it look better.
            ConnectTimeout = TimeSpan.FromSeconds(10),
        };
        return new TestbedBalancer(await HaproxyBalancer.StartAsync(options), address, nodes, describe) { Network = network };
    }

    /// <summary>Takes over what the API has after a while.</summary>
    public void ChangeAfter(TimeSpan lag)
    {
        lock (_pending)
        {
            _pending.RemoveAll(task => task.IsCompletedSuccessfully);
            _pending.Add(ApplyAsync(lag));
        }
    }

    /// <summary>Waits until everything that was announced is in effect.</summary>
    public Task SettledAsync()
    {
        lock (_pending)
        {
            return Task.WhenAll(_pending);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _haproxy.DisposeAsync();
        _applying.Dispose();
    }

    private async Task ApplyAsync(TimeSpan lag)
    {
        await Task.Delay(lag);
        await _applying.WaitAsync();
        try
        {
            var balancer = await _describe();
            var withProxy = Descendants(balancer, "BackendServerDescriptions").Elements()
                .Where(backend => Descendants(backend, "PolicyNames").Elements().Any())
                .Select(backend => Number(backend, "InstancePort")).ToHashSet();
            var listeners = Descendants(balancer, "Listener").Select(listener => new HaproxyListener(
                Number(listener, "LoadBalancerPort"), [.. _nodes.Select(node => (node, Number(listener, "InstancePort")))])
            {
                Http = Text(listener, "Protocol") is "HTTP" or "HTTPS",
                SendProxy = withProxy.Contains(Number(listener, "InstancePort")),
            }).ToList();
            var check = Descendants(balancer, "HealthCheck").Single();
            var wanted = string.Join(
                '\n', listeners.Select(l => $"{l.Port} {l.Http} {l.SendProxy}").Append(check.ToString(SaveOptions.DisableFormatting)));
            if (wanted != _inForce)
            {
                _haproxy.HealthCheck = HealthCheckOf(check);
                await _haproxy.ApplyAsync(listeners);
                _inForce = wanted;
                _sendsProxy = listeners.Exists(l => l.SendProxy);
            }
        }
        finally
        {
            _applying.Release();
        }
    }

    private static HaproxyHealthCheck HealthCheckOf(XElement check) => new()
    {
        HttpPath = Text(check, "Target") is { } target && target.StartsWith("HTTP:80/", StringComparison.Ordinal) ? target["HTTP:80".Length..] : null,
        Interval = TimeSpan.FromSeconds(Number(check, "Interval")),
        Timeout = TimeSpan.FromSeconds(Number(check, "Timeout")),
        Unhealthy = Number(check, "UnhealthyThreshold"),
        Healthy = Number(check, "HealthyThreshold"),
        Samples = SamplesOfNode,
    };

    private static IEnumerable<XElement> Descendants(XContainer parent, string name) => parent.Descendants().Where(e => e.Name.LocalName == name);

    private static string Text(XElement parent, string name) => parent.Elements().Single(e => e.Name.LocalName == name).Value;

    private static int Number(XElement parent, string name) => int.Parse(Text(parent, name), CultureInfo.InvariantCulture);
}
