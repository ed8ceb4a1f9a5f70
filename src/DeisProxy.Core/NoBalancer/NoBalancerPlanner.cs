using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.NoBalancer;

/// <summary>
/// Plans for a cluster whose routers clients reach directly, as with DNS-based balancing: WebSockets and client addresses work already, unless the
/// routers demand a PROXY line that nobody sends.
/// </summary>
public static class NoBalancerPlanner
{
    /// <summary>Why nothing has to be done.</summary>
    public const string NothingToDo =
        "without a load balancer WebSockets reach the routers as they are, and X-Forwarded-For is the client's. To check it: deis-proxy verify";

    /// <summary>Plans <c>setup</c>, which never changes anything here.</summary>
    public static Plan Setup(ClusterSnapshot now)
    {
        ArgumentNullException.ThrowIfNull(now);
        return new Plan([], [], now.Router.ProxyProtocol is { } value ? [KeyIsSet(value)] : []) { NothingToDo = NothingToDo };
    }

    /// <summary>Plans <c>teardown</c>: the key goes, whoever set it.</summary>
    public static Plan Teardown(ClusterSnapshot now)
    {
        ArgumentNullException.ThrowIfNull(now);
        return new Plan(now.Router.ProxyProtocol is { } value ? [new RouterKeyStep(value, To: null)] : [], [], []) { NothingToDo = NothingToDo };
    }

    private static Notice KeyIsSet(string value) => new(
        "router-key",
        $"The routers' key proxyProtocol is set (\"{RemoteText.Clean(value)}\"): routers expect the PROXY line, and without a load balancer nobody "
            + "sends it, so every request fails.",
        "Delete the key: deis-proxy teardown.");
}
