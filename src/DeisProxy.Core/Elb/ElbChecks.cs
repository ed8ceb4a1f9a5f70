using DeisProxy.Core.Model;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Elb;

/// <summary>The checks of <c>verify</c> that need nothing but a snapshot: pure functions, in the order of the output.</summary>
public static class ElbChecks
{
    /// <summary>Runs all of them.</summary>
    /// <param name="made">What the last setup left; null if nothing is recorded.</param>
    /// <param name="seen">What traffic through the load balancer showed; null if none was sent.</param>
    public static IReadOnlyList<CheckResult> Run(ClusterSnapshot snapshot, SetupGoal goal, ClusterSnapshot? made, TrafficSeen? seen)
    {
        var balancer = snapshot.LoadBalancer;
        var concerned = balancer.Listeners.Where(l => goal.RouterPorts.Contains(l.InstancePort)).ToList();
        return
        [
            Stack(snapshot.Stack),
            CheckResult.Pass("load-balancer", $"{balancer.Name} ({balancer.DnsName})", "one classic load balancer in the stack"),
            Listeners(snapshot, concerned, goal, made),
            BackendPolicies(balancer, concerned),
            seen?.Builder is { } greeting ? ThroughBalancerChecks.Builder(Builder(balancer, goal), greeting) : Builder(balancer, goal),
            Health(balancer.HealthCheck, goal),
            Instances(snapshot),
            IdleTimeout(balancer, goal),
            RouterFlag(snapshot.Router),
            RealIpCidr(snapshot),
            ThroughBalancerChecks.Redirects(HttpsRedirect(snapshot.Router, concerned), seen?.Redirects ?? []),
        ];
    }

    private static CheckResult Stack(StackInfo stack)
    {
        const string Expected = "no stack update in progress";
        var seen = $"{stack.Name} is {stack.Status}";
        return stack.IsBusy
            ? new("stack", CheckStatus.Warn, seen, Expected, "Wait until CloudFormation has finished: its update may undo what setup did.")
            : CheckResult.Pass("stack", seen, Expected);
    }

    private static CheckResult Listeners(ClusterSnapshot snapshot, List<Listener> concerned, SetupGoal goal, ClusterSnapshot? made)
    {
        const string Expected = "TCP or SSL to TCP on every router port";
        CheckResult Result(CheckStatus status, string seen, string remedy) => new("listeners", status, seen, Expected, remedy);

        // What setup left is what clients connect to.
        var gone = (made?.LoadBalancer.Listeners ?? [])
            .Where(l => goal.RouterPorts.Contains(l.InstancePort) && snapshot.LoadBalancer.ListenerOn(l.LoadBalancerPort) is null).ToList();
        if (gone.Count > 0)
        {
            return Result(
                CheckStatus.Fail,
                $"setup left {string.Join("; ", gone)}, and {(gone.Count == 1 ? "it is" : "they are")} no longer there",
                "Check who deleted it. Create it again (aws elb create-load-balancer-listeners), or run deis-proxy teardown if it is not needed.");
        }

        if (concerned.Count == 0)
        {
            return Result(
                CheckStatus.Fail, $"no listener on the instance ports {goal.RouterPorts}", "Name the routers' instance ports with --router-ports.");
        }

        if (concerned.Where(l => l is not { Protocol: ListenerProtocol.Tcp or ListenerProtocol.Ssl, InstanceProtocol: ListenerProtocol.Tcp }).ToList()
            is { Count: > 0 } wrong)
        {
            return Result(CheckStatus.Fail, string.Join("; ", wrong), CheckResult.RunSetup);
        }

        var unserved = snapshot.Router.PortsInUse(goal.RouterPorts).Where(port => !concerned.Exists(l => l.InstancePort == port)).ToValueList();
        return unserved.Count > 0
            ? Result(
                CheckStatus.Warn,
                $"{string.Join("; ", concerned)}; no listener leads to instance port {unserved}",
                "If clients should use that port, create a listener for it, then run deis-proxy setup.")
            : CheckResult.Pass("listeners", string.Join("; ", concerned), Expected);
    }

    private static CheckResult BackendPolicies(LoadBalancer balancer, List<Listener> concerned)
    {
        const string Expected = "a ProxyProtocol policy on every router port that has a listener";
        var ports = concerned.Select(l => l.InstancePort).Distinct().Order().ToList();
        var missing = ports.Where(port => !balancer.SendsProxyLineTo(port)).ToList();
        return ports.Count == 0
            ? CheckResult.Skip("backend-policies", "no listener on a router port", Expected)
            : missing.Count > 0
                ? new("backend-policies", CheckStatus.Fail, $"none on instance port {string.Join(", ", missing)}", Expected, CheckResult.RunSetup)
                : CheckResult.Pass(
                    "backend-policies", string.Join("; ", ports.Select(p => new BackendPolicies(p, balancer.BackendPoliciesOf(p)))), Expected);
    }

    private static CheckResult Builder(LoadBalancer balancer, SetupGoal goal)
    {
        var expected = $"no PROXY line to the builder ({DeisPort.Builder}) or to any port that is not a router's";
        var wrong = balancer.BackendPolicies.Where(b => !goal.RouterPorts.Contains(b.InstancePort) && balancer.SendsProxyLineTo(b.InstancePort))
            .ToList();
        return wrong.Count > 0
            ? new(
                "builder-port",
                CheckStatus.Fail,
                $"instance port {string.Join("; ", wrong)}",
                expected,
                $"Take the policy off: aws elb set-load-balancer-policies-for-backend-server --load-balancer-name {balancer.Name} --instance-port "
                    + $"{wrong[0].InstancePort} --policy-names, followed by the policies to keep.")
            : balancer.Listeners.Any(l => l.InstancePort == DeisPort.Builder)
                ? CheckResult.Pass("builder-port", $"no ProxyProtocol policy on instance port {DeisPort.Builder}", expected)
                : CheckResult.Skip("builder-port", $"no listener on instance port {DeisPort.Builder}", expected);
    }

