using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// One channel of an SSH connection (RFC 4254, 5): a command, or a TCP connection that the node makes. It holds no thread, and one that nobody reads
/// stops no other, because its window ends.
/// </summary>
/// <param name="isSession">Whether it is for a command.</param>
internal sealed class SshChannel(RenciConnection connection, uint number, bool isSession) : IDisposable
{
    /// <summary>What the node may send before it is read, in bytes; as OpenSSH has it.</summary>
    private const int Window = 64 * PacketSize;

    private const int PacketSize = 32 * 1024;

    /// <summary>Standard error that is kept, in bytes; a command's output has a limit of its own.</summary>
    private const int MaximumError = 1024 * 1024;

    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The window is the limit, not the pipe: its writer is the thread that serves all channels, and must not wait.
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    private readonly MemoryStream _error = new();
    private readonly Lock _lock = new();

    // Held while a message is sent, so that none follows CHANNEL_CLOSE; the thread that receives never takes it.
    private readonly Lock _sending = new();
    private readonly SendWindow _window = new();
    private uint _remoteNumber;
    private int _localWindow = Window;
    private int _unacknowledged;
    private bool _hasEnded;
    private bool _closeSent;
    private volatile bool _disposed;

    /// <summary>Our number of the channel.</summary>
    public uint Number => number;

    /// <summary>Whether it is for a command.</summary>
    public bool IsSession => isSession;

    /// <summary>Ends when the node has closed the channel or the connection is lost.</summary>
    public Task Closed => _closed.Task;

    /// <summary>Exit status of the command, if it has said one.</summary>
    public int? ExitStatus { get; private set; }

    /// <summary>What the command has written to its standard error, once the channel is closed.</summary>
    public string ErrorText => Encoding.UTF8.GetString(_error.GetBuffer(), 0, (int)_error.Length);

    /// <summary>Asks the node for the channel; <see cref="OpenedAsync"/> tells what became of it.</summary>
    public void Open(ChannelOpenInfo info) => connection.Send(new ChannelOpenMessage(Number, Window, PacketSize, info));

    /// <summary>Waits for the channel.</summary>
    /// <exception cref="ChannelRefusedException">The node does not open it.</exception>
    public Task OpenedAsync(CancellationToken cancellationToken) => _opened.Task.WaitAsync(cancellationToken);

    /// <summary>Starts the command.</summary>
    /// <returns>Whether the node has started it.</returns>
    public Task<bool> ExecuteAsync(string command, CancellationToken cancellationToken)
    {
        Send(new ChannelRequestMessage(_remoteNumber, new ExecInfo(command)), connection.Send);
        return _requested.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Reads what the node sends.</summary>
    /// <returns>Number of bytes; 0 at the end.</returns>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await OpenedAsync(cancellationToken);
        var result = await _received.Reader.ReadAsync(cancellationToken);
        ObjectDisposedException.ThrowIf(_disposed, this);
        var count = (int)Math.Min(buffer.Length, result.Buffer.Length);
        var part = result.Buffer.Slice(0, count);
        part.CopyTo(buffer.Span);
        _received.Reader.AdvanceTo(part.End);
        Acknowledge(count);
        return count;
    }

    /// <summary>Sends to the node, as much at a time as it takes.</summary>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        await OpenedAsync(cancellationToken);
        while (data.Length > 0)
        {
            var (count, grew) = _window.Take(data.Length);
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (count == 0)
            {
                if (await Task.WhenAny(grew, Closed).WaitAsync(cancellationToken) == Closed)
                {
                    break;
                }

                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (Closed.IsCompleted || !Send(new ChannelDataMessage(_remoteNumber, data[..count].ToArray()), connection.Send))
            {
                break;
            }

            data = data[count..];
        }

        if (data.Length > 0)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            await Closed;
            throw new IOException("The other side has closed the connection.");
        }
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void SendEof() => Send(new ChannelEofMessage(_remoteNumber), connection.Send);

    /// <summary>
    /// Closes the channel without waiting for the node's answer; who reads or writes gets an <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        if (_opened.Task.IsCompletedSuccessfully)
        {
            SendClose();
        }

