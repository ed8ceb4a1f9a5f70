namespace DeisProxy.Cluster.Ssh;

/// <summary>A way to connect to the nodes of a cluster.</summary>
public interface INodeTransport
{
    /// <summary>Whether the way leads over another machine, whose address the nodes see instead of this machine's.</summary>
    bool HasJump { get; }

    /// <summary>Whether a person is being asked for a secret.</summary>
    bool IsAsking => false;

    /// <summary>Connects to a node.</summary>
    /// <exception cref="Core.DeisProxyException">Connecting failed; the codes begin with <c>ssh-</c>.</exception>
    Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken);

    /// <summary>Runs one command on a node and leaves it.</summary>
    /// <exception cref="Core.DeisProxyException">Connecting failed; the codes begin with <c>ssh-</c>.</exception>
    async Task<CommandResult> RunOnceAsync(NodeAddress address, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await using var node = await ConnectAsync(address, cancellationToken);
        return await node.RunAsync(arguments, cancellationToken);
    }

    /// <summary>The same way with one more jump, over a connected node.</summary>
    INodeTransport Through(INode entry);
}
