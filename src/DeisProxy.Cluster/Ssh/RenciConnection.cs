using System.Collections.Concurrent;
using System.Net.Sockets;
using DeisProxy.Core;
using Renci.SshNet;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DeisProxy.Cluster.Ssh;

/// <summary>One SSH connection, made by SSH.NET, and its channels.</summary>
internal sealed class RenciConnection : IAsyncDisposable
{
    /// <summary>Our channels' numbers begin where those that SSH.NET gives never come.</summary>
    private const uint FirstChannel = 0x40000000;

    /// <summary>A connection that is silent for so many questions in a row is lost; as ServerAliveInterval and ServerAliveCountMax.</summary>
    private const int UnansweredLimit = 3;

    private static readonly TimeSpan AskInterval = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(3);

    private readonly NodeAddress _node;
    private readonly SshClient _client;
    private readonly Session _session;
    private readonly IReadOnlyList<IAsyncDisposable> _way;
    private readonly ConcurrentDictionary<uint, SshChannel> _channels = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _asking;
    private readonly Lazy<Task> _closing;
    private uint _lastChannel = FirstChannel;
    private int _unanswered;
    private int _lost;
    private string? _why;
    private int _disposed;

    /// <summary>Takes over a connected client.</summary>
    /// <param name="way">What the connection goes through, the nearer first; it ends with the connection.</param>
    public RenciConnection(NodeAddress node, SshClient client, Session session, IReadOnlyList<IAsyncDisposable> way)
    {
        (_node, _client, _session, _way) = (node, client, session, way);
        _closing = new Lazy<Task>(() => Task.Run(Close));
        _session.ChannelOpenConfirmationReceived += (_, e) =>
            With(e.Message, channel => channel.OnOpened(e.Message.RemoteChannelNumber, e.Message.InitialWindowSize, e.Message.MaximumPacketSize));
        _session.ChannelOpenFailureReceived += (_, e) =>
        {
            if (_channels.TryRemove(e.Message.LocalChannelNumber, out var channel))
            {
                channel.Fail(new ChannelRefusedException(e.Message.Description));
            }
        };
        _session.ChannelDataReceived += (_, e) => With(e.Message, channel => channel.OnData(e.Message.Data.AsSpan(e.Message.Offset, e.Message.Size)));
        _session.ChannelExtendedDataReceived += (_, e) => With(e.Message, channel => channel.OnError(e.Message.Data));
        _session.ChannelRequestReceived += (_, e) => With(e.Message, channel => channel.OnRequest(e.Message.RequestName, e.Message.RequestData));
        _session.ChannelSuccessReceived += (_, e) => With(e.Message, channel => channel.OnAnswer(success: true));
        _session.ChannelFailureReceived += (_, e) => With(e.Message, channel => channel.OnAnswer(success: false));
        _session.ChannelWindowAdjustReceived += (_, e) => With(e.Message, channel => channel.OnWindow(e.Message.BytesToAdd));
        _session.ChannelEofReceived += (_, e) => With(e.Message, channel => channel.OnEof());
        _session.ChannelCloseReceived += (_, e) => With(e.Message, channel => channel.OnClosed());
        _session.RequestSuccessReceived += (_, _) => _unanswered = 0;
        _session.RequestFailureReceived += (_, _) => _unanswered = 0;
        _session.ErrorOccured += (_, e) => OnLost(e.Exception);
        _session.Disconnected += (_, _) => OnLost(null);
        _asking = AskAsync();
        if (!_client.IsConnected)
        {
            OnLost(null);
        }
    }

    /// <summary>Whether the connection is gone.</summary>
    public bool IsLost => _lost != 0 || _disposed != 0;

    /// <summary>Asks for a channel.</summary>
    public SshChannel Open(ChannelOpenInfo info)
    {
        var channel = new SshChannel(this, Interlocked.Increment(ref _lastChannel), info is SessionOpenInfo);
        _channels[channel.Number] = channel;
        try
        {
            channel.Open(info);
            AcknowledgeAtOnce();
        }
        catch
        {
            Forget(channel);
            throw;
        }

        // It may have been lost between the two lines above.
        if (_lost != 0)
        {
            channel.Fail(SshFailure.Lost(_node));
        }

        return channel;
    }

