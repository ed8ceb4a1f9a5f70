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
        SetupBlockers.Add(snapshot, goal, concerned, blockers);

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
