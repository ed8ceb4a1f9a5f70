using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// The node through which the cluster is reached: one of several. When it is lost and cannot be connected to again, the next one
/// takes its place; every node reaches the same etcd and the same routers.
/// </summary>
public sealed class FailoverNode : INode
{
    /// <summary>How long a node may take before the next one is tried beside it.</summary>
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan AskingInterval = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<NodeAddress> _addresses;
    private readonly INodeTransport _transport;
    private readonly Action<DeisProxyException> _passOver;
    private readonly SemaphoreSlim _changing = new(1);
    private INode _node;
    private volatile bool _disposed;

    private FailoverNode(INode node, IReadOnlyList<NodeAddress> addresses, INodeTransport transport, Action<DeisProxyException> passOver) =>
        (_node, _addresses, _transport, _passOver) = (node, addresses, transport, passOver);

    /// <inheritdoc/>
    public string Name => _node.Name;

    /// <summary>Connects to the first node that lets us in.</summary>
    /// <param name="passOver">Is told why a node was passed over in favor of the next one.</param>
    /// <exception cref="DeisProxyException">
    /// No node lets us in: with the code that all failures have in common, else <c>ssh-no-node</c>. A changed host key
    /// (<c>ssh-host-key-changed</c>) or a revoked one (<c>ssh-host-key-revoked</c>) of a node that has answered by then ends the search, because
    /// another node would hide it.
    /// </exception>
    public static async Task<FailoverNode> EnterAsync(
        INodeTransport transport, IReadOnlyList<NodeAddress> addresses, Action<DeisProxyException> passOver, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentNullException.ThrowIfNull(passOver);
        return new FailoverNode(await ConnectFirstAsync(transport, addresses, passOver, cancellationToken), addresses, transport, passOver);
    }

    /// <inheritdoc/>
    public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        WithNodeAsync(node => node.RunAsync(arguments, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        WithNodeAsync(node => node.StartAsync(arguments, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
        WithNodeAsync(node => node.OpenStreamAsync(host, port, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _disposed = true;

        // A node that is being connected to in place of a lost one is left, too.
        await _changing.WaitAsync();
        await _node.DisposeAsync();
    }

    private async Task<T> WithNodeAsync<T>(Func<INode, Task<T>> call, CancellationToken cancellationToken)
    {
        var node = _node;
        try
        {
            return await call(node);
        }
        catch (DeisProxyException error) when (error.IsTransient && !_disposed)
        {
            return await call(await ReplaceAsync(node, cancellationToken));
        }
    }

    private async Task<INode> ReplaceAsync(INode lost, CancellationToken cancellationToken)
    {
        INode node;
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (!ReferenceEquals(_node, lost))
            {
                return _node;
            }

            var others = _addresses.OrderBy(address => address.ToString() == lost.Name);
            _node = node = await ConnectFirstAsync(_transport, [.. others], _passOver, cancellationToken);
        }
        finally
        {
            _changing.Release();
        }

        await lost.DisposeAsync();
        return node;
    }

    private static async Task<INode> ConnectFirstAsync(
        INodeTransport transport, IReadOnlyList<NodeAddress> addresses, Action<DeisProxyException> passOver, CancellationToken cancellationToken)
    {
        var tries = new List<(Task<INode> Entering, CancellationTokenSource Stop)>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<INode>? entered = null;
        try
        {
            while (entered is null && !tries.Exists(one => one.Entering.IsFaulted && !IsPassedOver(one.Entering))
                && (tries.Count < addresses.Count || tries.Exists(one => !one.Entering.IsCompleted)))
            {
                if (tries.Count < addresses.Count)
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    tries.Add((transport.ConnectAsync(addresses[tries.Count], stop.Token), stop));
                }

                // The next one is begun when one has failed, or has not answered for a while.
                var open = tries.Select(one => one.Entering).Where(entering => !entering.IsCompleted).ToList();
                var last = tries[^1].Entering;
                if (open.Count > 0 && !last.IsCompletedSuccessfully && !(last.IsFaulted && tries.Count < addresses.Count))
                {
                    await Task.WhenAny([.. open, Task.Delay(tries.Count < addresses.Count ? HeadStart : Timeout.InfiniteTimeSpan, ended.Token)]);
                }

                // While a person types a passphrase, no other node is tried.
                while (transport.IsAsking)
                {
                    await Task.Delay(AskingInterval, cancellationToken);
                }

                cancellationToken.ThrowIfCancellationRequested();
                entered = tries.Select(one => one.Entering).FirstOrDefault(entering => entering.IsCompletedSuccessfully);
            }
        }
        finally
        {
            await ended.CancelAsync();

            // The connected node may still use its token.
            await Task.WhenAll(tries.Where(one => one.Entering != entered).Select(one => LeaveAsync(one.Entering, one.Stop)));
        }

        // Whatever stands in the way of all nodes, or must be seen, ends the search, even if it came a moment after another node was connected.
        if (tries.Select(one => one.Entering).FirstOrDefault(entering => entering.IsFaulted && !IsPassedOver(entering)) is { } alarm)
        {
            await (entered is null ? ValueTask.CompletedTask : (await entered).DisposeAsync());
            await alarm;
        }

        var failures = AdviseOnce(tries.Select(one => one.Entering).Where(IsPassedOver)
            .Select(entering => (DeisProxyException)entering.Exception!.InnerException!));
        if (entered is not null)
        {
            failures.ForEach(passOver);
            return await entered;
        }

        throw failures switch
        {
            [] => new DeisProxyException("ssh-no-node", "There is no node to connect to.", "Name one with --node HOST."),
            [var only] => only,
            _ => new DeisProxyException(
                failures.TrueForAll(failure => failure.Code == failures[0].Code) ? failures[0].Code : "ssh-no-node",
                $"Cannot connect to any of the {failures.Count} nodes. {string.Join(" ", failures.Select(failure => failure.Message))}",
                failures.Select(failure => failure.Remedy).Where(remedy => remedy.Length > 0)
                    .Aggregate("", (all, next) => $"{all}{(all.Length == 0 ? "" : all.EndsWith('.') ? " " : "; ")}{next}"),
                new AggregateException(failures)),
        };
    }

    /// <summary>What is the same in the advice for several nodes, up to a colon or a sentence's end, is said of the first one only.</summary>
    private static List<DeisProxyException> AdviseOnce(IEnumerable<DeisProxyException> failures)
    {
        var given = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            .. failures.Select(failure =>
            {
                var remedy = failure.Remedy;
                string[] beginnings = [remedy, Until(": "), Until(". ")];
                var known = beginnings.Where(given.Contains).MaxBy(beginning => beginning.Length) ?? "";
                given.UnionWith(beginnings);
                return failure.With(remedy[known.Length..]);

                string Until(string mark) =>
                    remedy.LastIndexOf(mark, StringComparison.Ordinal) is >= 0 and var at ? remedy[..(at + mark.Length)] : "";
            }),
        ];
    }

    private static async Task LeaveAsync(Task<INode> entering, CancellationTokenSource stop)
    {
        await stop.CancelAsync();
        await ((Task)entering).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (entering.IsCompletedSuccessfully)
        {
            await (await entering).DisposeAsync();
        }

        stop.Dispose();
    }

    /// <summary>Whether the next node may take its place: an alarm must be seen, and all nodes need the program that is missing.</summary>
    private static bool IsPassedOver(Task<INode> entering) =>
        entering.Exception?.InnerException is DeisProxyException error && !SshFailure.IsAlarm(error) && error.Code != SshFailure.ProgramMissing;
}
