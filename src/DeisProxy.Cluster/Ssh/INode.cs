namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// One node of the cluster, connected: the only way in which deis-proxy reaches anything inside the cluster.
/// </summary>
public interface INode : IAsyncDisposable
{
    /// <summary>The node's name for people: <c>host</c> or <c>host:port</c>, as it was given.</summary>
    string Name { get; }

    /// <summary>
    /// Runs a command on the node. The arguments reach the program exactly as given: the implementation quotes them for
    /// the remote shell, so nothing in them is ever interpreted.
    /// </summary>
    /// <returns>Exit status and output; a non-zero exit status is not an error here.</returns>
    Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>Starts a command that is talked to while it runs. As with <see cref="RunAsync"/>, nothing in the arguments is interpreted.</summary>
    Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>Opens a TCP connection to an address as the node sees it.</summary>
    Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken);
}

/// <summary>What a command on a node left behind.</summary>
public sealed record CommandResult(int ExitCode, string StandardOutput, string StandardError);
