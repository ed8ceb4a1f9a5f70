using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>What goes wrong in the middle of a setup.</summary>
internal enum Blow
{
    /// <summary>deis-proxy is ended with SIGKILL.</summary>
    Kill,

    /// <summary>deis-proxy is stopped, as by Ctrl-Z or a closed lid, and goes on when no connection is held any more.</summary>
    Freeze,

    /// <summary>
    /// One node, another than the one that the cluster was entered by, loses its network to the operator until no connection is held any more.
    /// </summary>
    CutOne,

    /// <summary>All nodes do.</summary>
    CutAll,

    /// <summary>None: a WebSocket that was open before echoes all through setup and teardown.</summary>
    WebSocket,

    /// <summary>Nothing but what is told of the routers.</summary>
    None,
}

/// <summary>One thing that goes wrong, and how it has to end.</summary>
/// <param name="Name">As for <c>--drill</c>.</param>
/// <param name="After">When: so long after the load balancer began to send PROXY lines. Null: while every node holds all new connections, for long
/// because every confd hangs.</param>
/// <param name="Armed">When, instead: as soon as every node is ready to hold connections, before the load balancer is told anything.</param>
/// <param name="ErrorCode">The error that setup has to end with, exit code 1, everything put back. Null: it has to end with 0, or may be put back
/// where the operator was hindered.</param>
internal sealed record Drill(
    string Name,
    Blow Blow,
    TimeSpan? After,
    ConfdBehavior Confd = ConfdBehavior.Renders,
    bool Stuck = false,
    string? ErrorCode = null,
    NodeRights Rights = NodeRights.Root,
    string Manner = "held-by-content",
    bool Armed = false)
{
    private static readonly TimeSpan KillStep = TimeSpan.FromMilliseconds(30);

    public static IReadOnlyList<Drill> All { get; } =
    [
        .. Enumerable.Range(0, 10).Select(step => new Drill($"kill-{(KillStep * step).TotalMilliseconds:0}", Blow.Kill, KillStep * step)),
        new("kill-armed", Blow.Kill, After: null, Armed: true),
        new("kill-held", Blow.Kill, After: null),
        new("freeze-held", Blow.Freeze, After: null),
        new("cut-one-held", Blow.CutOne, After: null),
        new("cut-all-held", Blow.CutAll, After: null),
        new("websocket", Blow.WebSocket, After: null),
        new("no-sudo", Blow.None, After: null, Rights: NodeRights.NoSudo, Manner: "watched"),
        new("no-iptables", Blow.None, After: null, Rights: NodeRights.NoIptables, Manner: "watched"),
        new("no-u32", Blow.None, After: null, Rights: NodeRights.NoU32, Manner: "held"),
        new("no-docker", Blow.None, After: null, Rights: NodeRights.NoDocker),
        new("confd-idle", Blow.None, After: null, ConfdBehavior.DoesNothing),
        new("confd-hangs", Blow.None, After: null, ConfdBehavior.Hangs, Stuck: true, ErrorCode: "routers-did-not-switch"),
    ];
}

/// <summary>How a drill went.</summary>
/// <param name="RuleSeconds">From the blow, or where there is none from the first rule, until a look began that saw the last rule; null: no rule
/// was seen.</param>
/// <param name="ExitCode">How the setup ended that went wrong; null: it was killed.</param>
/// <param name="Problems">What was not as it has to be; empty: all was.</param>
internal sealed record DrillResult(string Name, double? RuleSeconds, double? GuardSeconds, int? ExitCode, IReadOnlyList<string> Problems)
{
    public override string ToString() =>
        $"{Name}: {(RuleSeconds is { } rule ? $"last rule gone after {rule:0.0} s" : "no rule seen")}"
        + (GuardSeconds is { } guard ? $", last guard after {guard:0.0} s" : "")
        + (ExitCode is { } code ? $", exit code {code}" : "")
        + (Problems.Count == 0 ? ", traffic right in the end" : $"; WRONG: {string.Join("; ", Problems)}");
}
