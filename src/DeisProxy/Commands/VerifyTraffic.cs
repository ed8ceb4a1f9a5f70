using System.Net;
using System.Security.Cryptography;
using DeisProxy.Cluster.Router;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Verifying;
using DeisProxy.Traffic;

namespace DeisProxy.Commands;

/// <summary>What to send through the load balancer.</summary>
/// <param name="Url">An application; null: the load balancer's own name.</param>
/// <param name="ExpectedAddress">The address that routers should see; null: this machine's, as the nodes see it.</param>
internal sealed record TrafficSettings(Uri? Url, Uri? EchoUrl, Uri? WebSocketUrl, IPAddress? ExpectedAddress);

/// <summary>The part of <c>verify</c> that sends real traffic. Everything is sent at once; what it shows is judged in the core.</summary>
internal sealed class VerifyTraffic(RouterLogs logs, ClusterSnapshot snapshot, SetupGoal goal, TrafficSettings settings)
{
    private const string NotProbed = "not probed (--no-probe)";

    private const int BuilderPort = 2222;

    private readonly LoadBalancer _balancer = snapshot.LoadBalancer;
    private readonly string _token = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 24);

    /// <summary>The results when nothing is to be sent.</summary>
    public static IReadOnlyList<CheckResult> Skipped { get; } =
        [ClientAddressCheck.Skipped(NotProbed), ApplicationChecks.ForwardedSkipped(NotProbed), ApplicationChecks.WebSocketSkipped(NotProbed)];

    /// <summary>Sends it all.</summary>
    public async Task<(IReadOnlyList<CheckResult> Configuration, IReadOnlyList<CheckResult> Traffic)> RunAsync(
        IReadOnlyList<CheckResult> configuration, CancellationToken cancellationToken)
    {
        using var http = new HttpTraffic();
        var own = await logs.OwnAddressAsync(cancellationToken);
        var address = new AddressExpectation(settings.ExpectedAddress, own, [.. snapshot.LoadBalancerNetworks.Select(IPNetwork.Parse)]);
        var client = ClientAddressAsync(http, address, cancellationToken);
        var forwarded = ForwardedAsync(http, address, cancellationToken);
        var socket = WebSocketAsync(cancellationToken);
        var added = await Task.WhenAll(configuration.Select(check => check.Id switch
        {
            "builder-port" => BuilderAsync(check, cancellationToken),
            "https-redirect" => RedirectsAsync(http, check, cancellationToken),
            _ => Task.FromResult(check),
        }));
        return (added, [await client, await forwarded, await socket]);
    }

    private async Task<CheckResult> ClientAddressAsync(HttpTraffic http, AddressExpectation address, CancellationToken cancellationToken)
    {
        if ((settings.Url ?? DefaultTarget()) is not { } url)
        {
            return ClientAddressCheck.Skipped("the load balancer has no listener that takes plain HTTP; give --url");
        }

        var request = await http.GetAsync(HttpTraffic.WithToken(url, _token), _token, cancellationToken);
        var search = ClientAddressCheck.MayHaveArrived(request)
            ? await logs.SearchAsync(_token, snapshot.Router.LiveRouters, snapshot.Nodes, cancellationToken)
            : null;
        return ClientAddressCheck.Judge(new(request, settings.Url is null, search, address, SidesOf(url)));
    }

    private async Task<CheckResult> ForwardedAsync(HttpTraffic http, AddressExpectation address, CancellationToken cancellationToken) =>
        settings.EchoUrl is { } url
            ? ApplicationChecks.Forwarded(await http.GetAsync(url, _token, cancellationToken), address, SidesOf(url))
            : ApplicationChecks.ForwardedSkipped("no --echo-url given");

    private async Task<CheckResult> WebSocketAsync(CancellationToken cancellationToken) =>
        settings.WebSocketUrl is { } url
            ? ApplicationChecks.WebSocket(await WebSocketTraffic.EchoAsync(url, _token, cancellationToken))
            : ApplicationChecks.WebSocketSkipped("no --websocket-url given");

    private async Task<CheckResult> BuilderAsync(CheckResult configuration, CancellationToken cancellationToken) =>
        _balancer.Listeners.FirstOrDefault(l => l.InstancePort == BuilderPort) is { } listener
            ? ThroughBalancerChecks.Builder(configuration, await SshTraffic.GreetAsync(_balancer.DnsName, listener.LoadBalancerPort, cancellationToken))
            : configuration;

    private async Task<CheckResult> RedirectsAsync(HttpTraffic http, CheckResult configuration, CancellationToken cancellationToken)
    {
        // The routers redirect requests for applications only, and without a URL there is none to ask.
        if (settings.Url is not { } url)
        {
            return configuration;
        }

        // An application at a port of its own has no counterpart on the other scheme.
        var other = url.Scheme == "http" ? "https" : "http";
        Uri[] begins = url.IsDefaultPort && _balancer.ListenerOn(other == "http" ? 80 : 443) is not null ? [url, new UriBuilder(url) { Scheme = other, Port = -1 }.Uri] : [url];
        var chains = await Task.WhenAll(begins.Select(begin => http.FollowAsync(begin, _token, ThroughBalancerChecks.MaximumRedirects, cancellationToken)));

        // Whether the other scheme is served at all was not asked: only where it leads counts.
        return ThroughBalancerChecks.Redirects(configuration, [.. chains.Where((chain, i) => i == 0 || chain.Count > 1 || chain[0].Outcome == TrafficOutcome.Answered)]);
    }

    /// <summary>The load balancer's own name, where it takes plain HTTP; a certificate cannot be for that name.</summary>
    private Uri? DefaultTarget() =>
        _balancer.Listeners.Where(l => !l.EndsTls && l.InstancePort != 443 && goal.RouterPorts.Contains(l.InstancePort)).MinBy(l => l.LoadBalancerPort) is { } listener
            ? new UriBuilder("http", _balancer.DnsName, listener.LoadBalancerPort).Uri
            : null;

    private ConfiguredSides SidesOf(Uri url)
    {
        var instancePort = _balancer.ListenerOn(url.Port)?.InstancePort ?? goal.RouterPorts.FirstOrDefault(port => _balancer.Listeners.Any(l => l.InstancePort == port));
        return new(_balancer.SendsProxyLineTo(instancePort), snapshot.Router.Demands(snapshot.Router.ProxyProtocol));
    }
}
