using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// The cluster's entrance: one node at a time out of several. When it is lost and cannot be entered again, the next one takes
/// its place; every node reaches the same etcd and the same routers.
/// </summary>
public sealed class FailoverNode : INode
{
    private readonly IReadOnlyList<NodeAddress> _addresses;
    private readonly Func<IReadOnlyList<NodeAddress>, CancellationToken, Task<INode>> _enter;
    private readonly SemaphoreSlim _changing = new(1);
    private INode _node;

    private FailoverNode(INode node, IReadOnlyList<NodeAddress> addresses, Func<IReadOnlyList<NodeAddress>, CancellationToken, Task<INode>> enter) =>
        (_node, _addresses, _enter) = (node, addresses, enter);

    /// <inheritdoc/>
    public string Name => _node.Name;

    /// <summary>Enters by the first node that can be entered.</summary>
    public static async Task<FailoverNode> EnterAsync(
        IReadOnlyList<NodeAddress> addresses, Func<IReadOnlyList<NodeAddress>, CancellationToken, Task<INode>> enter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(enter);
        return new FailoverNode(await enter(addresses, cancellationToken), addresses, enter);
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
        catch (DeisProxyException error) when (error.IsTransient)
        {
            return await call(await ReplaceAsync(node, cancellationToken));
        }
    }

    private async Task<INode> ReplaceAsync(INode lost, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (ReferenceEquals(_node, lost))
            {
                var others = _addresses.Where(address => address.ToString() != lost.Name).Concat(_addresses.Where(address => address.ToString() == lost.Name));
                _node = await _enter([.. others], cancellationToken);
                await lost.DisposeAsync();
            }

            return _node;
        }
        finally
        {
            _changing.Release();
        }
    }
}
