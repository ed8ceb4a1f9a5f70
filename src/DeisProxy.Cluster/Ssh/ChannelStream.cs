using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>A channel as a stream; closing the stream closes the channel.</summary>
/// <param name="description">Who talks to what, for messages: <c>node to host:port</c>.</param>
internal sealed class ChannelStream(SshChannel channel, string description) : Stream
{
    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await channel.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is DeisProxyException or ChannelRefusedException)
        {
            throw Explain(error);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await channel.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is DeisProxyException or ChannelRefusedException)
        {
            throw Explain(error);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Every write is sent when it is made.
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Not supported: a blocked thread for each of a hundred streams would stop everything else.</summary>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use ReadAsync.");

    /// <summary>Not supported: a blocked thread for each of a hundred streams would stop everything else.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Use WriteAsync.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ = channel.DisposeAsync().AsTask();
        }

        base.Dispose(disposing);
    }

    private IOException Explain(Exception error) => error is ChannelRefusedException
        ? new IOException($"{description}: the node could not connect ({RemoteText.Clean(error.Message)}).", error)
        : new IOException(error.Message, error);
}
