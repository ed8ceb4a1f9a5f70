using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>A stream that is larger than what anybody would keep of it, the same with every way to enter a node.</summary>
public abstract class LargeStreamTests(ITestOutputHelper output, SshClientKind client)
{
    /// <summary>What may be under way at a time: windows of SSH and buffers of the kernel, and not the stream.</summary>
    private const long MaximumUnderWay = 96 << 20;

    private static readonly long Size =
        long.Parse(Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_STREAM_BYTES") ?? "268435456", CultureInfo.InvariantCulture);

    [Fact]
    public async Task A_large_stream_arrives_whole_both_ways_and_is_kept_nowhere()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        // New keys are exchanged again and again on the way.
        await using var server = await SshServer.StartAsync("RekeyLimit 50M");
        await using var node = await server.ConnectAsync(client);
        await using var near = await node.OpenStreamAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, SshServers.Limit);
        await near.WriteAsync("x"u8.ToArray(), SshServers.Limit);
        using var accepted = await listener.AcceptTcpClientAsync(SshServers.Limit);
        var far = accepted.GetStream();
        await far.ReadExactlyAsync(new byte[1], SshServers.Limit);

        var clock = Stopwatch.StartNew();
        foreach (var (from, to) in new[] { (far, near), (near, (Stream)far) })
        {
            var flow = new Flow();
            var sending = flow.SendAsync(to);
            (await flow.ReceiveAsync(from)).ShouldBe(await sending);
            output.WriteLine($"{Size >> 20} MB by {clock.Elapsed.TotalSeconds:0.0} s, at most {flow.UnderWay >> 10} KB under way");
            flow.UnderWay.ShouldBeLessThan(MaximumUnderWay);
        }
    }

    private sealed class Flow
    {
        private static readonly byte[] Block = RandomNumberGenerator.GetBytes((1 << 16) - 1);

        private readonly CancellationToken _limit = SshServers.Limit;
        private long _sent;
        private long _received;

        public long UnderWay { get; private set; }

        public async Task<string> SendAsync(Stream to)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            while (_sent < Size)
            {
                var part = Block.AsMemory(0, (int)Math.Min(Block.Length, Size - _sent));
                await to.WriteAsync(part, _limit);
                hash.AppendData(part.Span);
                UnderWay = Math.Max(UnderWay, Interlocked.Add(ref _sent, part.Length) - Interlocked.Read(ref _received));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }

        public async Task<string> ReceiveAsync(Stream from)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = new byte[1 << 17];
            var hasRested = false;
            while (_received < Size)
            {
                if (!hasRested && _received > Size / 4)
                {
                    // Long enough for the sender to send it all, if it could.
                    hasRested = true;
                    await Task.Delay(TimeSpan.FromSeconds(2));
                }

                var count = await from.ReadAsync(buffer, _limit);
                count.ShouldBeGreaterThan(0, "it is the end");
                hash.AppendData(buffer, 0, count);
                Interlocked.Add(ref _received, count);
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
    }
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshLargeStreamTests(ITestOutputHelper output) : LargeStreamTests(output, SshClientKind.OpenSsh);

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciLargeStreamTests(ITestOutputHelper output) : LargeStreamTests(output, SshClientKind.Renci);
