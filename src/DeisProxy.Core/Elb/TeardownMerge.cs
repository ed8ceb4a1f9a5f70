using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Elb;

/// <summary>Merges what was there before setup, what setup made of it and what is there now into the steps of a teardown.</summary>
internal sealed class TeardownMerge(ClusterSnapshot current, SetupGoal goal)
{
    /// <summary>Port of the routers' HTTP server.</summary>
    private const int HttpPort = 80;

    /// <summary>Path that routers answer for health checks, in every release.</summary>
    private const string HealthPath = "/health-check";

    private readonly LoadBalancer _balancer = current.LoadBalancer;

    public List<Step> Steps { get; } = [];

    public List<Notice> Warnings { get; } = [];

    public List<Notice> Blockers { get; } = [];

    private IEnumerable<int> InstancePorts =>
        _balancer.Listeners.Select(l => l.InstancePort).Where(p => goal.RouterPorts.Contains(p)).Distinct().Order();

    public void BackTo(ClusterSnapshot original, ClusterSnapshot made)
    {
        Flip(original, made);
        Listeners(original.LoadBalancer, made.LoadBalancer);
        Health(original.LoadBalancer.HealthCheck, made.LoadBalancer.HealthCheck);
        if (Setting("proxyRealIpCidr", original.Router.ProxyRealIpCidr, made.Router.ProxyRealIpCidr, current.Router.ProxyRealIpCidr))
        {
            Steps.Add(new RealIpCidrStep(current.Router.ProxyRealIpCidr, original.Router.ProxyRealIpCidr));
        }

        if (Setting(
            "the idle timeout in seconds",
            original.LoadBalancer.IdleTimeoutSeconds,
            made.LoadBalancer.IdleTimeoutSeconds,
            _balancer.IdleTimeoutSeconds))
        {
            Steps.Add(new IdleTimeoutStep(_balancer.IdleTimeoutSeconds, original.LoadBalancer.IdleTimeoutSeconds));
        }

        foreach (var policy in made.LoadBalancer.Policies.Where(p => original.LoadBalancer.Policy(p.Name) is null))
        {
            DeletePolicy(policy);
        }
    }