    private static CheckResult Health(HealthCheck check, SetupGoal goal)
    {
        const string Expected = "a check that passes without a PROXY line: TCP on a router port, any check on other ports";
        var seen = $"{check.Target} every {check.IntervalSeconds} s";
        return check.Target.Protocol != ListenerProtocol.Tcp && goal.RouterPorts.Contains(check.Target.Port)
            ? new("health-check", CheckStatus.Fail, seen, Expected, CheckResult.RunSetup)
            : CheckResult.Pass("health-check", seen, Expected);
    }

    private static CheckResult Instances(ClusterSnapshot snapshot)
    {
        const string Expected = "every node that runs a router in service";
        var instances = snapshot.LoadBalancer.Instances;
        var routers = snapshot.Router.LiveRouters.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var withRouter = snapshot.Nodes.Where(n => n.PrivateAddress is { } address && routers.Contains(address)).Select(n => n.InstanceId).ToHashSet(
            StringComparer.Ordinal);
        var down = instances.Where(i => !i.InService && withRouter.Contains(i.InstanceId)).ToList();
        var seen = $"{instances.Count(i => i.InService)} of {instances.Count} in service";
        const string Remedy = "Check the reason the load balancer gives; a node's security group must admit the health check's port.";
        return instances.All(i => !i.InService)
            ? new("instances", CheckStatus.Fail, seen, Expected, Remedy)
            : down.Count > 0
                ? new(
                    "instances", CheckStatus.Warn,
                    $"{seen}; out of service with a live router: {string.Join("; ", down.Select(i => $"{i.InstanceId} ({i.Description})"))}",
                    Expected, Remedy)
                : CheckResult.Pass("instances", seen, Expected);
    }

    private static CheckResult IdleTimeout(LoadBalancer balancer, SetupGoal goal)
    {
        var wanted = goal.IdleTimeoutSeconds ?? SetupGoal.DefaultIdleTimeoutSeconds;
        var seen = $"{balancer.IdleTimeoutSeconds} s";
        return balancer.IdleTimeoutSeconds < wanted
            ? new(
                "idle-timeout", CheckStatus.Warn, $"{seen}; WebSockets that are idle longer are cut", $"at least {wanted} s", CheckResult.RunSetup)
            : CheckResult.Pass("idle-timeout", seen, $"at least {wanted} s");
    }

    private static CheckResult RouterFlag(RouterState router)
    {
        const string Expected = "/deis/router/proxyProtocol set, and routers that know it";
        var seen = $"{(router.ProxyProtocol is null ? "not set" : $"\"{router.ProxyProtocol}\"")}, release {router.Version?.ToString() ?? "unknown"}";
        return router.Version < DeisVersion.FirstWithProxyProtocol
            ? new("router-flag", CheckStatus.Fail, seen, Expected, $"Upgrade the platform to {DeisVersion.FirstWithProxyProtocol} or later.")
            : router.ProxyProtocolIsWhollyOn
                ? CheckResult.Pass("router-flag", seen, Expected)
                : new("router-flag", CheckStatus.Fail, seen, Expected, CheckResult.RunSetup);
    }

    private static CheckResult RealIpCidr(ClusterSnapshot snapshot)
    {
        const string Expected = "the network that routers trust covers the load balancer's addresses";
        var router = snapshot.Router;
        var networks = snapshot.LoadBalancerNetworks.Select(System.Net.IPNetwork.Parse).ToList();
        if (networks.Count == 0)
        {
            return CheckResult.Skip("real-ip-cidr", "the load balancer's network could not be read", Expected);
        }

        var seen =
            $"routers trust {router.ProxyRealIpCidr ?? $"{RouterState.DefaultRealIpNetwork} (default)"}, the load balancer is in "
                + $"{snapshot.LoadBalancerNetworks}";
        if (router.RealIpNetwork is { } trusted && networks.TrueForAll(n => Networks.Covers(trusted, n)))
        {
            return CheckResult.Pass("real-ip-cidr", seen, Expected);
        }

        // Before v1.13.0 the client's address comes from the PROXY line whatever the network is; only allow and deny rules go wrong.
        var status = router.Version < DeisVersion.FirstWithFalseAsOff ? CheckStatus.Warn : CheckStatus.Fail;
        return new("real-ip-cidr", status, seen, Expected, CheckResult.RunSetup);
    }

    private static CheckResult HttpsRedirect(RouterState router, List<Listener> concerned)
    {
        const string Expected = "no redirect loop between load balancer and routers";
        var ending = concerned.Where(l => l.Protocol == ListenerProtocol.Ssl).ToList();
        if (ending.Count == 0)
        {
            return CheckResult.Pass("https-redirect", "TLS does not end at the load balancer in TCP mode", Expected);
        }

        var where = $"TLS ends at {string.Join("; ", ending.Select(l => $"port {l.LoadBalancerPort}"))} in TCP mode";
        const string PassThrough = "Put the certificate on the routers and let the load balancer pass 443 through as TCP to 443";
        return router.RedirectsToHttps
            ? new(
                "https-redirect", CheckStatus.Fail, $"{where} and the routers enforce HTTPS: requests are redirected forever", Expected,
                $"{PassThrough}, or turn enforceHTTPS and hsts off.")
            : new(
                "https-redirect", CheckStatus.Warn, $"{where}: applications see X-Forwarded-Proto http", Expected,
                $"{PassThrough}, if applications depend on it.");
    }
}
