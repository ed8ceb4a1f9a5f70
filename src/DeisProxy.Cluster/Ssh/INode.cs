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
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>Exit status and output; a non-zero exit status is not an error here.</returns>
    /// <exception cref="Core.DeisProxyException">The connection is lost or cannot be made.</exception>
    Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>Starts a command that is talked to while it runs. As with <see cref="RunAsync"/>, nothing in the arguments is interpreted.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The command's standard input and output; disposing it closes both, whereupon the command is to end.</returns>
    /// <exception cref="Core.DeisProxyException">The connection is lost or cannot be made.</exception>
    Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken);

    /// <summary>Opens a TCP connection to an address as the node sees it.</summary>
    /// <param name="host">Host name or IP address, resolved on the node.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>A duplex stream; disposing it closes the connection.</returns>
    /// <exception cref="Core.DeisProxyException">The connection to the node is lost or cannot be made.</exception>
    /// <exception cref="IOException">The node could not connect to that address; also thrown by the first read.</exception>
    Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken);
}

/// <summary>What a command on a node left behind.</summary>
/// <param name="ExitCode">Its exit status.</param>
/// <param name="StandardOutput">What it wrote to its standard output.</param>
/// <param name="StandardError">What it wrote to its standard error.</param>
public sealed record CommandResult(int ExitCode, string StandardOutput, string StandardError);
