using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>Brings single steps into effect: makes the change, repeats what may be repeated, and reads until the change is seen.</summary>
public sealed class StepExecutor(ILoadBalancerControl loadBalancer, IRouterControl routers, Flip flip, IBalancerTraffic traffic, TimeProvider time)
{
    /// <summary>How long a write may take to be seen by a read; AWS promises no more than "eventually".</summary>
    private static readonly TimeSpan SeenLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long a listener that the API shows may take to be the one that connections meet.</summary>
    private static readonly TimeSpan EffectLimit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>A port is closed for less than this while a listener is being replaced, as another run may just do.</summary>
    private static readonly TimeSpan ReplacingTime = TimeSpan.FromSeconds(1);

    /// <summary>Reads load balancer and routers.</summary>
    public Task<ClusterSnapshot> ReadAsync(ClusterSnapshot previous, CancellationToken cancellationToken) => Waiting.RetryAsync(
        time,
        async ct =>
        {
            var balancer = loadBalancer.ReadAsync(ct);
            var router = routers.ReadAsync(ct);
            await Task.WhenAll(balancer, router);
            return previous with { LoadBalancer = await balancer, Router = await router };
        },
        cancellationToken);

    /// <summary>Brings a step into effect.</summary>
    public async Task<ClusterSnapshot> ExecuteAsync(Step step, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken)
    {
        if (step is FlipStep both)
        {
            await flip.RunAsync(both, before, undoing, cancellationToken);
            return await WaitUntilSeenAsync(step, before, cancellationToken);
        }

        var proves = !undoing && step is ListenerStep replaced && await CanProveAsync(replaced, before.LoadBalancer, cancellationToken);
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
        var after = await WaitUntilSeenAsync(step, before, cancellationToken);
        if (proves)
        {
            await ProveAsync((ListenerStep)step, cancellationToken);
        }

        return after;
    }

    /// <summary>Opens a port that has lost its listener. It asks nothing but the load balancer: a port must not stay closed because the cluster is out of reach.</summary>
    public async Task ReopenAsync(Listener was, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(was);
        if (!await IsClosedAsync())
        {
            return;
        }

        await Task.Delay(ReplacingTime, time, cancellationToken);
        if (await IsClosedAsync())
        {
            await loadBalancer.ReplaceListenerAsync(from: null, was, cancellationToken);
        }

        async Task<bool> IsClosedAsync() => (await loadBalancer.ReadAsync(cancellationToken)).ListenerOn(was.LoadBalancerPort) is null;
    }

    /// <inheritdoc cref="Flip.FitAsync"/>
    public Task<bool> FitAsync(FlipStep step, ClusterSnapshot before, CancellationToken cancellationToken) => flip.FitAsync(step, before, cancellationToken);

    /// <summary>Whether traffic can tell the listener after the step from the one before it: only who reads requests himself refuses what is none.</summary>
    private async Task<bool> CanProveAsync(ListenerStep step, LoadBalancer balancer, CancellationToken cancellationToken) =>
        step is { From: { } from, To: { } to } && from.ReadsHttp != to.ReadsHttp
        && (await traffic.FindAsync(balancer, [from.LoadBalancerPort], cancellationToken)).Count > 0;

    /// <summary>The API shows a listener before connections meet it, and what comes next builds on those that do.</summary>
    private async Task ProveAsync(ListenerStep step, CancellationToken cancellationToken)
    {
        var wanted = step.To!.ReadsHttp ? TrafficAnswer.RefusedByBalancer : TrafficAnswer.RefusedByRouter;
        var (_, reached) = await Waiting.UntilAsync(
            time, EffectLimit, PollInterval, ct => Waiting.AnswersAsync(traffic, step.To, wanted, ct), answers => answers, cancellationToken);
        if (!reached)
        {
            throw new DeisProxyException(
                "listener-not-in-effect",
                $"AWS shows the new listener on port {step.LoadBalancerPort}, but {EffectLimit.TotalSeconds} s later connections still meet the old one.",
                "Look whether another load balancer or a proxy answers under this name; then run the command again.");
        }
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
            default:
                throw new InvalidOperationException($"There is no way to carry out {step.GetType().Name}.");
        }
    }

    private Task WriteAsync(RouterSetting setting, string? expected, string? value, CancellationToken cancellationToken) =>
        expected == value ? Task.CompletedTask : routers.WriteAsync(setting, expected, value, cancellationToken);

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
