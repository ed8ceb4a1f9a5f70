using System.Text;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>
/// A duplex stream that can look at what arrives before it is consumed: a server must see the first bytes of a connection
/// (a PROXY line, a request line) and then hand the rest on untouched.
/// </summary>
internal sealed class WireStream(Stream inner) : Stream
{
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>What has arrived and is not consumed yet; waits for at least one byte. Empty at the end of the stream.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> PeekAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            await FillAsync(cancellationToken);
        }

        return _buffer.AsMemory(_start, _end - _start);
    }

    /// <summary>Reads up to and including a line feed.</summary>
    /// <returns>The line without its line ending, as Latin-1; null at the end of the stream.</returns>
    public async ValueTask<string?> ReadLineAsync(int limit, CancellationToken cancellationToken)
    {
        var scanned = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + scanned, _end - _start - scanned).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var length = scanned + at;
                var line = Encoding.Latin1.GetString(_buffer, _start, length);
                _start += length + 1;
                return line.EndsWith('\r') ? line[..^1] : line;
            }

            scanned = _end - _start;
            if (scanned > limit)
            {
                throw new MalformedRequestException(Encoding.Latin1.GetString(_buffer, _start, scanned));
            }

            if (!await FillAsync(cancellationToken))
            {
                return scanned == 0 ? null : throw new MalformedRequestException(Encoding.Latin1.GetString(_buffer, _start, scanned));
            }
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_start == _end)
        {
            return await inner.ReadAsync(buffer, cancellationToken);
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        inner.WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous reads are used here.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronous writes are used here.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            Buffer.BlockCopy(_buffer, _start, _buffer, 0, _end - _start);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = await inner.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += count;
        return count > 0;
    }
}

/// <summary>What arrived is not an HTTP request.</summary>
internal sealed class MalformedRequestException(string received) : IOException("The bytes received are not an HTTP message.")
{
    /// <summary>What arrived instead, as Latin-1.</summary>
    public string Received { get; } = received;
}
