using System.Net;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Elb;

/// <summary>
/// Decides what <c>setup</c> does: a pure function from what is there and what is wanted to an ordered list of steps.
/// Everything before the flip is safe with traffic running: a TCP check passes in both modes, a policy that nothing names has
/// no effect, and a TCP listener in front of a plain router serves every request.
/// </summary>
public static class SetupPlanner
{
    /// <summary>Ports on which a router speaks HTTP and, with a certificate, HTTPS.</summary>
    private static readonly int[] AllRouterPorts = [80, 443];

    /// <summary>Value that Deis itself gives the key.</summary>
    private const string On = "1";

    /// <summary>Networks wider than this are named in a warning: everybody inside may claim any client address.</summary>
    private const int WidePrefix = 8;

    /// <summary>Makes the plan.</summary>
    public static Plan Plan(ClusterSnapshot snapshot, SetupGoal goal)
    {
        var loadBalancer = snapshot.LoadBalancer;
        var router = snapshot.Router;
        var steps = new List<Step>();
        var warnings = new List<Notice>();
        var blockers = new List<Notice>();

        var concerned = loadBalancer.Listeners.Where(l => goal.RouterPorts.Contains(l.InstancePort)).ToList();
        CheckListeners(loadBalancer, goal, concerned, blockers);
        CheckLeftOut(loadBalancer, router, goal, blockers);
        CheckStalePolicies(loadBalancer, router, concerned, blockers);
        CheckRouters(snapshot, blockers);

        var healthCheck = HealthCheckFor(loadBalancer.HealthCheck, goal);
        if (healthCheck != loadBalancer.HealthCheck)
        {
            steps.Add(new HealthCheckStep(loadBalancer.HealthCheck, healthCheck));
        }

        if (goal.IdleTimeoutSeconds > loadBalancer.IdleTimeoutSeconds)
        {
            steps.Add(new IdleTimeoutStep(loadBalancer.IdleTimeoutSeconds, goal.IdleTimeoutSeconds.Value));
        }

        var policy = ChoosePolicy(loadBalancer, goal, steps, blockers);

        foreach (var listener in concerned)
        {
            var target = TargetOf(listener, loadBalancer);
            if (target != listener)
            {
                steps.Add(new ListenerStep(listener, target));
                WarnOfLostStickiness(listener, target, loadBalancer, warnings);
            }
        }

        PlanRealIpCidr(snapshot, goal, steps, warnings);

        var instancePorts = concerned.Select(l => l.InstancePort).Distinct().Order().ToList();
        PlanFlip(snapshot, instancePorts, policy, goal, steps);

        var end = steps.Aggregate(snapshot, (state, step) => step.ApplyTo(state));
        var notices = new PlanNotices(snapshot, end, steps, goal.RouterPorts);
        notices.CheckScheme(goal.AllowRedirectLoop);
        notices.CheckAround();
        notices.CheckEnds(" A later teardown turns both ends off instead of bringing that back.");
        notices.CheckDrift();
        warnings.AddRange(notices.Warnings);
        (steps.Count > 0 ? blockers : warnings).AddRange(notices.Risks);
        return new Plan([.. steps], [.. warnings], [.. blockers]);
    }

    /// <summary>The load balancer as setup would leave it, whatever the routers are.</summary>
    public static LoadBalancer LoadBalancerAfter(LoadBalancer loadBalancer, SetupGoal goal)
    {
        var router = new RouterState
        {
            Version = null,
            ProxyProtocol = null,
            ProxyRealIpCidr = null,
            EnforcesHttps = false,
            HstsEnabled = false,
            HasCertificate = false,
            LiveRouters = [],
        };
        var snapshot = new ClusterSnapshot
        {
            Balancer = new ElbState { Stack = new StackInfo("", "", "", ""), LoadBalancer = loadBalancer, Networks = [] },
            Router = router,
        };
        return Plan(snapshot, goal).Steps.Aggregate(snapshot, (state, step) => step.ApplyTo(state)).LoadBalancer;
    }

    /// <summary>
    /// The health check under the PROXY protocol: checks carry no PROXY line, so on a router's port only one that neither sends
    /// nor expects anything passes (deis/deis#4367). Other ports keep theirs.
    /// </summary>
    private static HealthCheck HealthCheckFor(HealthCheck current, SetupGoal goal) =>
        current.Target.Protocol != ListenerProtocol.Tcp && goal.RouterPorts.Contains(current.Target.Port)
            ? current with { Target = new HealthCheckTarget(ListenerProtocol.Tcp, current.Target.Port, Path: null) }
            : current;

    /// <summary>The listener as it must be for the PROXY protocol; itself if it already is.</summary>
    private static Listener TargetOf(Listener listener, LoadBalancer loadBalancer)
    {
        var protocol = listener.EndsTls ? ListenerProtocol.Ssl : ListenerProtocol.Tcp;
        if (listener.Protocol == protocol && listener.InstanceProtocol == ListenerProtocol.Tcp)
        {
            return listener;
        }

        // Cookie stickiness exists on HTTP and HTTPS listeners only; what chooses the ciphers must not be lost.
        var kept = listener.PolicyNames.Where(name => loadBalancer.Policy(name)?.TypeName == LoadBalancerPolicy.SslNegotiationType);
        return listener with { Protocol = protocol, InstanceProtocol = ListenerProtocol.Tcp, PolicyNames = kept.ToValueList() };
    }

