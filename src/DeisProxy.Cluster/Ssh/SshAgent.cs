using System.Buffers.Binary;
using System.Net.Sockets;

namespace DeisProxy.Cluster.Ssh;

/// <summary>An ssh agent (draft-miller-ssh-agent), over its socket.</summary>
internal sealed class SshAgent(string socketPath)
{
    private const byte RequestIdentities = 11;
    private const byte IdentitiesAnswer = 12;
    private const byte SignRequest = 13;
    private const byte SignResponse = 14;
    private const uint RsaSha256 = 2;
    private const uint RsaSha512 = 4;

    /// <summary>Longest message that is taken, in bytes; OpenSSH's own limit.</summary>
    private const int MaximumLength = 256 * 1024;

    /// <summary>How long the agent may take to say what it has. It needs nobody for that.</summary>
    private static readonly TimeSpan ListTime = TimeSpan.FromSeconds(5);

    /// <summary>How long the agent may take to sign: it may ask its user first.</summary>
    private static readonly TimeSpan SignTime = TimeSpan.FromSeconds(30);

    /// <summary>Reads which keys it has.</summary>
    /// <returns>The public keys, encoded; none if it is locked.</returns>
    /// <exception cref="IOException">It does not answer, or not as an agent.</exception>
    public async Task<IReadOnlyList<byte[]>> ListAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ListTime);
        try
        {
            using var socket = NewSocket();
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), limit.Token);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(Frame([RequestIdentities]), limit.Token);
            var head = new byte[4];
            await stream.ReadExactlyAsync(head, limit.Token);
            var answer = new byte[Length(head)];
            await stream.ReadExactlyAsync(answer, limit.Token);
            return Keys(answer);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"it did not answer within {ListTime.TotalSeconds} s", error);
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            throw new IOException(error.Message, error);
        }
    }

    /// <summary>Signs. SSH.NET asks for it on a thread of its own and cannot wait otherwise.</summary>
    /// <param name="algorithm">The signature's algorithm, such as <c>rsa-sha2-512</c>.</param>
    /// <returns>The signature, encoded with its algorithm.</returns>
    /// <exception cref="IOException">It does not sign.</exception>
    public byte[] Sign(byte[] key, string algorithm, byte[] data)
    {
        var flags = algorithm.StartsWith("rsa-sha2-512", StringComparison.Ordinal) ? RsaSha512
            : algorithm.StartsWith("rsa-sha2-256", StringComparison.Ordinal) ? RsaSha256
            : 0;
        var request = new byte[1 + 4 + key.Length + 4 + data.Length + 4];
        request[0] = SignRequest;
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(1), key.Length);
        key.CopyTo(request, 5);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(5 + key.Length), data.Length);
        data.CopyTo(request, 9 + key.Length);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(9 + key.Length + data.Length), flags);
        try
        {
            using var socket = NewSocket();
            socket.SendTimeout = socket.ReceiveTimeout = (int)SignTime.TotalMilliseconds;
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            using var stream = new NetworkStream(socket);
            stream.Write(Frame(request));
            var head = new byte[4];
            stream.ReadExactly(head);
            var answer = new byte[Length(head)];
            stream.ReadExactly(answer);
            var rest = answer.AsSpan(1);
            return answer[0] == SignResponse ? Take(ref rest).ToArray() : throw new IOException("it refuses to sign");
        }
        catch (SocketException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private static byte[] Frame(byte[] message)
    {
        var frame = new byte[4 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, message.Length);
        message.CopyTo(frame, 4);
        return frame;
    }

    private static int Length(byte[] head) =>
        BinaryPrimitives.ReadInt32BigEndian(head) is >= 1 and <= MaximumLength and var length ? length : throw NoAgent();

    private static IOException NoAgent() => new("it is not an ssh agent");

    private static List<byte[]> Keys(byte[] answer)
    {
        var keys = new List<byte[]>();
        if (answer[0] != IdentitiesAnswer)
        {
            return keys;
        }

        var rest = answer.AsSpan(1);
        if (rest.Length < 4)
        {
            throw NoAgent();
        }

        var count = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        for (var i = 0; i < count && rest.Length > 0; i++)
        {
            keys.Add(Take(ref rest).ToArray());
            _ = Take(ref rest);
        }

        return keys;
    }

    private static Span<byte> Take(ref Span<byte> rest)
    {
        if (rest.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - 4)
        {
            throw NoAgent();
        }

        var part = rest.Slice(4, (int)BinaryPrimitives.ReadUInt32BigEndian(rest));
        rest = rest[(4 + part.Length)..];
        return part;
    }
}
