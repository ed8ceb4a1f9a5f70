namespace DeisProxy.Cluster.Ssh;

/// <summary>How much may be sent on a channel (RFC 4254, 5.2).</summary>
internal sealed class SendWindow
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _grew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private uint _size;
    private uint _packet;

    /// <summary>The channel is open.</summary>
    /// <param name="size">What may be sent in all.</param>
    /// <param name="packet">What may be sent at a time.</param>
    public void Open(uint size, uint packet)
    {
        lock (_lock)
        {
            (_size, _packet) = (size, packet);
        }
    }

    /// <summary>Takes what may be sent now.</summary>
    /// <returns>How many bytes, and a task that ends when there may be more.</returns>
    public (int Count, Task Grew) Take(int wanted)
    {
        lock (_lock)
        {
            var count = Math.Min((uint)wanted, Math.Min(_size, _packet));
            _size -= count;
            return ((int)count, _grew.Task);
        }
    }

    /// <summary>More may be sent, or whoever waits is to look again.</summary>
    public void Grow(uint bytes)
    {
        TaskCompletionSource grew;
        lock (_lock)
        {
            _size = (uint)Math.Min((ulong)_size + bytes, uint.MaxValue);
            (grew, _grew) = (_grew, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        grew.TrySetResult();
    }
}