    private static LoadBalancerPolicy ChoosePolicy(LoadBalancer loadBalancer, SetupGoal goal, List<Step> steps, List<Notice> blockers)
    {
        var wanted = LoadBalancerPolicy.EnableProxyProtocol;
        var existing = loadBalancer.Policies
            .Where(p => p.SendsProxyLine)
            .OrderByDescending(
                p => loadBalancer.BackendPolicies.Any(b => goal.RouterPorts.Contains(b.InstancePort) && b.PolicyNames.Contains(p.Name)))
            .ThenByDescending(p => p.Name == wanted.Name)
            .FirstOrDefault();
        if (existing is not null)
        {
            return existing;
        }

        if (loadBalancer.Policy(wanted.Name) is { } taken)
        {
            blockers.Add(new Notice(
                "policy-name-taken",
                $"The load balancer has a policy named {wanted.Name} that does not turn the PROXY protocol on (type {taken.TypeName}: "
                    + $"{string.Join(", ", taken.Attributes.Select(a => $"{a.Name}={a.Value}"))}).",
                "Take it off where it is in use (aws elb set-load-balancer-policies-for-backend-server, with the port's other policies), delete it "
                    + $"(aws elb delete-load-balancer-policy --load-balancer-name {loadBalancer.Name} --policy-name {wanted.Name}), then run setup "
                    + "again."));
        }
        else
        {
            steps.Add(new PolicyStep(From: null, wanted));
        }

        return wanted;
    }

    private static void PlanFlip(ClusterSnapshot snapshot, List<int> instancePorts, LoadBalancerPolicy policy, SetupGoal goal, List<Step> steps)
    {
        var (loadBalancer, router) = (snapshot.LoadBalancer, snapshot.Router);
        var before = instancePorts.Where(port => !loadBalancer.SendsProxyLineTo(port))
            .Select(port => new BackendPolicies(port, loadBalancer.BackendPoliciesOf(port)))
            .ToValueList();
        if (before.Count == 0 && router.ProxyProtocolIsWhollyOn)
        {
            return;
        }

        // The call that sets an instance port's policies replaces them all: read, merge, write.
        var after = before
            .Select(b => b with { PolicyNames = b.PolicyNames.Append(policy.Name).Order(StringComparer.Ordinal).ToValueList() })
            .ToValueList();
        steps.Add(new FlipStep(
            new FlipState(router.ProxyProtocol, before),
            new FlipState(router.ProxyProtocolIsWhollyOn ? router.ProxyProtocol : On, after),
            instancePorts.ToValueList())
        {
            Hold = goal.Hold,
        });
    }

    private static void PlanRealIpCidr(ClusterSnapshot snapshot, SetupGoal goal, List<Step> steps, List<Notice> warnings)
    {
        var current = snapshot.Router.ProxyRealIpCidr;
        if (goal.RealIpCidr == RealIpGoal.Keep)
        {
            return;
        }

        if (goal.RealIpCidr.Cidr is { } given)
        {
            if (given != current)
            {
                steps.Add(new RealIpCidrStep(current, given));
            }

            return;
        }

        var networks = snapshot.LoadBalancerNetworks.Select(IPNetwork.Parse).ToList();
        if (networks.Count == 0)
        {
            warnings.Add(new Notice(
                "load-balancer-network-unknown",
                "Could not read the load balancer's network, so proxyRealIpCidr is left unchanged.",
                "If routers do not trust that network, set it with --real-ip-cidr."));
            return;
        }

        if (snapshot.Router.RealIpNetwork is { } trusted && networks.TrueForAll(n => Networks.Covers(trusted, n)))
        {
            return;
        }

        var cover = Networks.SmallestCover(networks);
        steps.Add(new RealIpCidrStep(current, cover.ToString()));
        if (cover.PrefixLength < WidePrefix)
        {
            warnings.Add(new Notice(
                "real-ip-network-wide",
                $"The smallest network that covers the load balancer's networks ({snapshot.LoadBalancerNetworks}) is {cover}: every address in it "
                    + "can pretend to be any client.",
                "Name a narrower one with --real-ip-cidr, or put the load balancer into subnets of one network."));
        }
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

    private static void CheckRouters(ClusterSnapshot snapshot, List<Notice> blockers)
    {
        var router = snapshot.Router;
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

    private static void WarnOfLostStickiness(Listener listener, Listener target, LoadBalancer loadBalancer, List<Notice> warnings)
    {
        var lost = listener.PolicyNames.Except(target.PolicyNames).ToList();
        if (lost.Count > 0)
        {
            warnings.Add(new Notice(
                "stickiness-lost",
                $"The listener on port {listener.LoadBalancerPort} loses "
                    + $"{string.Join(", ", lost.Select(name => $"{name} ({loadBalancer.Policy(name)?.TypeName ?? "policy"})"))}: cookie stickiness "
                    + "exists on HTTP and HTTPS listeners only.",
                "Deis routers keep no sessions, so nothing is lost unless an application relies on it; the policy stays on the load balancer."));
        }
    }
}
