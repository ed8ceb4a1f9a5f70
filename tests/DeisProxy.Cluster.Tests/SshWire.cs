using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace DeisProxy.Cluster.Tests;

/// <summary>The wire format (RFC 4251, 5).</summary>
internal static class Ssh
{
    /// <summary>Strings and byte arrays, each with its length before it.</summary>
    public static byte[] Join(params object[] parts) => [.. parts.SelectMany(part =>
    {
        var bytes = part as byte[] ?? Encoding.UTF8.GetBytes((string)part);
        return (IEnumerable<byte>)[.. Number((uint)bytes.Length), .. bytes];
    })];

    public static byte[] Number(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>A positive number: no zeros in front, but one where it would pass for negative.</summary>
    public static byte[] Number(byte[] value)
    {
        byte[] shortest = [.. value.SkipWhile(b => b == 0)];
        return shortest is [>= 0x80, ..] ? [0, .. shortest] : shortest;
    }
}

/// <summary>Reads the parts of a message.</summary>
internal sealed class SshReader(ReadOnlyMemory<byte> rest)
{
    private ReadOnlyMemory<byte> _rest = rest;

    public byte Byte() => Take(1)[0];

    public uint Number() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public byte[] Bytes() => Take((int)Number());

    public string Text() => Encoding.UTF8.GetString(Bytes());

    private byte[] Take(int count)
    {
        var part = _rest[..count].ToArray();
        _rest = _rest[count..];
        return part;
    }
}

/// <summary>Packets of a connection (RFC 4253, 6), encrypted with aes128-gcm@openssh.com (RFC 5647).</summary>
internal sealed class SshWire(Socket socket, CancellationToken stop) : IDisposable
{
    private readonly NetworkStream _stream = new(socket, ownsSocket: true);
    private (AesGcm Cipher, byte[] Nonce)? _in;
    private (AesGcm Cipher, byte[] Nonce)? _out;

    public void Dispose()
    {
        _stream.Dispose();
        _in?.Cipher.Dispose();
        _out?.Cipher.Dispose();
    }

    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    public Task WriteAsync(byte[] data) => _stream.WriteAsync(data, stop).AsTask();

    /// <summary>Hears what is said until the other side closes, and answers nothing.</summary>
    public Task HearAsync() => _stream.CopyToAsync(Stream.Null, stop);

    public async Task<string> ReadLineAsync()
    {
        var line = new List<byte>();
        while (line is not [.., (byte)'\n'])
        {
            line.Add((await ReadAsync(1))[0]);
        }

        return Encoding.ASCII.GetString([.. line]).TrimEnd();
    }

    /// <summary>Encrypts from now on.</summary>
    /// <param name="derive">Makes the key of a letter (RFC 4253, 7.2).</param>
    public void Encrypt(Func<char, byte[]> derive)
    {
        _in = (new AesGcm(derive('C').AsSpan(0, 16), 16), derive('A')[..12]);
        _out = (new AesGcm(derive('D').AsSpan(0, 16), 16), derive('B')[..12]);
    }

    public async Task SendAsync(byte[] payload)
    {
        // Without encryption the length counts too.
        var counted = _out is null ? 5 : 1;
        var padding = 16 - ((counted + payload.Length) % 16);
        padding += padding < 4 ? 16 : 0;
        byte[] length = Ssh.Number((uint)(1 + payload.Length + padding));
        byte[] packet = [(byte)padding, .. payload, .. new byte[padding]];
        if (_out is not { } with)
        {
            await WriteAsync([.. length, .. packet]);
            return;
        }

        var (encrypted, tag) = (new byte[packet.Length], new byte[16]);
        with.Cipher.Encrypt(with.Nonce, packet, encrypted, tag, length);
        Count(with.Nonce);
        await WriteAsync([.. length, .. encrypted, .. tag]);
    }

    public async Task<byte[]> ReceiveAsync()
    {
        var length = await ReadAsync(4);
        var packet = await ReadAsync((int)BinaryPrimitives.ReadUInt32BigEndian(length));
        if (_in is { } with)
        {
            var tag = await ReadAsync(16);
            with.Cipher.Decrypt(with.Nonce, packet, tag, packet, length);
            Count(with.Nonce);
        }

        return packet[1..^packet[0]];
    }

    private static void Count(byte[] nonce) =>
        BinaryPrimitives.WriteUInt64BigEndian(nonce.AsSpan(4), BinaryPrimitives.ReadUInt64BigEndian(nonce.AsSpan(4)) + 1);

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, stop);
        return bytes;
    }
}
