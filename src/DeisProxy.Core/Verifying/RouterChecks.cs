using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Verifying;

/// <summary>The check of <c>verify</c> that asks every live router through a node.</summary>
public static class RouterChecks
{
    private const string Id = "routers";

    /// <summary>The result when probing is switched off.</summary>
    public static CheckResult NotProbed(RouterMode wanted) => CheckResult.Skip(Id, "not probed (--no-probe)", ExpectedOf(wanted));

    /// <summary>Probes every live router on each of its ports, all at once.</summary>
    public static async Task<CheckResult> RunAsync(
        IRouterControl routers, RouterState state, IReadOnlyCollection<int> routerPorts, RouterMode wanted, CancellationToken cancellationToken)
    {
        var expected = ExpectedOf(wanted);
        if (state.LiveRouters.Count == 0)
        {
            return new CheckResult(Id, CheckStatus.Fail, "no router is registered in etcd", expected,
                "Start the routers: deisctl start router@1 router@2 router@3.");
        }

        var probes = await Task.WhenAll(state.LiveRouters.SelectMany(router =>
            state.PortsInUse(routerPorts).Select(port => routers.ProbeAsync(router, port, cancellationToken))));
        var wrong = probes.Where(p => p.Mode != wanted).ToList();
        return wrong.Count == 0
            ? CheckResult.Pass(Id,
                $"{state.LiveRouters.Count} live, all {(wanted == RouterMode.Proxy ? "demand it" : "answer")}: "
                    + $"{string.Join(", ", probes.Select(Where))}", expected)
            : new CheckResult(
                Id,
                CheckStatus.Fail,
                string.Join("; ", wrong.Select(p => $"{Where(p)} {TextOf(p.Mode)} ({p.Seen})")),
                expected,
                wanted == RouterMode.Proxy && !state.Demands(state.ProxyProtocol) && wrong.TrueForAll(p => p.Mode == RouterMode.Plain)
                    ? CheckResult.RunSetup
                    : wanted == RouterMode.Proxy
                    ? "A plain router answers 400 to everything that comes with a PROXY line. Check its log (deisctl journal router@N); it reads "
                        + "etcd every 5 s."
                    : "Check that the key proxyProtocol is not set, and the router's log (deisctl journal router@N); it reads etcd every 5 s.");
    }

    private static string ExpectedOf(RouterMode wanted) =>
        wanted == RouterMode.Proxy ? "every live router demands the PROXY line" : "every live router answers plain requests";

    private static string TextOf(RouterMode mode) => mode switch
    {
        RouterMode.Plain => "answers plain requests",
        RouterMode.Proxy => "demands the PROXY line",
        _ => "does not answer",
    };

    private static string Where(RouterProbeResult probe) => $"{probe.Router.Name}:{probe.InstancePort}";
}
