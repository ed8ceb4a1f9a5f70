using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>How a person is asked and told while connections are made.</summary>
/// <param name="Ask">Asks for a secret; null: there is nobody to ask.</param>
/// <param name="Warn">Is told what the person should know.</param>
/// <param name="Explain">Is told what happens and why, for whoever wants it at length.</param>
public sealed record SshDialog(Func<string, CancellationToken, Task<string?>>? Ask, Action<string> Warn, Action<string> Explain)
{
    /// <summary>Nobody is there.</summary>
    public static SshDialog Silent { get; } = new(null, _ => { }, _ => { });
}

/// <summary>Connects to nodes with SSH.NET, and with the system's ssh where SSH.NET cannot.</summary>
public sealed class SshTransport : INodeTransport, IDisposable
{
    private readonly SshOptions _options;
    private readonly SshDialog _dialog;
    private readonly OpenSshTransport _openSsh;
    private readonly KeyRing _keys;
    private readonly RenciTransport _renci;
    private readonly ConfigurationReader _configurations;
    private readonly AskPass? _askPass;
    private readonly INode? _entry;
    private readonly HashSet<string> _said = [];

    /// <summary>Prepares; nothing is contacted yet.</summary>
    public SshTransport(SshOptions options, SshDialog dialog)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(dialog);
        (_options, _dialog, _keys, _askPass) = (options, dialog, new KeyRing(dialog.Ask), AskPass.OfEnvironment());
        _openSsh = new OpenSshTransport(options with { AskPass = _askPass });
        (_renci, _configurations) = (new RenciTransport(options, _keys, WarnOnce), new ConfigurationReader(options, WarnOnce));
    }

    private SshTransport(SshTransport from, INode entry)
    {
        (_options, _dialog, _keys, _renci, _said) = (from._options, from._dialog, from._keys, from._renci, from._said);
        (_entry, _configurations, _openSsh) = (entry, from._configurations, (OpenSshTransport)from._openSsh.Through(entry));
    }

    /// <inheritdoc/>
    public bool IsAsking => _keys.IsAsking;

    /// <inheritdoc/>
    public bool HasJump => _entry is not null || !string.IsNullOrEmpty(_options.Jump);

    /// <inheritdoc/>
    /// <exception cref="DeisProxyException">
    /// <c>ssh-missing</c>, <c>ssh-host-key-unknown</c>, <c>ssh-host-key-changed</c>, <c>ssh-host-key-revoked</c>, <c>ssh-auth-refused</c>,
    /// <c>ssh-key-unusable</c>,
    /// <c>ssh-client-unfit</c>, <c>ssh-unreachable</c>, <c>ssh-connection-lost</c>, <c>ssh-failed</c>, or an option is wrong (see
    /// <see cref="SshOptions.Validate"/>).
    /// </exception>
    public async Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        _options.Validate();
        if (_options.Client == SshClientKind.OpenSsh)
        {
            return await _openSsh.ConnectAsync(address, cancellationToken);
        }

        var host = await _configurations.ResolveAsync(address, _options.User, jump: null, cancellationToken);
        var (asking, reason) = (address, host.NeedsOpenSsh);
        var hops = new List<(NodeAddress Address, HostConfiguration Host)>();
        foreach (var (user, hop) in _entry is null && reason is null ? host.Jumps : [])
        {
            hops.Add((hop, await _configurations.ResolveAsync(hop, user, hops.Count, cancellationToken)));
            (asking, reason) = reason is null ? (hop, hops[^1].Host.NeedsOpenSsh) : (asking, reason);
        }

        if (reason is not null)
        {
            if (_options.Client == SshClientKind.Renci)
            {
                throw new DeisProxyException(
                    "ssh-client-unfit",
                    $"The ssh configuration of {asking} asks for {reason}, which Renci.SshNet cannot do.",
                    "Use --ssh-client openssh, or auto.");
            }

            Once(_dialog.Explain, $"{address}: connecting with the system's ssh, because the ssh configuration of {asking} asks for {reason}");
            return await _openSsh.ConnectAsync(address, cancellationToken);
        }

        Once(_dialog.Explain, $"{address}: connecting with Renci.SshNet");
        var node = new RenciNode(address, ct => _renci.ConnectAsync(address, host, hops, _entry, ct), _options.EntryTime);
        try
        {
            await node.EnterAsync(cancellationToken);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public INodeTransport Through(INode entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new SshTransport(this, entry);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _keys.Dispose();
        _configurations.Dispose();
        _askPass?.Dispose();
    }

    private void WarnOnce(string text) => Once(_dialog.Warn, text);

    private void Once(Action<string> tell, string text)
    {
        lock (_said)
        {
            if (!_said.Add(text))
            {
                return;
            }
        }

        tell(text);
    }
}
