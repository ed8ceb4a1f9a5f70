using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// The cluster's entrance: one node at a time out of several. When it is lost and cannot be entered again, the next one takes
/// its place; every node reaches the same etcd and the same routers.
/// </summary>
public sealed class FailoverNode : INode
{
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

    /// <summary>Enters by the first node that can be entered.</summary>
    /// <param name="passOver">Is told why a node was passed over in favor of the next one.</param>
    /// <exception cref="DeisProxyException">
    /// No node can be entered: with the code that all failures have in common, else <c>ssh-no-node</c>. A changed host key
    /// (<c>ssh-host-key-changed</c>) or a revoked one (<c>ssh-host-key-revoked</c>) ends the search at once, because the next node would hide it.
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
        await _node.DisposeAsync();
        _changing.Dispose();
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
        var failures = new List<DeisProxyException>();
        foreach (var address in addresses)
        {
            try
            {
                var node = await transport.ConnectAsync(address, cancellationToken);
                failures.ForEach(passOver);
                return node;
            }
            catch (DeisProxyException e) when (!SshFailure.IsAlarm(e) && e.Code != SshFailure.ProgramMissing)
            {
                failures.Add(e);
            }
        }

        throw failures switch
        {
            [] => new DeisProxyException("ssh-no-node", "There is no node to enter the cluster by.", "Name one with --node HOST."),
            [var only] => only,
            _ => new DeisProxyException(
                failures.TrueForAll(failure => failure.Code == failures[0].Code) ? failures[0].Code : "ssh-no-node",
                $"None of the {failures.Count} nodes can be entered. {string.Join(" ", failures.Select(failure => failure.Message))}",
                string.Join(" ", failures.Select(failure => failure.Remedy).Distinct(StringComparer.Ordinal)),
                new AggregateException(failures)),
        };
    }
}
