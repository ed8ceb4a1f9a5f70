using System.Net.Sockets;

using DeisProxy.Cluster.Ssh;

namespace DeisProxy.Sandbox.Router;

/// <summary>A stream through a node: when the connection to the node is lost, it fails as one through the system's ssh does.</summary>
internal sealed class NodeStream(InProcessNode node, Stream inner, bool breaksOff) : DuplexStream
{
    private bool _breaksOff = breaksOff;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        try
        {
            count = await inner.ReadAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            throw node.WhyEnded() ?? error;
        }

        if (count == 0 && buffer.Length > 0 && node.WhyEnded() is { } lost)
        {
            throw lost;
        }

        if (count > 0 && _breaksOff)
        {
            _breaksOff = false;
            await node.CutAsync();
            return (count + 1) / 2;
        }

        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            throw node.WhyEnded() ?? error;
        }
    }

    /// <summary>Tells the other side that nothing more comes; what it still says can be read.</summary>
    public void EndInput() => (inner as NetworkStream)?.Socket.Shutdown(SocketShutdown.Send);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
