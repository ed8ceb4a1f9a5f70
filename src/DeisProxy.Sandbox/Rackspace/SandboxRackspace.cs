using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>The Rackspace account of a sandbox.</summary>
public sealed class SandboxRackspace : IAsyncDisposable
{
    private readonly CloudLoadBalancing _balancing;
    private readonly RackspaceEndpoint _endpoint;
    private readonly TcpServer _server;

    internal SandboxRackspace(RackspaceOptions options, TrafficContext context, CallLog log, Faults faults)
    {
        Options = options;
        _balancing = new CloudLoadBalancing(context, options);
        _endpoint = new RackspaceEndpoint(_balancing, options, context.Options);
        _server = TcpServer.Start(options.Port, new ServiceServer(_endpoint, log, faults).ServeAsync, context.Defect);
        _endpoint.ListensOn(_server.Port);
        AuthUrl = new Uri($"http://127.0.0.1:{_server.Port}/v2.0/");
    }

    /// <summary>What it was started with.</summary>
    public RackspaceOptions Options { get; }

    /// <summary>The URL of identity, for <c>OS_AUTH_URL</c>.</summary>
    public Uri AuthUrl { get; }

    /// <summary>The load balancers that are there now.</summary>
    public IReadOnlyList<CloudBalancer> LoadBalancers => [.. _balancing.Balancers.Where(balancer => !balancer.IsDeleted)];

    /// <summary>Makes every token that was given out worthless.</summary>
    public void ExpireTokens() => _endpoint.ExpireTokens();

    /// <summary>The port on 127.0.0.1 that stands for a port of a virtual IP address; null while no load balancer has it.</summary>
    public int? DataPlanePort(string address, int port) => LoadBalancers
        .FirstOrDefault(balancer => balancer.VirtualIps.Any(ip => ip.Address == address)
            && (balancer.State.Port == port || balancer.State.Ssl?.SecurePort == port))
        ?.Traffic.Port(port);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await Task.WhenAll(_balancing.Balancers.Select(balancer => balancer.Traffic.DisposeAsync().AsTask()));
    }

    /// <summary>Cuts every open connection to the API.</summary>
    internal void CutConnections() => _server.CutConnections();

    internal Task FirstChecks => Task.WhenAll(_balancing.Balancers.Select(balancer => balancer.Traffic.FirstChecks));
}
