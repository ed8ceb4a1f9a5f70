using DeisProxy.Cluster.Ssh;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Router;

/// <summary>
/// How the nodes that routers run on are reached: straight where an address is known, else through the node that the cluster was entered by.
/// </summary>
/// <param name="known">Addresses of nodes that the person named; empty: those of the nodes that routers announce themselves on.</param>
internal sealed class NodeWays(IReadOnlyList<NodeAddress> known, IReadOnlyList<Node> nodes)
{
    /// <summary>Connections at a time straight from here.</summary>
    public const int ParallelDirect = 100;

    /// <summary>
    /// Connections at a time through the entry node, whose sshd drops some from the tenth on that has not authenticated yet (MaxStartups
    /// 10:30:100).
    /// </summary>
    public const int ParallelThroughEntry = 8;

    /// <summary>The addresses that are entered straight from here.</summary>
    public IReadOnlyList<NodeAddress> Direct(IEnumerable<LiveRouter> routers) =>
        known.Count > 0 ? known : [.. routers.Select(AddressOf).OfType<NodeAddress>()];

    /// <summary>The address out of those that leads to a router's node.</summary>
    /// <returns>The address; null: none is known to.</returns>
    public NodeAddress? To(IEnumerable<NodeAddress> direct, LiveRouter router) => direct.FirstOrDefault(address =>
        address.Host == router.Name || nodes.Any(node => node.PrivateAddress == router.Name && node.PublicAddress == address.Host));

    /// <summary>What the entry node's sshd says of the connection: client address and port, then the node's own address and port.</summary>
    public static async Task<string[]> ConnectionAsync(INode entry, CancellationToken cancellationToken) =>
        (await entry.RunAsync(["printenv", "SSH_CONNECTION"], cancellationToken)).StandardOutput.Trim().Split(' ');

    private NodeAddress? AddressOf(LiveRouter router) =>
        nodes.FirstOrDefault(node => node.PrivateAddress == router.Name) is { } node
            ? NodeAddress.TryParse(node.PublicAddress ?? node.PrivateAddress!)
            : null;
}
