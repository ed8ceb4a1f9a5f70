using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Elb;

/// <summary>What keeps setup from changing anything: listeners, policies or routers that the PROXY protocol would break.</summary>
internal static class SetupBlockers
{
    /// <summary>Ports on which a router speaks HTTP and, with a certificate, HTTPS.</summary>
    private static readonly int[] AllRouterPorts = [80, 443];

    /// <summary>Finds what blocks setup.</summary>
    /// <param name="concerned">The listeners that lead to router ports.</param>
    public static void Add(ClusterSnapshot snapshot, SetupGoal goal, List<Listener> concerned, List<Notice> blockers)
    {
        CheckListeners(snapshot.LoadBalancer, goal, concerned, blockers);
        CheckLeftOut(snapshot.LoadBalancer, snapshot.Router, goal, blockers);
        CheckStalePolicies(snapshot.LoadBalancer, snapshot.Router, concerned, blockers);
        CheckRouters(snapshot.Router, blockers);
    }

    private static void CheckListeners(LoadBalancer loadBalancer, SetupGoal goal, List<Listener> concerned, List<Notice> blockers)
    {
        if (concerned.Count == 0)
        {
            blockers.Add(new Notice(
                "no-router-listener",
                $"The load balancer {loadBalancer.Name} has no listener on a router's instance port ({goal.RouterPorts}); it has "
                    + $"{(loadBalancer.Listeners.Count == 0 ? "none at all" : string.Join("; ", loadBalancer.Listeners))}.",
                "Name the routers' instance ports with --router-ports, or another load balancer with --load-balancer."));
        }

        foreach (var listener in concerned.Where(l => l.HasEncryptedBackend))
        {
            blockers.Add(new Notice(
                "backend-encrypted",
                $"The listener {listener} encrypts the traffic to the routers; such a backend cannot carry the PROXY protocol.",
                "Either let the listener speak HTTP or TCP to the routers, or pass TLS through (TCP 443 to TCP 443, certificate on the routers), or "
                    + "leave its instance port out with --router-ports."));
        }
    }

    /// <summary>One key switches a router's HTTP and HTTPS port alike: a port that is left out would get no PROXY line and demand it.</summary>
    private static void CheckLeftOut(LoadBalancer loadBalancer, RouterState router, SetupGoal goal, List<Notice> blockers)
    {
        var leftOut = router.PortsInUse(AllRouterPorts).Except(goal.RouterPorts).ToList();
        foreach (var listener in loadBalancer.Listeners.Where(l => leftOut.Contains(l.InstancePort)))
        {
            blockers.Add(new Notice(
                "router-port-left-out",
                $"The listener {listener} goes to a port on which the routers will demand the PROXY line, too, and --router-ports "
                    + $"({goal.RouterPorts}) leaves it out: it would break.",
                $"Name it as well (--router-ports {string.Join(',', AllRouterPorts)}), or delete the listener first."));
        }
    }

    /// <summary>
    /// A policy that has no effect behind an HTTP listener gets one as soon as the listener is TCP: the PROXY line would reach routers
    /// that do not expect it, long before the flip.
    /// </summary>
    private static void CheckStalePolicies(LoadBalancer loadBalancer, RouterState router, List<Listener> concerned, List<Notice> blockers)
    {
        var ports = concerned.GroupBy(l => l.InstancePort)
            .Where(g => loadBalancer.SendsProxyLineTo(g.Key) && g.All(l => l.Protocol is ListenerProtocol.Http or ListenerProtocol.Https))
            .Select(g => g.Key);
        foreach (var port in router.Demands(router.ProxyProtocol) ? [] : ports)
        {
            var kept = loadBalancer.BackendPoliciesOf(port).Where(name => loadBalancer.Policy(name)?.SendsProxyLine != true);
            blockers.Add(new Notice(
                "proxy-policy-stale",
                $"Instance port {port} already has a ProxyProtocol policy behind HTTP listeners: once they are TCP, routers would get PROXY lines "
                    + "that they do not expect yet.",
                "Take it off first; setup puts it back at the right moment: aws elb set-load-balancer-policies-for-backend-server "
                    + $"--load-balancer-name {loadBalancer.Name} --instance-port {port} --policy-names "
                    + $"{(kept.Any() ? string.Join(' ', kept) : "'[]'")}"));
        }
    }

    private static void CheckRouters(RouterState router, List<Notice> blockers)
    {
        if (router.Version is null)
        {
            blockers.Add(new Notice(
                "router-version-unknown",
                "Could not determine the routers' release: neither /deis/platform/version nor the tag of /deis/router/image in etcd is a "
                    + "version (such as v1.13.4).",
                "Set it (deisctl config platform set version=v1.13.4, with the installed release) and run setup again."));
        }
        else if (router.Version < DeisVersion.FirstWithProxyProtocol)
        {
            blockers.Add(new Notice(
                "router-too-old",
                $"The routers run Deis {router.Version}, which does not know the PROXY protocol: every request would be answered with 400.",
                $"Upgrade the platform to {DeisVersion.FirstWithProxyProtocol} or later first."));
        }

        if (router.LiveRouters.Count == 0)
        {
            blockers.Add(new Notice(
                "no-live-router",
                "No router is registered in etcd (/deis/router/hosts is empty), so setup could not be verified.",
                "Start the routers (deisctl start router@1 router@2 router@3), wait until deisctl list shows them running, and run setup again."));
        }
    }
}
