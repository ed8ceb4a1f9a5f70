using System.Net;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Elb;

/// <summary>
/// What has hurt people who made this change by hand: pure checks of the state that a plan starts from and the one that it ends
/// in. A risk blocks a plan that changes something; where nothing is changed it is a warning, so that a second run never fails
/// because of what the first was allowed to do.
/// </summary>
internal sealed class PlanNotices(ClusterSnapshot now, ClusterSnapshot end, IReadOnlyCollection<Step> steps, ValueList<int> routerPorts)
{
    /// <summary>What may break by carrying the plan out.</summary>
    public List<Notice> Risks { get; } = [];

    /// <summary>What should be known.</summary>
    public List<Notice> Warnings { get; } = [];

    private bool DemandedNow => now.Router.Demands(now.Router.ProxyProtocol);

    private bool DemandedThen => end.Router.Demands(end.Router.ProxyProtocol);

    /// <summary>Runs the checks that concern either direction.</summary>
    public void CheckAround()
    {
        StalePolicies();
        OtherLoadBalancers();
        if (steps.Count == 0)
        {
            return;
        }

        if (now.Stack.IsBusy)
        {
            Risks.Add(new Notice(
                "stack-busy",
                $"CloudFormation is changing the stack {now.Stack.Name}: its status is {now.Stack.Status}.",
                $"Wait until it has finished (aws cloudformation describe-stacks --stack-name {now.Stack.Name}), then run the command again."));
        }

        SecurityGroups();
        Whitelists();
        Warnings.AddRange(now.Surroundings.Unread.Select(u => new Notice(
            "not-checked",
            $"Could not be read and was not checked: {u.What}. {u.Reason}",
            "Check it yourself, or give deis-proxy the permission to read it; docs/permissions.md lists them.")));
    }

    /// <summary>
    /// Where the load balancer ends TLS and only relays bytes, nobody tells the router that the client came by HTTPS
    /// (deis/deis#4400): applications see http, and a router that enforces HTTPS redirects forever.
    /// </summary>
    public void CheckScheme(bool allowLoop)
    {
        var ending = end.LoadBalancer.Listeners
            .Where(l => routerPorts.Contains(l.InstancePort) && l is { Protocol: ListenerProtocol.Ssl, HasEncryptedBackend: false })
            .ToList();
        if (ending.Count == 0)
        {
            return;
        }

        var ports = string.Join(", ", ending.Select(l => l.LoadBalancerPort));
        if (!end.Router.RedirectsToHttps)
        {
            Warnings.Add(new Notice(
                "scheme-lost",
                $"TLS ends at the load balancer on port {ports}; in TCP mode routers and applications see X-Forwarded-Proto http there.",
                "If applications depend on it, put the certificate on the routers and pass 443 through as TCP to 443."));
            return;
        }

        var loopsNow = ending.TrueForAll(now.LoadBalancer.Listeners.Contains);
        (allowLoop || loopsNow ? Warnings : Risks).Add(new Notice(
            "redirect-loop",
            $"TLS ends at the load balancer on port {ports}, and the routers enforce HTTPS "
                + $"({(end.Router.EnforcesHttps ? "enforceHTTPS" : "hsts/enabled")}): in TCP mode they cannot see that a client came by HTTPS and "
                + "redirect it forever.",
            "Choose one: put the certificate on the routers and let the load balancer pass 443 through as TCP to 443; or turn enforcing off (deisctl "
                + "config router rm enforceHTTPS, or hsts/enabled); or keep the HTTPS listeners, without WebSockets. --allow-redirect-loop continues "
                + "anyway."));
    }

    /// <summary>
    /// Only one end has the PROXY protocol on, so that nothing works. A plan may mend that and never makes it so; what it finds and
    /// leaves is said.
    /// </summary>
    public void CheckEnds(string later)
    {
        if (steps.Count > 0 && (Disagreement(end) ?? Disagreement(now)) is { } seen)
        {
            var mended = Disagreement(end) is null;
            Warnings.Add(new Notice(
                "ends-disagree",
                $"Only one end has the PROXY protocol on: {seen} {(mended ? $"After this the ends agree.{later}" : "It stays that way.")}",
                mended ? "No action is needed." : "deis-proxy setup turns both ends on; with the key deleted (deisctl config router rm "
                    + "proxyProtocol) and the policy off the port both are off."));
        }
    }

