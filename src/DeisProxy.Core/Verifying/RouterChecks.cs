using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Verifying;

/// <summary>The check of <c>verify</c> that asks every live router through a node.</summary>
public static class RouterChecks
{
    private const string Id = "routers";
    private const string Expected = "every live router demands the PROXY line";

    /// <summary>The result when probing is switched off.</summary>
    public static CheckResult NotProbed { get; } = CheckResult.Skip(Id, "not probed (--no-probe)", Expected);

    /// <summary>Probes every live router on each of its ports, all at once.</summary>
    public static async Task<CheckResult> RunAsync(
        IRouterControl routers, RouterState state, IReadOnlyCollection<int> routerPorts, CancellationToken cancellationToken)
    {
        if (state.LiveRouters.Count == 0)
        {
            return new CheckResult(Id, CheckStatus.Fail, "no router announces itself in etcd", Expected, "Start the routers: deisctl start router@1 router@2 router@3.");
        }

        var probes = await Task.WhenAll(state.LiveRouters.SelectMany(router =>
            state.PortsInUse(routerPorts).Select(port => routers.ProbeAsync(router, port, cancellationToken))));
        var wrong = probes.Where(p => p.Mode != RouterMode.Proxy).ToList();
        return wrong.Count == 0
            ? CheckResult.Pass(Id, $"{state.LiveRouters.Count} live, all demand it: {string.Join(", ", probes.Select(Where))}", Expected)
            : new CheckResult(
                Id,
                CheckStatus.Fail,
                string.Join("; ", wrong.Select(p => $"{Where(p)} {(p.Mode == RouterMode.Plain ? "answers plain requests" : "does not answer")} ({p.Seen})")),
                Expected,
                "A plain router answers 400 to everything that comes with a PROXY line. Look at it (deisctl journal router@N); it reads etcd every 5 s.");
    }

    private static string Where(RouterProbeResult probe) => $"{probe.Router.Name}:{probe.InstancePort}";
}
