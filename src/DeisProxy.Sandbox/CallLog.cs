namespace DeisProxy.Sandbox;

/// <summary>One remote call that a client of the sandbox made.</summary>
public sealed class RemoteCall
{
    internal RemoteCall(int number, string service, string operation, bool isMutating, IReadOnlyDictionary<string, string> parameters)
    {
        Number = number;
        Service = service;
        Operation = operation;
        IsMutating = isMutating;
        Parameters = parameters;
    }

    /// <summary>Its place in the run, from 1: what <see cref="FaultRule.CallNumber"/> addresses.</summary>
    public int Number { get; }

    /// <summary><c>elasticloadbalancing</c>, <c>cloudformation</c>, <c>ec2</c>, <c>sts</c>, <c>etcd</c> or <c>ssh</c>.</summary>
    public string Service { get; }

    /// <summary>
    /// The AWS operation; etcd's own action (<c>get</c>, <c>set</c>, <c>create</c>, <c>update</c>, <c>delete</c>,
    /// <c>compareAndSwap</c>, <c>compareAndDelete</c>, <c>watch</c>); for ssh <c>connect</c>, <c>run</c> or <c>open-stream</c>.
    /// </summary>
    public string Operation { get; }

    /// <summary>Whether the call can change anything in the load balancer or in etcd, or runs a command on a node.</summary>
    public bool IsMutating { get; }

    /// <summary>
    /// What was asked: the Query parameters; <c>key</c> and the form of an etcd request; <c>node</c> and <c>command</c> or <c>address</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Parameters { get; }

    /// <summary>
    /// What became of it: <c>ok</c>, <c>error CODE</c>, <c>fault KIND</c>, <c>fault KIND (done)</c> when the change was made and only
    /// the answer lost, or <c>pending</c>.
    /// </summary>
    public string Outcome { get; internal set; } = "pending";

    /// <inheritdoc/>
    public override string ToString() => $"{Number} {Service} {Operation} {Outcome}";
}

/// <summary>Every remote call of the run, in the order of arrival.</summary>
public sealed class CallLog
{
    private readonly Lock _lock = new();
    private readonly List<RemoteCall> _calls = [];

    /// <summary>A copy of the calls so far.</summary>
    public IReadOnlyList<RemoteCall> Calls
    {
        get
        {
            lock (_lock)
            {
                return [.. _calls];
            }
        }
    }

    /// <summary>The calls so far that can change something.</summary>
    public IReadOnlyList<RemoteCall> Mutating => [.. Calls.Where(call => call.IsMutating)];

    /// <summary>Forgets the calls and starts to number from 1 again: a new run begins.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _calls.Clear();
        }
    }

    internal RemoteCall Add(string service, string operation, bool isMutating, IReadOnlyDictionary<string, string> parameters)
    {
        lock (_lock)
        {
            var call = new RemoteCall(_calls.Count + 1, service, operation, isMutating, parameters);
            _calls.Add(call);
            return call;
        }
    }
}
