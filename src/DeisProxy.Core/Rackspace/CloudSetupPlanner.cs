using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Rackspace;

/// <summary>
/// Decides what <c>setup</c> does: a pure function from what is there to an ordered list of steps. The order is the one that the service accepts:
/// what does not fit TCP goes first, then the protocol. The routers are never told to demand the PROXY line: Rackspace cannot send one.
/// </summary>
public static class CloudSetupPlanner
{
    /// <summary>The protocols that requests for routers come by.</summary>
    private static readonly string[] Web = [CloudProtocol.Http, CloudProtocol.Https, CloudProtocol.Tcp, CloudProtocol.TcpClientFirst];

    /// <summary>Makes the plan.</summary>
    public static Plan Plan(ClusterSnapshot now, CloudGoal goal)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(goal);
        var (warnings, blockers) = (new List<Notice>(), new List<Notice>());
        List<Step> steps = [.. goal.WebSocketPort is { } port ? Second(now.Cloud, port, blockers) : First(now.CloudBalancer, goal)];
        CheckCluster(now, goal, steps, warnings, blockers);
        if (goal.WebSocketPort is null && steps.Any(s => s is ProtocolStep))
        {
            CheckProtocol(now, goal, warnings, blockers);
        }

        return new Plan([.. steps], [.. warnings], [.. blockers]);
    }

    /// <summary>The routers' key is somebody else's, and with it no request gets through.</summary>
    internal static Notice? RouterKey(RouterState router) => router.ProxyProtocol is not { } value ? null : new Notice(
        "router-key",
        $"The routers' key proxyProtocol is set (\"{RemoteText.Clean(value)}\"): routers expect the PROXY line, which Rackspace's load balancers "
            + "cannot send, so every request fails.",
        "Delete the key: deisctl config router rm proxyProtocol.");

    private static IEnumerable<Step> First(CloudLoadBalancer balancer, CloudGoal goal)
    {
        if (balancer.Protocol != CloudProtocol.TcpClientFirst)
        {
            if (balancer.HealthMonitor is { Type: not HealthMonitor.Connect } monitor)
            {
                yield return new MonitorStep(monitor, new HealthMonitor(HealthMonitor.Connect, monitor.Delay, monitor.Timeout, monitor.Attempts));
            }

            if (balancer.ContentCaching)
            {
                yield return new ContentCachingStep(From: true, To: false);
            }

            if (balancer.HttpsRedirect)
            {
                yield return new HttpsRedirectStep(From: true, To: false);
            }

            var today = ProtocolSettings.Of(balancer);
            yield return new ProtocolStep(today, today with
            {
                Protocol = CloudProtocol.TcpClientFirst,
                SessionPersistence = today.SessionPersistence == SessionPersistence.SourceIp ? today.SessionPersistence : null,
                ErrorPage = null,
            });
        }

        if (goal.Timeout is { } timeout && balancer.TimeoutSeconds < timeout)
        {
            yield return new TimeoutStep(balancer.TimeoutSeconds, timeout);
        }
    }

    private static IEnumerable<Step> Second(CloudState cloud, int port, List<Notice> blockers)
    {
        var wanted = WebSocketBalancer.Beside(cloud.LoadBalancer, port);
        if (cloud.WebSocketOnly.FirstOrDefault(b => b.Port == port) is { } existing)
        {
            if (existing != wanted)
            {
                blockers.Add(new Notice(
                    "websocket-load-balancer",
                    $"The load balancer for WebSockets is there, but not as setup creates it: {existing}.",
                    "Change its protocol to TCP_CLIENT_FIRST in the control panel, or delete it and run deis-proxy setup again."));
            }

            return [];
        }

        if (cloud.LoadBalancer.Port == port || cloud.LoadBalancer.SslTermination?.SecurePort == port || cloud.Sharing.Any(b => b.Port == port))
        {
            blockers.Add(new Notice(
                "port-in-use",
                $"Port {port} is in use on the virtual IP address: "
                    + $"{cloud.Sharing.FirstOrDefault(b => b.Port == port)?.ToString() ?? cloud.LoadBalancer.Name}.",
                "Name another port with --websocket-only."));
        }

        return [new WebSocketBalancerStep(From: null, wanted)];
    }

    private static void CheckCluster(ClusterSnapshot now, CloudGoal goal, List<Step> steps, List<Notice> warnings, List<Notice> blockers)
    {
        var balancer = now.CloudBalancer;
        if (RouterKey(now.Router) is { } key)
        {
            blockers.Add(key);
        }

        if (steps.Count == 0)
        {
            return;
        }

        if (balancer.Status is "ERROR" or "SUSPENDED")
        {
            blockers.Add(new Notice(
                "load-balancer-error",
                $"The load balancer {balancer.Name} has the status {balancer.Status} and cannot be changed.",
                "Ask Rackspace's support to repair it, then run the command again."));
        }

        if (!Web.Contains(balancer.Protocol) || (balancer.Nodes.Count > 0 && !goal.RouterPorts.Contains(balancer.NodePort)))
        {
            blockers.Add(new Notice(
                "not-to-routers",
                $"The load balancer {balancer.Name} does not lead to routers: it is {balancer.Protocol} to port {balancer.NodePort} of its nodes.",
                "Name the one that leads to the routers with --load-balancer, or the routers' ports with --router-ports."));
        }

        var routers = now.Router.LiveRouters.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        if (routers.Count == 0)
        {
            blockers.Add(new Notice(
                "no-live-router",
                "No router is registered in etcd (/deis/router/hosts is empty).",
                "Start the routers: deisctl start router@1 router@2 router@3."));
        }
        else if (!balancer.Nodes.Any(n => routers.Contains(n.Address)))
        {
            warnings.Add(new Notice(
                "other-nodes",
                $"None of the load balancer's nodes ({balancer.Nodes.Select(n => n.Address).ToValueList()}) is the private address of a live router "
                    + "of this cluster.",
                "Check that the load balancer and the node you connected to belong to the same cluster."));
        }

        if (goal.TimeoutSeconds > TimeoutStep.Maximum)
        {
            warnings.Add(new Notice(
                "timeout-limit",
                $"Rackspace cuts idle connections after at most {TimeoutStep.Maximum} s; {goal.TimeoutSeconds} s is not possible.",
                "Let applications send a WebSocket ping at least once a minute."));
        }
    }

    private static void CheckProtocol(ClusterSnapshot now, CloudGoal goal, List<Notice> warnings, List<Notice> blockers)
    {
        var balancer = now.CloudBalancer;
        if (balancer.SslTermination is { } ssl)
        {
            blockers.Add(new Notice(
                "ssl-termination",
                $"TLS ends at the load balancer (port {ssl.SecurePort}), which TCP does not allow, and its private key could not be restored: "
                    + "Rackspace never shows it.",
                "Keep this load balancer and add a second one for WebSockets: deis-proxy setup --websocket-only PORT. "
                    + "Or put the certificate on the routers, add a load balancer for port 443, and remove SSL termination in the control panel; "
                    + "keep "
                        + "the key."));
        }

        if (balancer.SessionPersistence is { } persistence and not SessionPersistence.SourceIp)
        {
            (goal.DropSessionPersistence ? warnings : blockers).Add(new Notice(
                "session-persistence",
                $"Session persistence {persistence} is not possible with TCP: until teardown, requests of one client go to any node.",
                goal.DropSessionPersistence
                    ? "Deis's routers do not need it; deis-proxy teardown restores it."
                    : "Deis's routers do not need it: go on with --drop-session-persistence, and deis-proxy teardown restores it. "
                        + "Or add a second load balancer for WebSockets with --websocket-only PORT."));
        }

        if (balancer is { Protocol: CloudProtocol.Http, ErrorPage: not null })
        {
            warnings.Add(new Notice(
                "error-page",
                $"With TCP there is no error page. Rackspace does not say whether the current one is custom, so it is saved to {goal.ErrorPageFile}.",
                "If it is a custom one, deis-proxy teardown restores it."));
        }

        if (now.Cloud.Sharing.Any(b => b.Protocol is not ("UDP" or "UDP_STREAM" or "DNS_UDP")))
        {
            warnings.Add(new Notice(
                "shared-virtual-ip",
                $"Other load balancers share the virtual IP address: {string.Join("; ", now.Cloud.Sharing)}. "
                    + "Rackspace may refuse TCP then, although its documentation allows it on different ports; if so, everything is put back.",
                "If it refuses, add a second load balancer for WebSockets with --websocket-only PORT, or give the others an address of their own."));
        }

        if (balancer.Protocol == CloudProtocol.Http)
        {
            warnings.Add(new Notice(
                "client-address-lost",
                "With TCP, routers and applications see the load balancer's address instead of the client's (X-Forwarded-For), because Rackspace has "
                    + "no PROXY protocol."
                    + (now.Router.AdmitsByAddress
                        ? " Routers admit by address here (whitelists): they will see the load balancer's address for every client."
                        : ""),
                "If applications need the client's address, keep this load balancer and add a second one for WebSockets with --websocket-only "
                    + "PORT."));
        }
    }
}

/// <summary>The types of session persistence.</summary>
public static class SessionPersistence
{
    /// <summary>By the client's address; the only one that TCP has.</summary>
    public const string SourceIp = "SOURCE_IP";
}
