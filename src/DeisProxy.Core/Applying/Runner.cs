using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>Carries a plan out, step by step: compare with what was planned on, change, read until the change is seen.</summary>
/// <param name="loadBalancer">The load balancer.</param>
/// <param name="routers">The routers.</param>
/// <param name="progress">Is told of every step.</param>
/// <param name="time">The clock.</param>
public sealed class Runner(ILoadBalancerControl loadBalancer, IRouterControl routers, IProgress<StepProgress> progress, TimeProvider time)
{
    /// <summary>How long a write may take to be seen by a read; AWS promises no more than "eventually".</summary>
    private static readonly TimeSpan SeenLimit = TimeSpan.FromSeconds(30);

    /// <summary>How long routers may take to read etcd (5 s) and reload, with reserve.</summary>
    private static readonly TimeSpan RouterLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Carries the steps out in their order, and stops at the first that fails.</summary>
    /// <param name="start">The state that the plan was made from.</param>
    /// <param name="steps">The plan's steps.</param>
    /// <param name="cancellationToken">Stops the run before the next change.</param>
    /// <returns>How far every step is, and why the run ended early if it did.</returns>
    public async Task<RunResult> RunAsync(ClusterSnapshot start, ValueList<Step> steps, CancellationToken cancellationToken)
    {
        var results = steps.Select(step => new StepProgress(step, StepStatus.Planned, TimeSpan.Zero)).ToList();
        var current = start;
        for (var i = 0; i < steps.Count; i++)
        {
            var step = steps[i];
            var begun = time.GetTimestamp();
            Report(i, StepStatus.Running);
            try
            {
                current = await ReadAsync(current, cancellationToken);
                if (!step.IsDoneIn(current))
                {
                    EnsureUnchanged(step, current);
                    await ApplyAsync(step, cancellationToken);
                    current = await WaitUntilSeenAsync(step, current, cancellationToken);
                }

                Report(i, StepStatus.Done);
            }
#pragma warning disable CA1031 // Whatever it is, it belongs into the result next to the steps that are done already.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Report(i, StepStatus.Failed);
                return new RunResult(results, error);
            }

            void Report(int index, StepStatus status)
            {
                results[index] = new StepProgress(steps[index], status, time.GetElapsedTime(begun));
                progress.Report(results[index]);
            }
        }

        return new RunResult(results, Error: null);
    }

    private async Task<ClusterSnapshot> ReadAsync(ClusterSnapshot previous, CancellationToken cancellationToken)
    {
        var balancer = loadBalancer.ReadAsync(cancellationToken);
        var router = routers.ReadAsync(cancellationToken);
        await Task.WhenAll(balancer, router);
        return previous with { LoadBalancer = await balancer, Router = await router };
    }

    private static void EnsureUnchanged(Step step, ClusterSnapshot current)
    {
        if (!step.Inverse().IsDoneIn(current))
        {
            throw new DeisProxyException(
                "changed-meanwhile",
                $"Somebody else has changed what the step {step.Id} was planned on: it is no longer \"{step.FromText}\".",
                "Find out who is at work on this load balancer, then run the command again; it plans anew from what is there.");
        }
    }

    private async Task ApplyAsync(Step step, CancellationToken cancellationToken)
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
                await loadBalancer.ReplaceListenerAsync(s.From, s.To, cancellationToken);
                break;
            case RealIpCidrStep s:
                await routers.WriteAsync(RouterSetting.ProxyRealIpCidr, s.From, s.To, cancellationToken);
                break;
            case FlipStep s:
                await FlipAsync(s, cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"There is no way to carry out {step.GetType().Name}.");
        }
    }

    private async Task FlipAsync(FlipStep step, CancellationToken cancellationToken)
    {
        await Task.WhenAll(step.To.BackendPolicies.Select(b => loadBalancer.SetBackendPoliciesAsync(b, cancellationToken)));
        if (step.From.ProxyProtocol != step.To.ProxyProtocol)
        {
            await routers.WriteAsync(RouterSetting.ProxyProtocol, step.From.ProxyProtocol, step.To.ProxyProtocol, cancellationToken);
        }

        var (last, reached) = await Waiting.UntilAsync(
            time, RouterLimit, PollInterval, ct => ProbeAsync(step, ct), probes => probes.All(p => p.Result.Mode == p.Wanted), cancellationToken);
        if (!reached)
        {
            var stuck = last.Where(p => p.Result.Mode != p.Wanted).Select(p => $"{p.Result.Router.Name} port {p.Result.InstancePort} ({p.Result.Seen})");
            throw new DeisProxyException(
                "routers-did-not-switch",
                $"After {RouterLimit.TotalSeconds} s not every router has followed the change: {string.Join("; ", stuck)}.",
                "Look at these routers (deisctl status router@N, deisctl journal router@N); confd in them reads etcd every 5 s and reloads nginx.");
        }
    }

    private async Task<(RouterProbeResult Result, RouterMode Wanted)[]> ProbeAsync(FlipStep step, CancellationToken cancellationToken)
    {
        var state = await routers.ReadAsync(cancellationToken);
        var wanted = state.Demands(step.To.ProxyProtocol) ? RouterMode.Proxy : RouterMode.Plain;
        var probes = state.LiveRouters.SelectMany(router => state.PortsInUse(step.RouterPorts)
            .Select(async port => (await routers.ProbeAsync(router, port, cancellationToken), wanted)));
        return await Task.WhenAll(probes);
    }

    private async Task<ClusterSnapshot> WaitUntilSeenAsync(Step step, ClusterSnapshot previous, CancellationToken cancellationToken)
    {
        var (last, reached) = await Waiting.UntilAsync(
            time, SeenLimit, PollInterval, ct => ReadAsync(previous, ct), s => step.IsDoneIn(s) && StillInService(previous, s), cancellationToken);
        return reached ? last : throw new DeisProxyException(
            "change-not-seen",
            step.IsDoneIn(last)
                ? $"The change {step.Id} is made, but instances that were in service before are not: {OutOfService(previous, last)}."
                : $"The change {step.Id} was accepted, but {SeenLimit.TotalSeconds} s later it still does not show.",
            "Look at the load balancer in the AWS console, then run the command again; it plans anew from what is there.");
    }

    private static bool StillInService(ClusterSnapshot before, ClusterSnapshot after) => OutOfService(before, after).Count == 0;

    private static ValueList<RegisteredInstance> OutOfService(ClusterSnapshot before, ClusterSnapshot after)
    {
        var served = before.LoadBalancer.Instances.Where(i => i.InService).Select(i => i.InstanceId).ToHashSet(StringComparer.Ordinal);
        return after.LoadBalancer.Instances.Where(i => !i.InService && served.Contains(i.InstanceId)).ToValueList();
    }
}
