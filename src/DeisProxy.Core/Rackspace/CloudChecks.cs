using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Rackspace;

/// <summary>The checks of <c>verify</c> that need nothing but a snapshot: pure functions, in the order of the output.</summary>
public static class CloudChecks
{
    /// <summary>Runs all of them.</summary>
    /// <param name="made">What the last setup left; null if nothing is recorded.</param>
    /// <param name="seen">What traffic showed; null if none was sent.</param>
    public static IReadOnlyList<CheckResult> Run(ClusterSnapshot snapshot, CloudGoal goal, ClusterSnapshot? made, TrafficSeen? seen)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(goal);
        var cloud = snapshot.Cloud;
        var builder = CheckResult.Skip("builder-port", "not behind this load balancer", "SSH to the builder on port 2222");
        return
        [
            LoadBalancer(cloud.LoadBalancer),
            Protocol(cloud, made?.Balancer as CloudState),
            seen?.Builder is { } greeting ? ThroughBalancerChecks.Builder(builder, greeting) : builder,
            Monitor(cloud.LoadBalancer),
            Nodes(cloud.LoadBalancer),
            Timeout(cloud, goal),
            RouterKey(snapshot.Router),
            ThroughBalancerChecks.Redirects(
                CheckResult.Pass("https-redirect", "the load balancer does not redirect", "no redirect loop between load balancer and routers"),
                    seen?.Redirects ?? []),
        ];
    }

    private static CheckResult LoadBalancer(CloudLoadBalancer balancer)
    {
        const string Expected = "an active load balancer";
        var seen = $"{balancer.Name} (id {balancer.Id}, {balancer.Address}) is {balancer.Status}";
        return balancer.Status switch
        {
            "ACTIVE" => CheckResult.Pass("load-balancer", seen, Expected),
            "ERROR" or "SUSPENDED" => new("load-balancer", CheckStatus.Fail, seen, Expected, "Ask Rackspace's support to repair it."),
            _ => new("load-balancer", CheckStatus.Warn, seen, Expected, "Run deis-proxy verify again when the change has ended."),
        };
    }

    private static CheckResult Protocol(CloudState cloud, CloudState? made)
    {
        const string Expected = "TCP_CLIENT_FIRST towards the routers, on this load balancer or on a second one for WebSockets";
        CheckResult Fail(string seen, string remedy) => new("protocol", CheckStatus.Fail, seen, Expected, remedy);
        var balancer = cloud.LoadBalancer;
        var seen = string.Join("; ", cloud.WebSocketOnly.Select(b => $"{b}").Prepend($"{balancer.Protocol} on port {balancer.Port}"));
        if (made?.WebSocketOnly.FirstOrDefault(b => !cloud.WebSocketOnly.Contains(b)) is { } lost)
        {
            return Fail($"setup left {lost}, and it is no longer there",
                "Check who removed or changed it, then run deis-proxy setup or deis-proxy teardown.");
        }

        return balancer.Protocol == CloudProtocol.TcpClientFirst || cloud.WebSocketOnly.Any(b => b.Protocol == CloudProtocol.TcpClientFirst)
            ? CheckResult.Pass("protocol", seen, Expected)
            : Fail(seen, CheckResult.RunSetup);
    }

    private static CheckResult Monitor(CloudLoadBalancer balancer)
    {
        var expected = balancer.Protocol == CloudProtocol.Http ? "a health monitor" : "a CONNECT monitor, which fits TCP";
        return balancer.HealthMonitor switch
        {
            null => new("health-monitor", CheckStatus.Warn, "none", expected,
                "Without one, nodes that fail keep getting traffic: add a CONNECT monitor in the control panel."),
            { Type: HealthMonitor.Connect } monitor => CheckResult.Pass("health-monitor", $"{monitor}", expected),
            { } monitor => balancer.Protocol == monitor.Type
                ? CheckResult.Pass("health-monitor", $"{monitor}", expected)
                : new("health-monitor", CheckStatus.Fail, $"{monitor}", expected, CheckResult.RunSetup),
        };
    }

    private static CheckResult Nodes(CloudLoadBalancer balancer)
    {
        const string Expected = "every enabled node online";
        var enabled = balancer.Nodes.Where(n => n.Condition == "ENABLED").ToList();
        var down = enabled.Where(n => !n.Serves).Select(n => $"{n.Address}:{n.Port}").ToList();
        var seen = $"{enabled.Count - down.Count} of {enabled.Count} online{(down.Count == 0 ? "" : $"; offline: {string.Join(", ", down)}")}";
        const string Remedy = "Check the routers on these nodes (deisctl list), and that the load balancer may reach the port.";
        return enabled.Count == down.Count
            ? new("nodes", CheckStatus.Fail, seen, Expected, Remedy)
            : down.Count > 0
                ? new("nodes", CheckStatus.Warn, seen, Expected, Remedy)
                : CheckResult.Pass("nodes", seen, Expected);
    }

    private static CheckResult Timeout(CloudState cloud, CloudGoal goal)
    {
        var wanted = goal.Timeout ?? TimeoutStep.Maximum;
        var seen = $"{cloud.LoadBalancer.TimeoutSeconds} s";
        return cloud.LoadBalancer.TimeoutSeconds < wanted && cloud.WebSocketOnly.Count == 0
            ? new("timeout", CheckStatus.Warn, $"{seen}; WebSockets that are idle longer are cut", $"at least {wanted} s", CheckResult.RunSetup)
            : CheckResult.Pass("timeout", seen, $"at least {wanted} s");
    }

    private static CheckResult RouterKey(RouterState router)
    {
        const string Expected = "/deis/router/proxyProtocol not set: Rackspace has no PROXY protocol";
        return CloudSetupPlanner.RouterKey(router) is { } key
            ? new("router-flag", CheckStatus.Fail, $"\"{RemoteText.Clean(router.ProxyProtocol)}\"", Expected, key.Remedy)
            : CheckResult.Pass("router-flag", "not set", Expected);
    }
}