    /// <summary>The change is made behind CloudFormation's back.</summary>
    public void CheckDrift()
    {
        if (now.LoadBalancer != end.LoadBalancer)
        {
            Warnings.Add(new Notice(
                "cloudformation-drift",
                $"The load balancer itself is changed, not the template of the stack {now.Stack.Name}: CloudFormation calls that drift, and a later "
                    + "update of the stack that touches the load balancer may undo it.",
                "For the stack's next update, use its own template with the new state in it: deis-proxy template."));
        }
    }

    private string? Disagreement(ClusterSnapshot state)
    {
        var demanded = state.Router.Demands(state.Router.ProxyProtocol);
        var listeners = state.LoadBalancer.Listeners.Where(l => state.Router.PortsInUse(routerPorts).Contains(l.InstancePort)
            && state.LoadBalancer.SendsProxyLineTo(l.InstancePort) != demanded
            && (demanded || l.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Ssl)).ToList();
        return listeners.Count == 0
            ? null
            : demanded
                ? $"routers demand the PROXY line and the load balancer does not send it ({string.Join("; ", listeners)}), every connection is "
                + "refused."
                : $"the load balancer sends the PROXY line ({string.Join("; ", listeners)}) and routers do not know what it is, every request is "
                + "answered with 400.";
    }

    /// <summary>Backend policies belong to an instance port and outlive its listeners, so they are found where nobody expects them.</summary>
    private void StalePolicies()
    {
        var balancer = end.LoadBalancer;
        foreach (var port in balancer.BackendPolicies.Select(b => b.InstancePort).Where(balancer.SendsProxyLineTo))
        {
            var listeners = balancer.Listeners.Where(l => l.InstancePort == port).ToList();
            var (id, effect) =
                port == DeisPort.Builder ? ("proxy-policy-on-builder", "the builder does not know the PROXY line, so git push over SSH fails")
                : !routerPorts.Contains(port) ? (
                    "proxy-policy-elsewhere", "it is not one of the routers' ports, and whatever serves it gets the PROXY line, too")
                : listeners.Count == 0 ? (
                    "proxy-policy-without-listener", "no listener uses the port, but the next one that does will send the PROXY line")
                : listeners.Find(l => l.Protocol is ListenerProtocol.Http or ListenerProtocol.Https) is { } http
                    ? ("proxy-policy-on-http", $"the listener {http} reads requests, and what AWS does with the policy there is not documented")
                    : ("", "");
            if (id.Length > 0)
            {
                Warnings.Add(new Notice(
                    id,
                    $"A ProxyProtocol policy is on instance port {port}: {effect}. deis-proxy leaves it as it is.",
                    $"{(id == "proxy-policy-elsewhere" ? "If routers serve the port, name it with --router-ports; otherwise take" : "Take")} the "
                        + $"policy off: aws elb set-load-balancer-policies-for-backend-server --load-balancer-name {balancer.Name} --instance-port "
                        + $"{port} --policy-names, followed by the policies to keep."));
            }
        }
    }

    /// <summary>One port of a router has one mode: what another load balancer sends there has to match it, too.</summary>
    private void OtherLoadBalancers()
    {
        var ports = end.Router.PortsInUse(routerPorts).ToHashSet();
        foreach (var other in end.Surroundings.OtherLoadBalancers)
        {
            var broken = other.Listeners.Where(l => ports.Contains(l.InstancePort) && other.ProxyLinePorts.Contains(l.InstancePort) != DemandedThen)
                .ToList();
            if (broken.Count > 0)
            {
                (DemandedNow != DemandedThen ? Risks : Warnings).Add(new Notice(
                    "other-load-balancer",
                    $"The load balancer {other.Name} sends traffic to the same routers ({string.Join("; ", broken)}), "
                    + (DemandedThen ? "but no PROXY line: routers that demand it refuse all of it." : "with the PROXY line: routers that do not "
                    + "expect it answer 400 to all of it."),
                    $"Take these instances or these listeners off {other.Name} (aws elb deregister-instances-from-load-balancer), run the command, "
                        + $"bring {other.Name} to the same state (--load-balancer {other.Name} if it is in the same stack), and register the "
                        + "instances again."));
            }
        }
    }

