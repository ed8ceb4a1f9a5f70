using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>A node that is reached with SSH.NET. Everything shares one connection; when it is lost, the next call makes a new one.</summary>
/// <param name="connect">Makes a connection.</param>
/// <param name="answerTime">How long the node may take to open a session and to start a command.</param>
/// <param name="isJump">Whether it only passes streams on: many a jump host runs no commands.</param>
internal sealed class RenciNode(
    NodeAddress address, Func<CancellationToken, Task<RenciConnection>> connect, TimeSpan answerTime, bool isJump = false) : INode
{
    /// <summary>
    /// sshd refuses an eleventh session on one connection (MaxSessions 10); TCP connections do not count, but commands that are talked to do, and
    /// there are two of them at most.
    /// </summary>
    private const int ParallelCommands = 7;

    /// <summary>How often a session is asked for again although none of ours is open: sshd may not have seen the end of the last one yet.</summary>
    private const int RefusalLimit = 5;

    private static readonly TimeSpan RefusalPause = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a session is waited for that sshd refuses (MaxSessions) until a further connection is made for it.</summary>
    private static readonly TimeSpan SessionTime = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstCommandTime = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _commands = new(ParallelCommands);
    private readonly SemaphoreSlim _connecting = new(1);
    private readonly CancellationTokenSource _ended = new();

    // Connections that have as many sessions as sshd lets them have; those that are in use go on.
    private readonly List<RenciConnection> _full = [];
    private RenciConnection? _connection;
    private bool _hasRun;
    private int _disposed;

    /// <inheritdoc/>
    public string Name => address.ToString();

    /// <summary>Connects now.</summary>
    public Task EnterAsync(CancellationToken cancellationToken) => ConnectionAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        await _commands.WaitAsync(cancellationToken);
        try
        {
            // Nothing is to be read, as with ssh -n.
            using var channel = await ExecuteAsync($"{ShellQuote.Join(arguments)} </dev/null", cancellationToken);
            channel.SendEof();
            var output = await CommandOutput.ReadAsync(channel.ReadAsync, cancellationToken);
            await channel.Closed.WaitAsync(cancellationToken);
            _hasRun = true;
            return new CommandResult(channel.ExitStatus ?? SshFailure.ExitStatus, output, channel.ErrorText);
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
        return new ChannelStream(await ExecuteAsync(ShellQuote.Join(arguments), cancellationToken), $"{Name} to its command");
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, 65535);
        if (!_hasRun && !isJump)
        {
            await RunFirstAsync(cancellationToken);
        }

        var connection = await ConnectionAsync(cancellationToken);
        return new ChannelStream(connection.Open(new TcpOpenInfo(host, port)), $"{Name} to {NodeAddress.Join(host, port)}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _ended.CancelAsync();
        await _connecting.WaitAsync();
        try
        {
            await Task.WhenAll(_full.Append(_connection).OfType<RenciConnection>().Select(connection => connection.DisposeAsync().AsTask()));
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <summary>
    /// sshd turns Nagle's algorithm off (TCP_NODELAY) when a first command is run; a connection that only ever carries streams would stall for
    /// 40 ms, the delayed acknowledgement, now and then. Where that cannot be, it is only slower.
    /// </summary>
    private async Task RunFirstAsync(CancellationToken cancellationToken)
    {
        await ConnectionAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(FirstCommandTime);
        try
        {
            await RunAsync(["true"], limit.Token);
        }
        catch (Exception error) when (error is DeisProxyException { IsTransient: false }
            || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            _hasRun = true;
        }
    }

    private async Task<SshChannel> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        var refusals = 0;
        while (true)
        {
            var connection = await ConnectionAsync(cancellationToken);
            var channel = connection.Open(new SessionOpenInfo());
            var isKept = false;
            try
            {
                await channel.OpenedAsync(cancellationToken).WaitAsync(answerTime, cancellationToken);
                if (!await channel.ExecuteAsync(command, cancellationToken).WaitAsync(answerTime, cancellationToken))
                {
                    throw new DeisProxyException(
                        "ssh-failed",
                        $"{Name} does not run commands.",
                        "Check what its sshd lets this user do (ForceCommand, the options of the key in authorized_keys).");
                }

                isKept = true;
                return channel;
            }
            catch (ChannelRefusedException error)
            {
                // sshd has fewer sessions (MaxSessions) than are in use. One of ours will end, unless all are talked to.
                if (connection.OtherSessions(channel) is { Count: > 0 } others)
                {
                    if (await Task.WhenAny([.. others, Task.Delay(SessionTime, cancellationToken)]) is var first && !others.Contains(first))
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        await SetAsideAsync(connection, cancellationToken);
                    }

                    continue;
                }

                if (++refusals > RefusalLimit)
                {
                    throw new DeisProxyException(
                        "ssh-failed",
                        $"{Name} does not open a session: {RemoteText.Clean(error.Message)}.",
                        "Check the log of its sshd (MaxSessions, limits of processes).",
                        error);
                }

                await Task.Delay(RefusalPause, cancellationToken);
            }
            catch (TimeoutException error)
            {
                throw SshFailure.Lost(address, "it does not answer in time", error);
            }
            finally
            {
                if (!isKept)
                {
                    channel.Dispose();
                }
            }
        }
    }

    /// <summary>Has the next call make a further connection.</summary>
    private async Task SetAsideAsync(RenciConnection connection, CancellationToken cancellationToken)
    {
        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_connection == connection)
            {
                _full.Add(connection);
                (_connection, _hasRun) = (null, false);
            }
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<RenciConnection> ConnectionAsync(CancellationToken cancellationToken)
    {
        ThrowIfDisposed();
        if (_connection is { IsLost: false } alive)
        {
            return alive;
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
        try
        {
            await _connecting.WaitAsync(either.Token);
            try
            {
                ThrowIfDisposed();
                if (_connection is { IsLost: true } lost)
                {
                    (_connection, _hasRun) = (null, false);
                    await lost.DisposeAsync();
                }

                return _connection ??= await connect(either.Token);
            }
            finally
            {
                _connecting.Release();
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw SshFailure.Lost(address, innerException: error);
        }
    }

    /// <summary>Whoever still has a node that was lost and replaced is to try again with the next one.</summary>
    private void ThrowIfDisposed()
    {
        if (_disposed != 0)
        {
            throw SshFailure.Lost(address);
        }
    }
}
