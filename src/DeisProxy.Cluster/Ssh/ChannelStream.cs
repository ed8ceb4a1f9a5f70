using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>A channel as a stream; closing the stream closes the channel.</summary>
/// <param name="description">Who talks to what, for messages: <c>node to host:port</c>.</param>
internal sealed class ChannelStream(SshChannel channel, string description) : DuplexStream
{
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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            channel.Dispose();
        }

        base.Dispose(disposing);
    }

    private IOException Explain(Exception error) => error is ChannelRefusedException
        ? new IOException($"{description}: the node could not connect ({RemoteText.Clean(error.Message)}).", error)
        : new IOException(error.Message, error);
}
