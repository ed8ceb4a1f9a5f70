using DeisProxy.Core.Model;

namespace DeisProxy.Core.Verifying;

/// <summary>Which sides speak the PROXY protocol according to their configuration.</summary>
public sealed record ConfiguredSides(bool LoadBalancerSends, bool RoutersDemand)
{
    /// <summary>What routers are to expect; plain where nothing in front of them can send the PROXY line.</summary>
    public RouterMode Wanted { get; init; } = RouterMode.Proxy;

    /// <summary>Where the client's address goes on this way.</summary>
    public ClientAddressPath AddressPath { get; init; }
}

/// <summary>What was seen of one request that carried a token through the load balancer.</summary>
/// <param name="Search">Where the routers logged it; null if it came to nothing before that.</param>
public sealed record ClientAddressEvidence(
    HttpObservation Request, bool IsDefaultTarget, LogSearch? Search, AddressExpectation Address, ConfiguredSides Sides);

/// <summary>The check that routers see the client's address: a request through the load balancer, looked up in the routers' logs.</summary>
public static class ClientAddressCheck
{
    private const string Id = "client-address";

    private const string DeleteKey = "The routers' key proxyProtocol must not be set here: deisctl config router rm proxyProtocol.";

    /// <summary>What should be there.</summary>
    internal const string Expected = "a router that logs this machine's address";

    /// <summary>The result when there is nothing to be seen.</summary>
    public static CheckResult Skipped(string reason) => CheckResult.Skip(Id, reason, Expected);

    /// <summary>Whether a request can have reached a router, so that looking into the logs is worth it.</summary>
    /// <returns>False if it got nowhere near one.</returns>
    public static bool MayHaveArrived(HttpObservation request) =>
        request.Outcome is not (TrafficOutcome.NameNotResolved or TrafficOutcome.NotConnected or TrafficOutcome.TlsFailed);

    /// <summary>Judges what was seen.</summary>
    public static CheckResult Judge(ClientAddressEvidence evidence)
    {
        if (evidence.Search is { Sighting: { } sighting })
        {
            return Found(evidence, sighting);
        }

        var request = evidence.Request;
        return request.Outcome switch
        {
            TrafficOutcome.NameNotResolved or TrafficOutcome.NotConnected or TrafficOutcome.TimedOut
                when evidence.IsDefaultTarget && request.Url.Host.StartsWith("internal-", StringComparison.OrdinalIgnoreCase) =>
                CheckResult.Skip(
                    Id, $"an internal load balancer, not reached from here: {request}; run verify inside its network or give --url", Expected),
            TrafficOutcome.NameNotResolved when evidence.IsDefaultTarget => Warn(
                $"could not be tested from here: {request.Url.Host} does not resolve",
                "Run verify where the name resolves, or give an application behind the load balancer with --url."),
            TrafficOutcome.Closed => Fail(
                $"{request}, as from a router that demands the PROXY line and gets none{Logs(evidence.Search)}",
                evidence.Sides.Wanted == RouterMode.Plain ? DeleteKey : evidence.Sides.LoadBalancerSends
                    ? "The load balancer should send the line by its configuration: check which listener and instance port the request takes, and "
                    + "the check routers."
                    : $"The load balancer does not send it. {CheckResult.RunSetup}"),
            TrafficOutcome.Answered when request.Status == 400 => Fail(
                $"{request}, as from a router that gets a PROXY line and does not expect it{Logs(evidence.Search)}",
                evidence.Sides.RoutersDemand
                    ? "The routers should know it by their key in etcd: the check routers says which one does not; look at it with deisctl journal "
                    + "router@N."
                    : $"The routers' key is not set. {CheckResult.RunSetup}"),
            TrafficOutcome.Answered when request.Status is >= 502 and <= 504 => Fail(
                $"{request}: the load balancer got no answer from a router{Logs(evidence.Search)}",
                "Either no instance is in service, or an HTTP listener without PROXY line stands before routers that demand it. Check what verify "
                    + "says of instances and listeners, then run deis-proxy setup."),
            TrafficOutcome.Answered => NotFound(request, evidence.Search),
            _ => Fail($"{request}", TrafficText.Remedy(request.Outcome)),
        };
    }

