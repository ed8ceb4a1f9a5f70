namespace DeisProxy.Sandbox;

/// <summary>What goes wrong.</summary>
public enum FaultKind
{
    /// <summary>AWS: the service's own throttling error (<c>Throttling</c>; EC2 <c>RequestLimitExceeded</c>, HTTP 503).</summary>
    Throttled,

    /// <summary>AWS: <c>InternalFailure</c>, HTTP 500. etcd: error 300, HTTP 500.</summary>
    ServerError,

    /// <summary>
    /// The connection is closed before the request is handled: nothing was changed. For ssh: the connection to the node is lost first.
    /// </summary>
    CloseBefore,

    /// <summary>The connection is closed after the request was handled: the change is made, its answer is lost.</summary>
    CloseAfter,

    /// <summary>
    /// The request is handled and its answer breaks off half-way. For ssh: the connection to the node is lost when half of what is
    /// read first on the stream has arrived, and every other stream through it ends as well.
    /// </summary>
    CutAnswer,

    /// <summary>The request is never answered and never handled.</summary>
    Hang,

    /// <summary>The request is handled and then never answered.</summary>
    HangAfter,

    /// <summary>AWS: the caller may not do this (<c>AccessDenied</c>; EC2 <c>UnauthorizedOperation</c>).</summary>
    AccessDenied,

    /// <summary>AWS: the session token has expired (<c>ExpiredToken</c>; EC2 <c>RequestExpired</c>).</summary>
    ExpiredCredentials,

    /// <summary>AWS: the change is accepted and reaches the data plane only <see cref="FaultRule.Delay"/> later.</summary>
    DataPlaneLag,

    /// <summary>AWS: the error that <see cref="FaultRule.Error"/> names, such as <c>DuplicateListener</c> just after a delete.</summary>
    ServiceError,

    /// <summary>etcd: no leader; writes and quorum reads fail with error 300, plain reads are served.</summary>
    NoLeader,

    /// <summary>
    /// etcd: its disk is full; it dies within a write (the connection closes, nothing is written) and its supervisor starts it again.
    /// </summary>
    StorageFull,

    /// <summary>A router reads nothing new from etcd, not even when told to. Not a remote call: holds while the rule is there.</summary>
    RouterStuck,

    /// <summary>A node refuses SSH connections. Not a remote call: holds while the rule is there.</summary>
    NodeRefuses,
}

/// <summary>When something goes wrong. Without further conditions it does so on every call.</summary>
public sealed record FaultRule(FaultKind Kind)
{
    /// <summary>The service, as in <see cref="RemoteCall.Service"/>; <c>*</c> is any.</summary>
    public string Service { get; init; } = "*";

    /// <summary>The operation, as in <see cref="RemoteCall.Operation"/>; <c>*</c> is any.</summary>
    public string Operation { get; init; } = "*";

    /// <summary>Only the call with this number of the run (<see cref="RemoteCall.Number"/>).</summary>
    public int? CallNumber { get; init; }

    /// <summary>The first matching call to fail, from 1.</summary>
    public int Occurrence { get; init; } = 1;

    /// <summary>How many matching calls fail from <see cref="Occurrence"/> on; null is all of them.</summary>
    public int? Times { get; init; }

    /// <summary>Only on this node or router, by private address; null is any.</summary>
    public string? Node { get; init; }

    /// <summary>Code, message and HTTP status, for <see cref="FaultKind.ServiceError"/>.</summary>
    public (string Code, string Message, int Status) Error { get; init; } =
        ("DependencyThrottle", "A request made by Elastic Load Balancing to another service exceeded the maximum request rate permitted.", 400);

    /// <summary>How late, for <see cref="FaultKind.DataPlaneLag"/>.</summary>
    public TimeSpan Delay { get; init; }
}

/// <summary>The faults in force.</summary>
public sealed class Faults
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _rules = [];

    /// <summary>Adds a fault; the first rule that matches a call decides.</summary>
    public FaultRule Add(FaultRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        lock (_lock)
        {
            _rules.Add(new Entry(rule));
        }

        return rule;
    }

    /// <summary>Takes a fault back; one that is not there is ignored.</summary>
    public void Remove(FaultRule rule)
    {
        lock (_lock)
        {
            _rules.RemoveAll(entry => ReferenceEquals(entry.Rule, rule));
        }
    }

    /// <summary>Takes every fault back.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _rules.Clear();
        }
    }

    /// <summary>Whether a lasting fault (<see cref="FaultKind.RouterStuck"/>, <see cref="FaultKind.NodeRefuses"/>) holds for a node.</summary>
    internal bool Holds(FaultKind kind, string node)
    {
        lock (_lock)
        {
            return _rules.Exists(
                entry => entry.Rule.Kind == kind && (entry.Rule.Node is null || string.Equals(entry.Rule.Node, node, StringComparison.Ordinal)));
        }
    }

    /// <summary>The fault for a call, if any; counts the call as an occurrence.</summary>
    internal FaultRule? Match(RemoteCall call)
    {
        lock (_lock)
        {
            FaultRule? decided = null;
            foreach (var entry in _rules.Where(entry => Applies(entry.Rule, call)))
            {
                entry.Seen++;
                var rule = entry.Rule;
                if (decided is null && entry.Seen >= rule.Occurrence && (rule.Times is null || entry.Seen < rule.Occurrence + rule.Times))
                {
                    decided = rule;
                }
            }

            return decided;
        }
    }

    private static bool Applies(FaultRule rule, RemoteCall call) =>
        rule.Kind is not (FaultKind.RouterStuck or FaultKind.NodeRefuses)
        && Matches(rule.Service, call.Service)
        && Matches(rule.Operation, call.Operation)
        && (rule.CallNumber is null || rule.CallNumber == call.Number)
        && (rule.Node is null || (call.Parameters.TryGetValue("node", out var node) && string.Equals(rule.Node, node, StringComparison.Ordinal)))
        && Concerns(rule.Kind, call);

    // A fault that belongs to one kind of service does not use up an occurrence on another.
    private static bool Concerns(FaultKind kind, RemoteCall call) => kind switch
    {
        FaultKind.NoLeader => call.Service == "etcd" && (call.IsMutating || call.Parameters.ContainsKey("quorum")),
        FaultKind.StorageFull => call.Service == "etcd" && call.IsMutating,
        FaultKind.Throttled or FaultKind.ServiceError or FaultKind.AccessDenied or FaultKind.ExpiredCredentials or FaultKind.DataPlaneLag =>
            call.Service is not ("etcd" or "ssh"),
        FaultKind.ServerError => call.Service != "ssh",
        _ => true,
    };

    private static bool Matches(string pattern, string value) =>
        pattern == "*" || string.Equals(pattern, value, StringComparison.OrdinalIgnoreCase);

    private sealed class Entry(FaultRule rule)
    {
        public FaultRule Rule { get; } = rule;

        public int Seen { get; set; }
    }
}