        _opened.TrySetException(new ObjectDisposedException(nameof(SshChannel)));
        _ = _opened.Task.Exception;
        _received.Reader.CancelPendingRead();
        _window.Grow(0);
    }

    // What follows is called by the one thread that receives; it must neither wait nor send, because sending waits during a new key exchange.

    /// <summary>The node has opened it.</summary>
    public void OnOpened(uint remoteNumber, uint window, uint packet)
    {
        lock (_lock)
        {
            _remoteNumber = remoteNumber;
            _window.Open(window, packet);
            if (!_disposed)
            {
                _opened.TrySetResult();
                return;
            }
        }

        // Nobody wants it any more.
        _ = Task.Run(SendClose);
    }

    /// <summary>The node has sent something.</summary>
    public void OnData(ReadOnlySpan<byte> data)
    {
        if (IsAllowed(data.Length))
        {
            _received.Writer.Write(data);
            _ = _received.Writer.FlushAsync().AsTask();
        }
    }

    /// <summary>The command has written to its standard error.</summary>
    public void OnError(ReadOnlySpan<byte> data)
    {
        if (!IsAllowed(data.Length))
        {
            return;
        }

        _error.Write(data[..(int)Math.Min(data.Length, MaximumError - _error.Length)]);
        var count = data.Length;
        _ = Task.Run(() => Acknowledge(count));
    }

    /// <summary>The node says something about the command.</summary>
    public void OnRequest(string name, ReadOnlySpan<byte> data)
    {
        // The first byte tells whether an answer is wanted, which here it never is.
        if (name == "exit-status" && data.Length >= 5)
        {
            ExitStatus = (int)BinaryPrimitives.ReadUInt32BigEndian(data[1..]);
        }
    }

    /// <summary>The node has started the command, or not.</summary>
    public void OnAnswer(bool success) => _requested.TrySetResult(success);

    /// <summary>The node lets more be sent.</summary>
    public void OnWindow(uint bytes) => _window.Grow(bytes);

    /// <summary>The node will send nothing more.</summary>
    public void OnEof()
    {
        _hasEnded = true;
        _received.Writer.Complete();
    }

    /// <summary>The node has closed it.</summary>
    public void OnClosed()
    {
        _received.Writer.Complete();
        _requested.TrySetResult(false);
        _closed.TrySetResult();
        connection.Forget(this);
        _ = Task.Run(SendClose);
    }

    /// <summary>The channel has ended with an error.</summary>
    public void Fail(Exception error)
    {
        _opened.TrySetException(error);
        _requested.TrySetException(error);
        _received.Writer.Complete(error);
        _closed.TrySetException(error);
        _ = (_opened.Task.Exception, _requested.Task.Exception, _closed.Task.Exception);
        _window.Grow(0);
    }

    /// <summary>Whether the node may send so much now. If not, this channel ends and no other.</summary>
    private bool IsAllowed(int count)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return false;
            }

            _localWindow -= count;
            if (_localWindow >= 0 && !_hasEnded)
            {
                return true;
            }
        }

        connection.Break(this);
        _ = Task.Run(SendClose);
        return false;
    }

    private void Acknowledge(int count)
    {
        int total;
        lock (_lock)
        {
            _unacknowledged += count;
            if (_unacknowledged < Window / 2)
            {
                return;
            }

            (total, _unacknowledged) = (_unacknowledged, 0);
            _localWindow += total;
        }

        Send(new ChannelWindowAdjustMessage(_remoteNumber, (uint)total), connection.TrySend);
    }

    private void SendClose() => Send(new ChannelCloseMessage(_remoteNumber), connection.TrySend);

    /// <summary>Sends a message, unless the channel is closed: sshd ends the whole connection when one names a channel that is gone.</summary>
    /// <returns>Whether the channel was still open.</returns>
    private bool Send(Message message, Action<Message> send)
    {
        lock (_sending)
        {
            if (_closeSent)
            {
                return false;
            }

            _closeSent = message is ChannelCloseMessage;
            send(message);
            return true;
        }
    }
}
