using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// A node that is reached with the system's OpenSSH client, so that the user's agent, configuration, known hosts,
/// certificates and hardware keys are in force. Everything shares one connection; when it is lost, the
/// next call makes a new one.
/// </summary>
internal sealed class OpenSshNode(NodeAddress address, SshOptions options) : INode
{
    /// <summary>
    /// sshd refuses an eleventh session on one connection (MaxSessions 10). Connections do not count, but commands that are talked to do, and there
    /// are two of them at most.
    /// </summary>
    private const int ParallelCommands = 7;

    private readonly SemaphoreSlim _commands = new(ParallelCommands);
    private readonly SemaphoreSlim _connecting = new(1);
    private SshMaster? _master;
    private bool _disposed;

    /// <inheritdoc/>
    public string Name => address.ToString();

    /// <summary>Connects to a node.</summary>
    public static async Task<OpenSshNode> ConnectAsync(NodeAddress address, SshOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var node = new OpenSshNode(address, options);
        try
        {
            if (SshMaster.IsSupported)
            {
                await node.MasterAsync(cancellationToken);
            }
            else
            {
                await node.RunAsync(["true"], cancellationToken);
            }

            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        await _commands.WaitAsync(cancellationToken);
        try
        {
            var master = await ReadyMasterAsync(cancellationToken);
            var result = await SshProcess.RunAsync(
                SshArguments.Build(address, options, master?.ControlPath, new SshPurpose.Command(arguments)), options, cancellationToken);
            return result.ExitCode == SshFailure.ExitStatus && NodeFailure(master, result.ExitCode, result.StandardError) is { } failure
                ? throw failure
                : result;
        }
        finally
        {
            _commands.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        var master = await ReadyMasterAsync(cancellationToken);
        var process = SshProcess.Start(
            SshArguments.Build(address, options, master?.ControlPath, new SshPurpose.Command(arguments, IsTalkedTo: true)), options);
        return new SshStream(process, $"{Name} to its command", (status, error) => NodeFailure(master, status, error));
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        var master = await MasterAsync(cancellationToken);
        var process = SshProcess.Start(
            SshArguments.Build(address, options, master?.ControlPath, new SshPurpose.Stream(host, port)), options);
        return new SshStream(process, $"{Name} to {NodeAddress.Join(host, port)}", (status, error) => NodeFailure(master, status, error));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        await _connecting.WaitAsync();
        try
        {
            _disposed = true;
            if (_master is { } master)
            {
                await master.DisposeAsync();
            }
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>Tells a failure of the connection from a remote command that ends with 255 by itself.</summary>
    private DeisProxyException? NodeFailure(SshMaster? master, int exitStatus, string standardError)
    {
        if (master is { IsLost: true })
        {
            return exitStatus == 0 && standardError.Length == 0
                ? SshFailure.Lost(address)
                : SshFailure.Lost(address, RemoteText.Clean(standardError.TrimEnd().Split('\n')[^1]).TrimEnd('.'));
        }

        // With the master alive ssh itself fails only where it had to make a connection of its own, because sshd refused one more session.
        var own = master is null || standardError.Contains("mux_client_request_session: session request failed", StringComparison.Ordinal);
        return exitStatus == SshFailure.ExitStatus && own && SshFailure.IsRecognized(standardError)
            ? SshFailure.From(address, options, exitStatus, standardError)
            : null;
    }

    private async Task<SshMaster?> ReadyMasterAsync(CancellationToken cancellationToken)
    {
        var master = await MasterAsync(cancellationToken);
        await (master?.ReadyAsync(cancellationToken) ?? Task.CompletedTask);
        return master;
    }

    private async Task<SshMaster?> MasterAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        if (!SshMaster.IsSupported)
        {
            return null;
        }

        if (_master is { IsLost: false } alive)
        {
            return alive;
        }

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            ThrowIfDisposed();
            if (_master is { IsLost: true } lost)
            {
                _master = null;
                await lost.DisposeAsync();
            }

            return _master ??= await SshMaster.StartAsync(address, options, cancellationToken);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>Whoever still has a node that was lost and replaced is to try again with the next one.</summary>
    private void ThrowIfDisposed()
    {
        if (_disposed)
        {
            throw SshFailure.Lost(address);
        }
    }
}
