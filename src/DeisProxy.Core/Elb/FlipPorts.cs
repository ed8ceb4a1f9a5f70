using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>
/// The nodes that routers run on, as far as the flip needs them: new connections can be held there for a moment, and routers made to read etcd at
/// once.
/// </summary>
public interface IRouterNodes
{
    /// <summary>Enters the node of every router and gets everything ready, so that the calls below take as little time as they can.</summary>
    /// <param name="instancePorts">Ports on which new connections are to be held; empty if they are not.</param>
    Task<NodeMeans> PrepareAsync(RouterState routers, IReadOnlyList<int> instancePorts, CancellationToken cancellationToken);

    /// <summary>
    /// Holds new connections from outside at every node, until <see cref="ReleaseAsync(CancellationToken)"/>; called again it changes which. A node
    /// that has
    /// not heard of us for <see cref="HoldLimit"/> lets them go by itself.
    /// </summary>
    Task HoldAsync(HeldConnections held, CancellationToken cancellationToken);

    /// <summary>Lets connections go on one router's node, for good.</summary>
    Task ReleaseAsync(LiveRouter router, CancellationToken cancellationToken);

    /// <summary>Lets connections go everywhere, for good. Without effect where none are held.</summary>
    Task ReleaseAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Makes every router read etcd and reload at once instead of on its next tick, at most 5 s later. Where that fails, only the tick is waited
    /// for.
    /// </summary>
    Task RenderAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Asks one router whether it demands the PROXY line, through its own node where that was entered: connections from there are not held.
    /// </summary>
    Task<RouterProbeResult> ProbeAsync(LiveRouter router, int instancePort, CancellationToken cancellationToken);

    /// <summary>How long a node holds connections at the very most without hearing of us.</summary>
    static TimeSpan HoldLimit { get; } = TimeSpan.FromSeconds(5);
}

/// <summary>What can be done on the nodes of the routers.</summary>
/// <param name="CannotRender">Why routers cannot be made to read etcd at once; null if they can.</param>
/// <param name="CannotHold">Why new connections cannot be held; null if they can.</param>
/// <param name="CannotHoldByContent">Why only all of them can be held and not those that begin in one way; null if those can.</param>
public sealed record NodeMeans(string? CannotRender, string? CannotHold, string? CannotHoldByContent)
{
    /// <summary>Nothing can be done, for one reason.</summary>
    public static NodeMeans None(string reason) => new(reason, reason, reason);
}

/// <summary>Which new connections wait at a node.</summary>
public enum HeldConnections
{
    /// <summary>Those that begin with a PROXY line.</summary>
    WithProxyLine,

    /// <summary>Those that begin with anything else.</summary>
    WithoutProxyLine,

    /// <summary>All, each as soon as it is known how it begins.</summary>
    All,

    /// <summary>All, whatever they begin with: their first packet is dropped, and repeated by its sender after 1 s.</summary>
    AllUnread,
}

/// <summary>Traffic through the load balancer, as a client makes it.</summary>
public interface IBalancerTraffic
{
    /// <summary>Pause between two requests of a watch: as short as the way there allows.</summary>
    TimeSpan Interval { get; }

    /// <summary>Finds out which listeners can be reached from here, or else from a node, and answer with what a router says.</summary>
    Task<IReadOnlyList<int>> FindAsync(LoadBalancer balancer, IReadOnlyList<int> loadBalancerPorts, CancellationToken cancellationToken);

    /// <summary>The addresses that the load balancer's name leads to now, which may be others than before.</summary>
    Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken);

    /// <summary>Sends one request on a connection of its own. The addresses of the load balancer take turns.</summary>
    Task<TrafficAnswer> AskAsync(Listener listener, TrafficQuestion question, CancellationToken cancellationToken);

    /// <summary>Sends a request for <c>/health-check</c> to one address, and waits for the answer as long as a patient client does.</summary>
    Task<TrafficAnswer> AskAsync(Listener listener, string address, CancellationToken cancellationToken);
}

/// <summary>What is sent through the load balancer.</summary>
public enum TrafficQuestion
{
    /// <summary>A request for <c>/health-check</c>, which every router answers with 200.</summary>
    HealthCheck,

    /// <summary>Something that is no HTTP request: a listener in HTTP mode refuses it itself, behind one in TCP mode nginx does.</summary>
    Malformed,
}

/// <summary>What came back through the load balancer.</summary>
public enum TrafficAnswer
{
    /// <summary>An HTTP answer other than 400.</summary>
    Served,

    /// <summary>400 from a router: a PROXY line has come to one that does not expect it, or the request was malformed.</summary>
    RefusedByRouter,

    /// <summary>400 from the load balancer itself.</summary>
    RefusedByBalancer,

    /// <summary>The connection was closed without an answer: the router demands a PROXY line that has not come, or nobody is in service.</summary>
    CutOff,

    /// <summary>No connection, or no answer in time.</summary>
    Unreachable,
}

/// <summary>What is asked of traffic more than once.</summary>
internal static class BalancerTrafficExtensions
{
    /// <summary>Enough for the addresses that a load balancer usually has, each of them twice.</summary>
    private const int AnswersInARow = 6;

    /// <summary>
    /// Whether a listener refuses a malformed request in one way, however often it is asked: the addresses of a load balancer take turns.
    /// </summary>
    public static async Task<bool> AlwaysAnswersAsync(
        this IBalancerTraffic traffic, Listener listener, TrafficAnswer wanted, CancellationToken cancellationToken)
    {
        for (var i = 0; i < AnswersInARow; i++)
        {
            if (await traffic.AskAsync(listener, TrafficQuestion.Malformed, cancellationToken) != wanted)
            {
                return false;
            }
        }

        return true;
    }
}
