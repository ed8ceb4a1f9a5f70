using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.NoBalancer;

/// <summary>The checks of <c>verify</c> that need nothing but a snapshot.</summary>
public static class NoBalancerChecks
{
    /// <summary>Runs all of them.</summary>
    /// <param name="seen">What traffic showed; null if none was sent.</param>
    public static IReadOnlyList<CheckResult> Run(ClusterSnapshot snapshot, TrafficSeen? seen)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        const string Expected = "/deis/router/proxyProtocol not set: nobody sends the PROXY line";
        return
        [
            snapshot.Router.ProxyProtocol is { } value
                ? new("router-flag", CheckStatus.Fail, $"\"{RemoteText.Clean(value)}\"", Expected, "Delete the key: deis-proxy teardown.")
                : CheckResult.Pass("router-flag", "not set", Expected),
            ThroughBalancerChecks.Redirects(
                CheckResult.Pass("https-redirect", "no load balancer redirects", "no redirect loop"), seen?.Redirects ?? []),
        ];
    }
}
