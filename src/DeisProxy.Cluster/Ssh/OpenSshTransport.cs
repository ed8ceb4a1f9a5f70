using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Connects to nodes with the system's OpenSSH client.</summary>
public sealed class OpenSshTransport(SshOptions options) : INodeTransport
{
    /// <inheritdoc/>
    public bool HasJump => !string.IsNullOrEmpty(options.Jump);

    /// <inheritdoc/>
    /// <exception cref="DeisProxyException">
    /// <c>ssh-missing</c>, <c>ssh-host-key-unknown</c>, <c>ssh-host-key-changed</c>, <c>ssh-auth-refused</c>, <c>ssh-unreachable</c>,
    /// <c>ssh-connection-lost</c>, <c>ssh-failed</c>, or an option is wrong (see <see cref="SshOptions.Validate"/>).
    /// </exception>
    public async Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken) =>
        await OpenSshNode.ConnectAsync(address, options, cancellationToken);

    /// <summary>Runs one command over a connection of its own, which is cheaper than one to share.</summary>
    /// <exception cref="DeisProxyException">Connecting failed; the codes are those of <see cref="ConnectAsync"/>.</exception>
    public async Task<CommandResult> RunOnceAsync(NodeAddress address, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        options.Validate();
        var result = await SshProcess.RunAsync(
            SshArguments.Build(address, options, controlPath: null, new SshPurpose.Command(arguments)), options, cancellationToken);
        return result.ExitCode == SshFailure.ExitStatus && SshFailure.IsRecognized(result.StandardError)
            ? throw SshFailure.From(address, options, result.ExitCode, result.StandardError)
            : result;
    }

    /// <inheritdoc/>
    public INodeTransport Through(INode entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var jump = $"{options.User}@{entry.Name}";
        return new OpenSshTransport(options with { Jump = HasJump ? $"{options.Jump},{jump}" : jump });
    }
}
