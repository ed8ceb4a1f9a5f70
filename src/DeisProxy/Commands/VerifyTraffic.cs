using System.Net;
using System.Security.Cryptography;
using DeisProxy.Cluster.Router;
using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;
using DeisProxy.Traffic;

namespace DeisProxy.Commands;

/// <summary>What to send through the load balancer.</summary>
/// <param name="Url">An application; null: the load balancer's own name.</param>
/// <param name="ExpectedAddress">The address that routers should see; null: this machine's, as the nodes see it.</param>
internal sealed record TrafficSettings(Uri? Url, Uri? EchoUrl, Uri? WebSocketUrl, IPAddress? ExpectedAddress);

/// <summary>The part of <c>verify</c> that sends real traffic. Everything is sent at once; what it shows is judged in the core.</summary>
internal sealed class VerifyTraffic(
    RouterLogs logs, ClusterSnapshot snapshot, ValueList<int> routerPorts, RouterMode wanted, TrafficSettings settings,
    TimeProvider time)
{
    private const string NotProbed = "not probed (--no-probe)";

    private readonly ValueList<ClientPort> _ports = snapshot.Balancer?.ClientPorts ?? [];
    private readonly string _token = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz0123456789", 24);

    /// <summary>The results when nothing is to be sent.</summary>
    public static IReadOnlyList<CheckResult> Skipped { get; } =
        [ClientAddressCheck.Skipped(NotProbed), ApplicationChecks.ForwardedSkipped(NotProbed), ApplicationChecks.WebSocketSkipped(NotProbed)];

    /// <summary>Makes a check and notes how long it took.</summary>
    public static async Task<CheckResult> TimedAsync(TimeProvider time, Func<Task<CheckResult>> check)
    {
        var begun = time.GetTimestamp();
        return await check() with { Duration = time.GetElapsedTime(begun) };
    }

    /// <summary>Sends it all.</summary>
    /// <returns>What traffic adds to the checks of the configuration, and the checks that only traffic can give.</returns>
    /// <exception cref="Core.DeisProxyException">The connection to the entry node is lost.</exception>
    public async Task<(TrafficSeen Seen, IReadOnlyList<CheckResult> Checks)> RunAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpTraffic();
        var own = await logs.OwnAddressAsync(cancellationToken);
        var address = new AddressExpectation(settings.ExpectedAddress, own, [.. (snapshot.Balancer?.OwnNetworks ?? []).Select(IPNetwork.Parse)]);
        var client = TimedAsync(time, () => ClientAddressAsync(http, address, cancellationToken));
        var forwarded = TimedAsync(time, () => ForwardedAsync(http, address, cancellationToken));
        var socket = TimedAsync(time, () => WebSocketAsync(cancellationToken));
        var builder = BuilderAsync(cancellationToken);
        var redirects = RedirectsAsync(http, cancellationToken);
        await Task.WhenAll(client, forwarded, socket, builder, redirects);
        return (new TrafficSeen(await builder, await redirects), [await client, await forwarded, await socket]);
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

    private async Task<SshObservation?> BuilderAsync(CancellationToken cancellationToken) =>
        snapshot.Balancer is { } balancer && _ports.FirstOrDefault(p => p.NodePort == DeisPort.Builder) is { } builder
            ? await SshTraffic.GreetAsync(balancer.Address, builder.Port, cancellationToken)
            : null;

    private async Task<IReadOnlyList<IReadOnlyList<HttpObservation>>> RedirectsAsync(HttpTraffic http, CancellationToken cancellationToken)
    {
        // The routers redirect requests for applications only, and without a URL there is none to ask.
        if (settings.Url is not { } url)
        {
            return [];
        }

        // An application at a port of its own has no counterpart on the other scheme.
        var other = url.Scheme == "http" ? "https" : "http";
        Uri[] begins = url.IsDefaultPort && _ports.Any(p => p.Port == (other == "http" ? DeisPort.Http : DeisPort.Https))
            ? [url, new UriBuilder(url) { Scheme = other, Port = -1 }.Uri]
            : [url];
        var chains = await Task.WhenAll(
            begins.Select(begin => http.FollowAsync(begin, _token, ThroughBalancerChecks.MaximumRedirects, cancellationToken)));

        // Whether the other scheme is served at all was not asked: only where it leads counts.
        return [.. chains.Where((chain, i) => i == 0 || chain.Count > 1 || chain[0].Outcome == TrafficOutcome.Answered)];
    }

    /// <summary>The balancer's own name, where it takes plain HTTP; a certificate cannot be for that name.</summary>
    private Uri? DefaultTarget() =>
        snapshot.Balancer is { } balancer
        && _ports.Where(p => !p.EndsTls && p.NodePort != DeisPort.Https && routerPorts.Contains(p.NodePort)).MinBy(p => p.Port) is { } port
            ? new UriBuilder("http", balancer.Address, port.Port).Uri
            : null;

    private ConfiguredSides SidesOf(Uri url)
    {
        var port = _ports.FirstOrDefault(p => p.Port == url.Port) ?? _ports.FirstOrDefault(p => routerPorts.Contains(p.NodePort));
        return new(port?.SendsProxyLine == true, snapshot.Router.Demands(snapshot.Router.ProxyProtocol))
        {
            Wanted = wanted,
            AddressPath = port?.AddressPath ?? ClientAddressPath.Kept,
        };
    }
}