    private static CheckResult Found(ClientAddressEvidence evidence, LogSighting sighting)
    {
        var (request, sides) = (evidence.Request, evidence.Sides);
        var node = RemoteText.Clean(sighting.Node, TrafficText.Short);
        if (sighting.BrokenHeader)
        {
            return Fail(
                $"the router on {node} demands the PROXY line and the load balancer did not send it ({request})",
                sides.Wanted == RouterMode.Plain ? DeleteKey : sides.LoadBalancerSends
                    ? "The policy is set but not in effect on this path: compare the listener's instance port with the check backend-policies."
                        : CheckResult.RunSetup);
        }

        if (sighting.Address is not { } address)
        {
            return Fail(
                $"the router on {node} logged no address at all: it got a PROXY line without one",
                "Something between the load balancer and the router sends PROXY UNKNOWN; remove it.");
        }

        var seen = $"the router on {node} saw {address}";
        if (sides.AddressPath != ClientAddressPath.Kept)
        {
            return CheckResult.Pass(Id, $"{seen} ({request}); behind this load balancer that is not the client's address",
                "a router that logs the request");
        }

        return evidence.Address.Judge(address) switch
        {
            AddressVerdict.Client => CheckResult.Pass(Id, $"{seen} ({request})", $"{evidence.Address}"),
            AddressVerdict.LoadBalancer =>
                new CheckResult(
                    Id, CheckStatus.Fail,
                    $"{seen}, the load balancer's own address"
                        + (sides is { LoadBalancerSends: false, RoutersDemand: false } ? ": neither side speaks the PROXY protocol" : ""),
                    $"{evidence.Address}", WrongSide(sides)),
            AddressVerdict.NotExpected => new CheckResult(
                Id, CheckStatus.Fail, seen, $"{evidence.Address}",
                "Check the address that you expect; if it is right, something between here and the load balancer changes it."),
            _ => new CheckResult(
                Id, CheckStatus.Warn, $"{seen}; {evidence.Address.Doubt}", $"{evidence.Address}",
                "Name the address that the load balancer should see with --expect-ip."),
        };
    }

    internal static string WrongSide(ConfiguredSides sides) => sides switch
    {
        { LoadBalancerSends: true, RoutersDemand: true } =>
            "The routers' side is wrong: they read the PROXY line but do not trust it. Cover the load balancer's network with deis-proxy setup "
                + "--real-ip-cidr, and set proxyProtocol to 1, not to false.",
        { LoadBalancerSends: true } =>
            "The routers' side is wrong: their key proxyProtocol is not set, and the load balancer's policy is not in effect on this path. Run "
                + "deis-proxy setup.",
        { RoutersDemand: true } =>
            "The load balancer's side is wrong: it sends no PROXY line. Run deis-proxy setup.",
        _ => CheckResult.RunSetup,
    };

    /// <summary>Answered, but by whom? Only when every log was read is it certain that no router logged it.</summary>
    private static CheckResult NotFound(HttpObservation request, LogSearch? search)
    {
        var seen = $"{request}, but the request was not found in a router's log{Logs(search)}";
        return search is { Unread.Count: 0, Searched.Count: > 0 }
            ? Fail(seen, "Check that the URL leads to this load balancer, and that the routers still write their log.")
            : Warn(
                seen,
                "Make every router's node reachable by SSH (--node, --jump, --known-hosts), or search there for the request manually: docker logs "
                    + "deis-router.");
    }

    private static string Logs(LogSearch? search) => search switch
    {
        null => "",
        { Unread.Count: > 0 } =>
            $" ({(search.Searched.Count == 0 ? "no" : $"only {search.Searched.Count}")} router log{(search.Searched.Count > 1 ? "s" : "")} could be "
            + $"read: {RemoteText.Clean(string.Join("; ", search.Unread.Take(3)), 500)}"
            + $"{(search.Unread.Count > 3 ? $" and {search.Unread.Count - 3} more" : "")})",
        _ => $" ({search.Searched.Count} log{(search.Searched.Count == 1 ? "" : "s")} searched)",
    };

    private static CheckResult Fail(string seen, string remedy) => new(Id, CheckStatus.Fail, seen, Expected, remedy);

    private static CheckResult Warn(string seen, string remedy) => new(Id, CheckStatus.Warn, seen, Expected, remedy);
}