    /// <summary>Sends a message.</summary>
    /// <exception cref="DeisProxyException"><c>ssh-connection-lost</c>.</exception>
    public void Send(Message message)
    {
        try
        {
            SshMessages.Send(_session, message);
        }
#pragma warning disable CA1031 // SSH.NET throws whatever its socket, its ciphers or its disposed parts throw; each means the same here.
        catch (Exception error)
#pragma warning restore CA1031
        {
            OnLost(error);
            throw SshFailure.Lost(_node, _why, error);
        }
    }

    /// <summary>Sends a message that nobody needs any more when the connection is lost.</summary>
    public void TrySend(Message message)
    {
        try
        {
            Send(message);
        }
        catch (DeisProxyException error)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }

    /// <summary>Passes nothing to a channel any more.</summary>
    public void Forget(SshChannel channel) => _channels.TryRemove(channel.Number, out _);

    /// <summary>Ends a channel on which the node sends what it may not.</summary>
    public void Break(SshChannel channel)
    {
        Forget(channel);
        channel.Fail(SshFailure.Misbehaved(_node));
    }

    /// <summary>Ends of the other sessions.</summary>
    public IReadOnlyList<Task> OtherSessions(SshChannel channel) =>
        [.. _channels.Values.Where(other => other.IsSession && other != channel).Select(other => other.Closed)];

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        OnLost(null);
        await _asking;
        _ended.Dispose();
        try
        {
            // It waits for the thread that receives.
            await _closing.Value.WaitAsync(CloseTime);
        }
        catch (TimeoutException error)
        {
            SshMessages.SocketOf(_session)?.Dispose();
            System.Diagnostics.Debug.WriteLine(error.Message);
        }

        foreach (var part in _way)
        {
            await part.DisposeAsync();
        }
    }

    /// <summary>
    /// Until its first command sshd sends nothing small while the last small thing is unacknowledged (Nagle's algorithm), which it would be for
    /// 40 ms: longer than all else takes. Linux forgets this option after a while.
    /// </summary>
    private void AcknowledgeAtOnce()
    {
        const int Tcp = 6;
        const int QuickAck = 12;
        try
        {
            if (OperatingSystem.IsLinux())
            {
                SshMessages.SocketOf(_session)?.SetRawSocketOption(Tcp, QuickAck, BitConverter.GetBytes(1));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is only slower.
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }

    private void With(ChannelMessage message, Action<SshChannel> act)
    {
        _unanswered = 0;
        if (_channels.TryGetValue(message.LocalChannelNumber, out var channel))
        {
            act(channel);
        }
    }

    private void OnLost(Exception? error)
    {
        if (Interlocked.Exchange(ref _lost, 1) != 0)
        {
            return;
        }

        _why = error is null ? null : RemoteText.Clean(error.Message).TrimEnd('.');
        _ended.Cancel();
        foreach (var channel in _channels.Values)
        {
            channel.Fail(SshFailure.Lost(_node, _why, error));
        }

        _channels.Clear();
        _ = _closing.Value;
    }

    private void Close()
    {
        if (_disposed == 0)
        {
            // It is lost, and nothing is to be said any more.
            SshMessages.SocketOf(_session)?.Dispose();
        }

        _client.Dispose();
    }

    /// <summary>
    /// Asks the node for a sign of life; without one the connection is lost, which TCP alone would notice after a quarter of an hour.
    /// </summary>
    private async Task AskAsync()
    {
        using var timer = new PeriodicTimer(AskInterval);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                if (Interlocked.Increment(ref _unanswered) > UnansweredLimit)
                {
                    OnLost(new IOException($"it did not answer for {(AskInterval * UnansweredLimit).TotalSeconds} s"));
                    return;
                }

                // Sending waits while the network takes nothing.
                _ = Task.Run(() => TrySend(SshMessages.GlobalRequest("keepalive@openssh.com"u8.ToArray(), wantReply: true)));
            }
        }
        catch (OperationCanceledException)
        {
            // The connection has ended.
        }
    }
}