    private void SecurityGroups()
    {
        var around = now.Surroundings;
        if (around.LoadBalancerSecurityGroups.Count == 0)
        {
            return;
        }

        var groups = around.NodeSecurityGroups.ToDictionary(g => g.Id, StringComparer.Ordinal);
        var known = now.Nodes.Where(n => n.SecurityGroups.Count > 0 && n.SecurityGroups.All(groups.ContainsKey)).ToList();
        var healthPort = end.LoadBalancer.HealthCheck.Target.Port;

        // An instance that passes the same port's check today is a better witness than any reading of rules.
        var seen = healthPort == now.LoadBalancer.HealthCheck.Target.Port && now.LoadBalancer.Instances.Any(i => i.InService);
        var served = end.LoadBalancer.Listeners.Select(l => l.InstancePort).Intersect(end.Router.PortsInUse(routerPorts));
        foreach (var port in served.Append(healthPort).Distinct().Order().Where(p => !(p == healthPort && seen)))
        {
            var closed = known.Where(n => !n.SecurityGroups.SelectMany(id => groups[id].Ingress)
                .Any(rule => rule.MayAdmit(port, around.LoadBalancerSecurityGroups, now.LoadBalancerNetworks))).ToList();
            if (closed.Count > 0)
            {
                var all = closed.Count == now.Nodes.Count;
                (all && port == healthPort ? Risks : Warnings).Add(new Notice(
                    "security-group-closed",
                    $"{(all ? "No node admits" : $"{string.Join(", ", closed.Select(n => n.InstanceId))} does not admit")} port {port} from the load "
                        + $"balancer (security group {around.LoadBalancerSecurityGroups}): "
                    + (port == healthPort ? "the health check fails there and the load balancer sends no traffic." : "a listener sends traffic there "
                    + "that never arrives."),
                    $"Admit it: aws ec2 authorize-security-group-ingress --group-id {closed[0].SecurityGroups[0]} --protocol tcp --port {port} "
                        + $"--source-group {around.LoadBalancerSecurityGroups[0]}"));
            }
        }
    }

    /// <summary>Whitelists (from v1.11.0) test the address that the router takes for the client's.</summary>
    private void Whitelists()
    {
        var router = end.Router;
        var networks = now.LoadBalancerNetworks.Select(IPNetwork.Parse).ToList();
        var trusts =
            $"Routers trust {router.ProxyRealIpCidr ?? $"{RouterState.DefaultRealIpNetwork} (default)"}, the load balancer is in "
                + $"{now.LoadBalancerNetworks}";
        var lists = string.Join(", ", new[]
        {
            string.IsNullOrWhiteSpace(router.ControllerWhitelist) ? null : $"controller/whitelist is {router.ControllerWhitelist}",
            router.EnforcesWhitelist ? "enforceWhitelist is true" : null,
            router.ApplicationWhitelists switch
            {
                0 => null,
                1 => "1 application has a whitelist",
                var count => $"{count} applications have whitelists",
            },
        }.OfType<string>());
        if (DemandedThen && !Trusts(router))
        {
            const string Remedy = "Let deis-proxy choose the network (--real-ip-cidr auto), or name one that covers the load balancer's.";
            if (router.AdmitsByAddress)
            {
                (DemandedNow && !Trusts(now.Router) ? Warnings : Risks)
                    .Add(new Notice("whitelist-locks-out", $"{trusts}, and they admit by the client's address ({lists}): they would test the load "
                    + "balancer's address and deny everybody.", Remedy));
            }
            else
            {
                Warnings.Add(new Notice(
                    "real-ip-network-wrong",
                    $"{trusts}: {(router.Version < DeisVersion.FirstWithFalseAsOff ? "whitelists would test" : "applications would see")} the load "
                        + "balancer's address instead of the client's.",
                    Remedy));
            }
        }
        else if (router.AdmitsByAddress && DemandedNow != DemandedThen)
        {
            Warnings.Add(new Notice(
                "whitelist-address-changes",
                $"Routers admit by address ({lists}). "
                + (DemandedThen ? "With the PROXY protocol they test the client's own address" : "Without the PROXY protocol they test the load "
                + "balancer's address, unless v1.13.0 or later finds the client's in X-Forwarded-For")
                + "; whoever is not on a list is denied.",
                "Check that the lists hold the right addresses for that; deis whitelist shows an application's own."));
        }

        bool Trusts(RouterState state) =>
            networks.Count == 0 || (state.RealIpNetwork is { } network && networks.TrueForAll(n => Networks.Covers(network, n)));
    }
}
