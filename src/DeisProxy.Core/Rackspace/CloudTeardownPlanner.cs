using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Rackspace;

/// <summary>
/// Decides what <c>teardown</c> does: a pure function of what is there, what was there before <c>setup</c>, and what setup made of it. Only what
/// setup changed goes back, and of that only what is still as setup made it. The protocol comes first: what does not fit TCP follows it.
/// </summary>
public static class CloudTeardownPlanner
{
    /// <summary>Makes the plan.</summary>
    /// <param name="original">What was there before setup; null if nothing is recorded.</param>
    /// <param name="made">What setup made of it; null if nothing is recorded.</param>
    public static Plan Plan(ClusterSnapshot now, ClusterSnapshot? original, ClusterSnapshot? made, CloudGoal goal)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(goal);
        var merge = new Merge(now);
        if (original?.Balancer is CloudState && made?.Balancer is CloudState)
        {
            merge.BackTo(original.Cloud, made.Cloud);
        }
        else
        {
            merge.ToDefaults(goal);
        }

        if (CloudSetupPlanner.RouterKey(now.Router) is { } key)
        {
            merge.Warnings.Add(key);
        }

        return new Plan([.. merge.Steps], [.. merge.Warnings], []);
    }

    private sealed class Merge(ClusterSnapshot now)
    {
        private readonly CloudLoadBalancer _balancer = now.CloudBalancer;

        public List<Step> Steps { get; } = [];

        public List<Notice> Warnings { get; } = [];

        public void BackTo(CloudState before, CloudState made)
        {
            var (original, then) = (before.LoadBalancer, made.LoadBalancer);
            Protocol(ProtocolSettings.Of(original), ProtocolSettings.Of(then));
            if (Goes("the health monitor", original.HealthMonitor, then.HealthMonitor, _balancer.HealthMonitor) && Fits(original.HealthMonitor))
            {
                Steps.Add(new MonitorStep(_balancer.HealthMonitor, original.HealthMonitor));
            }

            if (Goes("content caching", original.ContentCaching, then.ContentCaching, _balancer.ContentCaching) && EndProtocol == CloudProtocol.Http)
            {
                Steps.Add(new ContentCachingStep(_balancer.ContentCaching, original.ContentCaching));
            }

            if (Goes("the redirect to HTTPS", original.HttpsRedirect, then.HttpsRedirect, _balancer.HttpsRedirect)
                && EndProtocol == original.Protocol)
            {
                Steps.Add(new HttpsRedirectStep(_balancer.HttpsRedirect, original.HttpsRedirect));
            }

            if (Goes("the timeout in seconds", original.TimeoutSeconds, then.TimeoutSeconds, _balancer.TimeoutSeconds))
            {
                Steps.Add(new TimeoutStep(_balancer.TimeoutSeconds, original.TimeoutSeconds));
            }

            foreach (var second in made.WebSocketOnly.Where(b => !before.WebSocketOnly.Contains(b)))
            {
                var found = now.Cloud.WebSocketOnly.FirstOrDefault(b => b.Port == second.Port);
                if (found is not null && Goes("the load balancer for WebSockets", null, second, found))
                {
                    Steps.Add(new WebSocketBalancerStep(second, To: null));
                }
            }
        }

        public void ToDefaults(CloudGoal goal)
        {
            if (_balancer.Protocol != CloudProtocol.TcpClientFirst || _balancer.Port != DeisPort.Http
                || !goal.RouterPorts.Contains(_balancer.NodePort))
            {
                return;
            }

            var today = ProtocolSettings.Of(_balancer);
            Steps.Add(new ProtocolStep(today, today with { Protocol = CloudProtocol.Http, HalfClosed = false, SessionPersistence = null }));
            Warnings.Add(new Notice(
                "no-record",
                "There is no record of the state before setup, so this plan restores what Deis documents: HTTP on port 80. Health monitor and "
                    + "timeout stay as they are.",
                "If the monitor was HTTP on /health-check, change it afterward; if setup was run on another computer, run teardown there."));
        }

        private string EndProtocol => Steps.Aggregate(now, (state, step) => step.ApplyTo(state)).CloudBalancer.Protocol;

        private void Protocol(ProtocolSettings original, ProtocolSettings made)
        {
            var current = ProtocolSettings.Of(_balancer);
            if (original.Protocol == made.Protocol || current.Protocol == original.Protocol)
            {
                return;
            }

            if ((current.Protocol, current.Port) != (made.Protocol, made.Port))
            {
                Stays("the protocol", $"{current.Protocol} on port {current.Port}", $"{made}", $"{original}");
                return;
            }

            Steps.Add(new ProtocolStep(current, original));
        }

        /// <summary>Whether a monitor is possible with the protocol that the plan ends in.</summary>
        private bool Fits(HealthMonitor? monitor) => monitor is null or { Type: HealthMonitor.Connect } || monitor.Type == EndProtocol;

        /// <summary>Whether a value goes back: setup changed it, and it is as setup made it. Says so if it is neither.</summary>
        private bool Goes<T>(string name, T original, T made, T current)
        {
            var same = EqualityComparer<T>.Default;
            if (same.Equals(original, made) || same.Equals(current, original))
            {
                return false;
            }

            if (!same.Equals(current, made))
            {
                Stays(name, $"{current}", $"{made}", $"{original}");
                return false;
            }

            return true;
        }

        private void Stays(string what, string current, string made, string original) => Warnings.Add(new Notice(
            "changed-since-setup",
            $"Somebody changed {what} after setup: it is {Text(current)}, setup set it to {Text(made)}, before that it was {Text(original)}. It "
                + "is left unchanged.",
            "To restore it as well, change it manually."));

        private static string Text(string value) => value.Length == 0 ? "none" : value;
    }
}
