using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>Brings single steps into effect: makes the change, repeats what may be repeated, and reads until the change is seen.</summary>
/// <param name="loadBalancer">The load balancer.</param>
/// <param name="routers">The routers.</param>
/// <param name="time">The clock.</param>
public sealed class StepExecutor(ILoadBalancerControl loadBalancer, IRouterControl routers, TimeProvider time)
{
    /// <summary>How long a write may take to be seen by a read; AWS promises no more than "eventually".</summary>
    private static readonly TimeSpan SeenLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long routers may take to read etcd (5 s) and reload, with reserve.</summary>
    private static readonly TimeSpan RouterLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>The auto scaling groups; null where no step is about them, and then they are not read.</summary>
    public IAutoScalingControl? AutoScaling { get; init; }

    /// <summary>Reads load balancer and routers.</summary>
    /// <param name="previous">Gives what cannot change during a run.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What is there.</returns>
    public Task<ClusterSnapshot> ReadAsync(ClusterSnapshot previous, CancellationToken cancellationToken) => Waiting.RetryAsync(
        time,
        async ct =>
        {
            var balancer = loadBalancer.ReadAsync(ct);
            var router = routers.ReadAsync(ct);
            var groups = AutoScaling?.ReadAsync(previous.Surroundings.AutoScalingGroups.Select(g => g.Name).ToValueList(), ct)
                ?? Task.FromResult(previous.Surroundings.AutoScalingGroups);
            await Task.WhenAll(balancer, router, groups);
            return previous with
            {
                LoadBalancer = await balancer,
                Router = await router,
                Surroundings = previous.Surroundings with { AutoScalingGroups = await groups },
            };
        },
        cancellationToken);

    /// <summary>Brings a step into effect.</summary>
    /// <param name="step">The step.</param>
    /// <param name="before">What was read just before.</param>
    /// <param name="cancellationToken">Ends it at the next point at which no port is closed.</param>
    /// <returns>What is there after it.</returns>
    /// <exception cref="DeisProxyException">It is not in effect.</exception>
    public async Task<ClusterSnapshot> ExecuteAsync(Step step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        await Waiting.RetryAsync(
            time,
            async ct =>
            {
                try
                {
                    await ChangeAsync(step, before, ct);
                }
                catch (DeisProxyException)
                {
                    // Its answer may be all that was lost. Only what is there tells.
                    before = await ReadAsync(before, ct);
                    if (!step.IsDoneIn(before))
                    {
                        throw;
                    }
                }

                return true;
            },
            cancellationToken);
        if (step is FlipStep flip)
        {
            await WaitForRoutersAsync(flip, before.Router.LiveRouters, cancellationToken);
        }

        return await WaitUntilSeenAsync(step, before, cancellationToken);
    }

    private async Task ChangeAsync(Step step, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        switch (step)
        {
            case HealthCheckStep s:
                await loadBalancer.ConfigureHealthCheckAsync(s.To, cancellationToken);
                break;
            case IdleTimeoutStep s:
                await loadBalancer.SetIdleTimeoutAsync(s.To, cancellationToken);
                break;
            case PolicyStep { To: { } policy }:
                await loadBalancer.CreatePolicyAsync(policy, cancellationToken);
                break;
            case PolicyStep s:
                await loadBalancer.DeletePolicyAsync(s.From!.Name, cancellationToken);
                break;
            case ListenerStep s:
                await loadBalancer.ReplaceListenerAsync(before.LoadBalancer.ListenerOn(s.LoadBalancerPort), s.To, cancellationToken);
                break;
            case RealIpCidrStep s:
                await WriteAsync(RouterSetting.ProxyRealIpCidr, before.Router.ProxyRealIpCidr, s.To, cancellationToken);
                break;
            case FlipStep s:
                await Task.WhenAll(s.To.BackendPolicies
                    .Where(b => !before.LoadBalancer.BackendPoliciesOf(b.InstancePort).Equals(b.PolicyNames))
                    .Select(b => loadBalancer.SetBackendPoliciesAsync(b, cancellationToken)));
                await WriteAsync(RouterSetting.ProxyProtocol, before.Router.ProxyProtocol, s.To.ProxyProtocol, cancellationToken);
                break;
            case AutoScalingStep s when AutoScaling is not null:
                await Task.WhenAll(s.Groups.Select(g => AutoScaling.SetAsync(g, s.Suspend, cancellationToken)));
                break;
            default:
                throw new InvalidOperationException($"There is no way to carry out {step.GetType().Name}.");
        }
    }

    private Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken) =>
        expected == value ? Task.CompletedTask : routers.WriteAsync(setting, expected, value, cancellationToken);

    private async Task WaitForRoutersAsync(FlipStep step, ValueList<LiveRouter> live, CancellationToken cancellationToken)
    {
        var (last, reached) = await Waiting.UntilAsync(
            time,
            RouterLimit,
            PollInterval,
            ct => Waiting.RetryAsync(time, again => ProbeAsync(step, live, again), ct),
            probes => probes.All(p => p.Result.Mode == p.Wanted),
            cancellationToken);
        if (!reached)
        {
            var stuck = last.Where(p => p.Result.Mode != p.Wanted).Select(p => $"{p.Result.Router.Name} port {p.Result.InstancePort} ({p.Result.Seen})");
            throw new DeisProxyException(
                "routers-did-not-switch",
                $"After {RouterLimit.TotalSeconds} s not every router has followed the change: {string.Join("; ", stuck)}.",
                "Look at these routers (deisctl status router@N, deisctl journal router@N); confd in them reads etcd every 5 s and reloads nginx.");
        }
    }

    private async Task<(RouterProbeResult Result, RouterMode Wanted)[]> ProbeAsync(FlipStep step, ValueList<LiveRouter> live, CancellationToken cancellationToken)
    {
        var state = await routers.ReadAsync(cancellationToken);
        var wanted = state.Demands(step.To.ProxyProtocol) ? RouterMode.Proxy : RouterMode.Plain;
        // Those that were alive before, too: a router that the change has killed is not one that has followed it.
        var probes = live.Union(state.LiveRouters).SelectMany(router => state.PortsInUse(step.RouterPorts)
            .Select(async port => (await routers.ProbeAsync(router, port, cancellationToken), wanted)));
        return await Task.WhenAll(probes);
    }

    private async Task<ClusterSnapshot> WaitUntilSeenAsync(Step step, ClusterSnapshot previous, CancellationToken cancellationToken)
    {
        var (last, reached) = await Waiting.UntilAsync(
            time, SeenLimit, PollInterval, ct => ReadAsync(previous, ct), s => step.IsDoneIn(s) && OutOfService(previous, s).Count == 0, cancellationToken);
        return reached ? last : throw new DeisProxyException(
            "change-not-seen",
            step.IsDoneIn(last)
                ? $"The change {step.Id} is made, but instances that were in service before are not: {OutOfService(previous, last)}."
                : $"The change {step.Id} was accepted, but {SeenLimit.TotalSeconds} s later it still does not show.",
            "Look at the load balancer in the AWS console, then run the command again; it plans anew from what is there.");
    }

    private static ValueList<RegisteredInstance> OutOfService(ClusterSnapshot before, ClusterSnapshot after)
    {
        var served = before.LoadBalancer.Instances.Where(i => i.InService).Select(i => i.InstanceId).ToHashSet(StringComparer.Ordinal);
        return after.LoadBalancer.Instances.Where(i => !i.InService && served.Contains(i.InstanceId)).ToValueList();
    }
}