    public void ToDefaults()
    {
        var router = current.Router;
        var ports = goal.RouterPorts.Where(_balancer.SendsProxyLineTo).Order().ToList();
        if (ports.Count == 0 && !router.Demands(router.ProxyProtocol))
        {
            return;
        }

        AddFlip(ports, router.ProxyProtocolIsWhollyOn || router.Demands(router.ProxyProtocol) ? null : router.ProxyProtocol);
        var old = router.Version < DeisVersion.FirstWithProxyProtocol;
        if (old)
        {
            ToOldDefaults();
        }

        Warnings.Add(new Notice(
            "no-record",
            "There is no record of the state before setup, so this plan restores the documented defaults of Deis "
                + $"{router.Version?.ToString() ?? "v1.6.0 and later (the routers' release is unknown)"}: no PROXY protocol at either end; "
            + (old
                ? "port 80 HTTP with an HTTP health check, every other listener as it is."
                : "its own template has TCP listeners, so listeners, health check, idle timeout, proxyRealIpCidr and the policy itself stay as "
                + "they are."),
            "If listeners were HTTP or HTTPS before, restore them manually afterward; if setup was run on another computer, run teardown "
                + "there."));
    }

    /// <summary>What is worth knowing about the state that the plan ends in.</summary>
    public void Check()
    {
        if (Steps.Count == 0)
        {
            return;
        }

        var end = Steps.Aggregate(current, (state, step) => step.ApplyTo(state));
        var notices = new PlanNotices(current, end, Steps, goal.RouterPorts);
        notices.CheckScheme(allowLoop: true);
        notices.CheckAround();
        notices.CheckEnds("");
        Warnings.AddRange(notices.Warnings);
        Blockers.AddRange(notices.Risks);
        if (current.Router.LiveRouters.Count == 0)
        {
            Warnings.Add(new Notice(
                "no-live-router",
                "No router is registered in etcd (/deis/router/hosts is empty), so deis-proxy cannot check whether routers follow.",
                "Start the routers (deisctl start router@1 router@2 router@3) and look with deis-proxy verify."));
        }

        if (!end.Router.Demands(end.Router.ProxyProtocol) && current.Router.Demands(current.Router.ProxyProtocol)
            && end.LoadBalancer.Listeners.FirstOrDefault(l =>
                end.Router.PortsInUse(goal.RouterPorts).Contains(l.InstancePort)
                && l.Protocol is ListenerProtocol.Tcp or ListenerProtocol.Ssl) is { } relaying)
        {
            Warnings.Add(new Notice(
                "client-address-lost",
                $"The listener {relaying} will relay bytes without a PROXY line: routers and applications will see the load balancer's "
                    + "address instead of the client's.",
                "An HTTP listener passes the client's address in X-Forwarded-For; a TCP one can only do it with the PROXY protocol."));
        }
    }

    private void Flip(ClusterSnapshot original, ClusterSnapshot made)
    {
        var (before, now) = (original.Router, current.Router);
        var key = now.ProxyProtocol == made.Router.ProxyProtocol || (now.Demands(now.ProxyProtocol) && !before.Demands(before.ProxyProtocol))
            ? before.ProxyProtocol
            : now.ProxyProtocol;
        var goesOff = now.Demands(now.ProxyProtocol) && !now.Demands(key);
        var ports = goal.RouterPorts
            .Where(p => _balancer.SendsProxyLineTo(p) && !original.LoadBalancer.SendsProxyLineTo(p))
            .Where(p => goesOff || made.LoadBalancer.SendsProxyLineTo(p))
            .Order()
            .ToList();
        if (ports.Count > 0 || key != now.ProxyProtocol)
        {
            (ports, key) = Agree(original, ports, key);
        }

        AddFlip(ports, key);
    }

    /// <summary>
    /// Where only one end had the PROXY protocol on before setup, nothing worked: that is not brought back. Both ends go off; where
    /// some of the routers' ports did work with it, both stay on instead.
    /// </summary>
    private (List<int> Ports, string? Key) Agree(ClusterSnapshot original, List<int> ports, string? key)
    {
        var demands = current.Router.Demands(key);
        var serving = current.Router.PortsInUse(InstancePorts).ToList();
        var wrong = serving.Where(p => (_balancer.SendsProxyLineTo(p) && !ports.Contains(p)) != demands).ToList();
        if (wrong.Count == 0)
        {
            return (ports, key);
        }

        var worked = demands && serving.Exists(original.LoadBalancer.SendsProxyLineTo);
        Warnings.Add(new Notice(
            "ends-disagree",
            (demands
                ? "Before setup routers demanded the PROXY line and the load balancer did not send it to instance port "
                + $"{string.Join(", ", wrong)}: every connection there was refused."
                : $"Before setup the load balancer sent the PROXY line to instance port {string.Join(", ", wrong)} and routers did not know what "
                + "it was: every request was answered with 400.")
            + (worked ? " That is not brought back: the load balancer goes on sending it there." : " That is not brought back: both ends are off "
            + "after this."),
            "To restore exactly the earlier state, change that end manually afterward (deisctl config router, aws elb "
                + "set-load-balancer-policies-for-backend-server)."));
        return worked
            ? (ports.Except(serving).ToList(), key)
            : (goal.RouterPorts.Where(_balancer.SendsProxyLineTo).Order().ToList(), demands ? null : key);
    }

    private void AddFlip(List<int> ports, string? key)
    {
        if (ports.Count == 0 && key == current.Router.ProxyProtocol)
        {
            return;
        }

        // Only what sends the PROXY line is taken out of a port's list; the call replaces the list, so the others are sent again.
        var after = ports.Select(p => new BackendPolicies(
            p, _balancer.BackendPoliciesOf(p).Where(name => _balancer.Policy(name)?.SendsProxyLine != true).ToValueList()));
        Steps.Add(
            new FlipStep(StateOf(current, ports), new FlipState(key, after.ToValueList()), InstancePorts.ToValueList()) { Hold = goal.Hold });
    }

    private void Listeners(LoadBalancer before, LoadBalancer made)
    {
        foreach (var original in before.Listeners.Where(l => made.Listeners.Any(m => m.LoadBalancerPort == l.LoadBalancerPort && m != l)))
        {
            var target = made.Listeners.First(l => l.LoadBalancerPort == original.LoadBalancerPort);
            var now = _balancer.Listeners.FirstOrDefault(l => l.LoadBalancerPort == original.LoadBalancerPort);
            if (now is not null && Kind(now) == Kind(target))
            {
                AddListener(original, target, now);
            }
            else if (now is null || Kind(now) != Kind(original))
            {
                Stays(
                    $"the listener on port {original.LoadBalancerPort}",
                    now?.ToString() ?? "not there at all",
                    target.ToString(),
                    original.ToString());
            }
        }

        static (ListenerProtocol, int, ListenerProtocol) Kind(Listener listener) =>
            (listener.Protocol, listener.InstancePort, listener.InstanceProtocol);
    }

    /// <summary>
    /// A renewed certificate or another choice of ciphers is somebody's later decision and stays; what setup took off comes back.
    /// </summary>
    private void AddListener(Listener original, Listener target, Listener now)
    {
        var missing = original.PolicyNames.Except(target.PolicyNames).ToList();
        var gone = missing.Where(name => _balancer.Policy(name) is null).ToList();
        if (gone.Count > 0)
        {
            Warnings.Add(new Notice(
                "policy-gone",
                $"The listener on port {now.LoadBalancerPort} had {string.Join(", ", gone)} before setup, but the load balancer no longer has "
                    + "such a policy.",
                "The listener goes back without it; create the policy again if it is needed."));
        }

        if (now.CertificateId != target.CertificateId)
        {
            Warnings.Add(new Notice(
                "certificate-changed",
                $"The certificate on port {now.LoadBalancerPort} was replaced after setup; the listener keeps the one that it has "
                    + $"now, {now.CertificateId}.",
                "To use the earlier one, set it afterward: aws elb set-load-balancer-listener-ssl-certificate."));
        }

        var names = now.PolicyNames.Concat(missing.Except(gone)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToValueList();
        Steps.Add(new ListenerStep(now, original with { CertificateId = now.CertificateId, PolicyNames = names }));
    }

    private void Health(HealthCheck original, HealthCheck made)
    {
        var now = _balancer.HealthCheck;
        if (Setting("the health check's target", original.Target, made.Target, now.Target))
        {
            Steps.Add(new HealthCheckStep(now, now with { Target = original.Target }));
        }
    }

    /// <summary>Whether a value goes back: setup changed it, and it is as setup made it. Says so if it is neither.</summary>
    private bool Setting<T>(string name, T original, T made, T now)
    {
        var same = EqualityComparer<T>.Default;
        if (same.Equals(original, made) || same.Equals(now, original))
        {
            return false;
        }

        if (!same.Equals(now, made))
        {
            Stays(name, now?.ToString() ?? "not set", made?.ToString() ?? "not set", original?.ToString() ?? "not set");
            return false;
        }

        return true;
    }

    private void Stays(string what, string now, string made, string original) => Warnings.Add(new Notice(
        "changed-since-setup",
        $"Somebody changed {what} after setup: it is {now}, setup set it to {made}, before that it was {original}. It is left unchanged.",
        "To restore it as well, change it manually."));

    private void DeletePolicy(LoadBalancerPolicy policy)
    {
        if (_balancer.Policy(policy.Name) is not { } now || now != policy)
        {
            return;
        }

        var end = Steps.Aggregate(current, (state, step) => step.ApplyTo(state)).LoadBalancer;
        if (end.BackendPolicies.Where(b => b.PolicyNames.Contains(policy.Name)).Select(b => b.InstancePort).ToList() is { Count: > 0 } users)
        {
            Warnings.Add(new Notice(
                "policy-in-use",
                $"The policy {policy.Name}, which setup created, is in use on instance port {string.Join(", ", users)}, where setup did not put "
                    + "it: it is kept.",
                "If that port takes part in the PROXY protocol, too, name it with --router-ports."));
            return;
        }

        Steps.Add(new PolicyStep(now, To: null));
    }

    private void ToOldDefaults()
    {
        foreach (var listener in _balancer.Listeners.Where(l => l is
        {
            LoadBalancerPort: HttpPort,
            Protocol: ListenerProtocol.Tcp,
            InstancePort: HttpPort,
            InstanceProtocol: ListenerProtocol.Tcp,
        }))
        {
            Steps.Add(new ListenerStep(listener, listener with { Protocol = ListenerProtocol.Http, InstanceProtocol = ListenerProtocol.Http }));
        }

        if (_balancer.HealthCheck.Target is { Protocol: ListenerProtocol.Tcp, Port: HttpPort })
        {
            Steps.Add(new HealthCheckStep(
                _balancer.HealthCheck,
                _balancer.HealthCheck with { Target = new HealthCheckTarget(ListenerProtocol.Http, HttpPort, HealthPath) }));
        }

        if (_balancer.Policy(LoadBalancerPolicy.EnableProxyProtocol.Name) is { SendsProxyLine: true } policy)
        {
            DeletePolicy(policy);
        }
    }

    private static FlipState StateOf(ClusterSnapshot snapshot, IEnumerable<int> ports) =>
        new(snapshot.Router.ProxyProtocol, ports.Select(p => new BackendPolicies(p, snapshot.LoadBalancer.BackendPoliciesOf(p))).ToValueList());
}
