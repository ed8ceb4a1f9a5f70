using DeisProxy.Cluster.Ssh;

namespace DeisProxy.Sandbox.Router;

/// <summary>Enters the sandbox's nodes without SSH.</summary>
/// <param name="enter">Enters a node by its address, such as <see cref="SandboxCloud.ConnectNodeAsync"/>.</param>
public sealed class SandboxTransport(Func<string, CancellationToken, Task<INode>> enter) : INodeTransport
{
    /// <inheritdoc/>
    public bool HasJump => false;

    /// <inheritdoc/>
    public Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return enter(address.Host, cancellationToken);
    }

    /// <inheritdoc/>
    public INodeTransport Through(INode entry) => this;
}
