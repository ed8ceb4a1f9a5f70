using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>What a node does with streams, the same with every way to enter it, on a real sshd.</summary>
public abstract class NodeStreamTests(SharedSshServer shared, ITestOutputHelper output, SshClientKind client) : NodeTestBase(shared, client)
{
    [Fact]
    public async Task Two_hundred_streams_share_one_connection()
    {
        using var echo = new EchoServer();
        await using var node = await ConnectAsync();
        var before = await ConnectionsAsync(node);
        var clock = Stopwatch.StartNew();
        var streams = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit)));
        var answers = await Task.WhenAll(streams.Select(async (stream, i) =>
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{i:000}"), SshServers.Limit);
            var buffer = new byte[3];
            await stream.ReadExactlyAsync(buffer, SshServers.Limit);
            return Encoding.ASCII.GetString(buffer);
        }));
        output.WriteLine($"200 streams opened and answered: {clock.ElapsedMilliseconds} ms");
        answers.ShouldBe(Enumerable.Range(0, 200).Select(i => $"{i:000}"));
        (await ConnectionsAsync(node)).ShouldBe(before, "all streams go over the one connection");
        foreach (var stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_stream_carries_megabytes_both_ways()
    {
        using var echo = new EchoServer();
        await using var node = await ConnectAsync();
        await using var stream = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
        var sent = new byte[2_000_000];
        Random.Shared.NextBytes(sent);
        var received = new byte[sent.Length];
        var reading = stream.ReadExactlyAsync(received, SshServers.Limit).AsTask();
        await stream.WriteAsync(sent, SshServers.Limit);
        await reading;
        received.ShouldBe(sent);
    }

    [Fact]
    public async Task A_stream_that_nobody_reads_stops_no_other()
    {
        await using var node = await ConnectAsync();
        await using var unread = await node.StartAsync(["cat", "/dev/zero"], SshServers.Limit);
        await using var other = await node.StartAsync(["sh", "-c", "head -c 100000000 /dev/zero"], SshServers.Limit);
        var buffer = new byte[1 << 16];
        long total = 0;
        for (int count; (count = await other.ReadAsync(buffer, SshServers.Limit)) > 0; total += count)
        {
        }

        total.ShouldBe(100_000_000);
    }

    [Fact]
    public async Task Closing_a_stream_ends_what_waits_for_it()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var node = await ConnectAsync();
        var stream = await node.OpenStreamAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, SshServers.Limit);
        var reading = stream.ReadAsync(new byte[1], SshServers.Limit).AsTask();
        var writing = stream.WriteAsync(new byte[64_000_000], SshServers.Limit).AsTask();
        await node.RunAsync(["true"], SshServers.Limit);
        (reading.IsCompleted || writing.IsCompleted).ShouldBeFalse();

        await stream.DisposeAsync();

        var both = Task.WhenAll(reading, writing);
        (await Task.WhenAny(both, Task.Delay(TimeSpan.FromSeconds(60)))).ShouldBe(both, "both have ended");
        (reading.IsFaulted, writing.IsFaulted).ShouldBe((true, true));
    }

    [Fact]
    public async Task What_the_other_side_sent_before_it_closed_arrives()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var node = await ConnectAsync();
        await using var stream = await node.OpenStreamAsync("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port, SshServers.Limit);
        var writing = stream.WriteAsync("go"u8.ToArray(), SshServers.Limit);
        using (var accepted = await listener.AcceptTcpClientAsync(SshServers.Limit))
        {
            await accepted.GetStream().ReadExactlyAsync(new byte[2], SshServers.Limit);
            await accepted.GetStream().WriteAsync(new byte[500_000], SshServers.Limit);
            accepted.Client.Shutdown(SocketShutdown.Send);

            // Its half is closed; ours is not.
            using var received = new MemoryStream();
            await stream.CopyToAsync(received, SshServers.Limit);
            received.Length.ShouldBe(500_000);
        }

        await writing;
    }

    [Fact]
    public async Task An_address_that_refuses_is_an_error_that_says_so()
    {
        await using var node = await ConnectAsync();
        var port = RealProcess.FreePort();
        await using var stream = await node.OpenStreamAsync("127.0.0.1", port, SshServers.Limit);
        var error = await Should.ThrowAsync<IOException>(() => stream.ReadExactlyAsync(new byte[1], SshServers.Limit).AsTask());
        error.Message.ShouldStartWith($"{Server.Address} to 127.0.0.1:{port}: the node could not connect");
        (await node.RunAsync(["echo", "alive"], SshServers.Limit)).StandardOutput.ShouldBe("alive\n");
    }

    [Fact]
    public async Task An_end_of_the_other_side_is_an_end_and_no_error()
    {
        using var echo = new EchoServer();
        await using var node = await ConnectAsync();
        await using var stream = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
        await stream.WriteAsync("q"u8.ToArray(), SshServers.Limit);
        (await stream.ReadAsync(new byte[10], SshServers.Limit)).ShouldBe(0);
    }

    [Fact]
    public async Task A_node_that_runs_no_commands_still_opens_streams()
    {
        using var echo = new EchoServer();
        await using var server = await SshServer.StartAsync("ForceCommand sleep 60");
        await using var node = await ConnectAsync(server);
        await using var stream = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
        await stream.WriteAsync("x"u8.ToArray(), SshServers.Limit);
        (await stream.ReadAsync(new byte[1], SshServers.Limit)).ShouldBe(1);
    }
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshNodeStreamTests(SharedSshServer shared, ITestOutputHelper output) : NodeStreamTests(shared, output, SshClientKind.OpenSsh);

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciNodeStreamTests(SharedSshServer shared, ITestOutputHelper output) : NodeStreamTests(shared, output, SshClientKind.Renci)
{
    [Fact]
    public async Task Streams_closed_while_they_are_written_to_leave_the_connection_alone()
    {
        using var echo = new EchoServer();
        await using var node = await ConnectAsync();
        var before = await ConnectionsAsync(node);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(async i =>
        {
            var stream = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
            var writing = Task.Run<Exception?>(async () =>
            {
                try
                {
                    for (var written = 0; written < 200; written++)
                    {
                        // The echo server closes at a lone q.
                        await stream.WriteAsync("q"u8.ToArray(), SshServers.Limit);
                    }

                    return null;
                }
                catch (Exception error) when (error is IOException or ObjectDisposedException or InvalidOperationException)
                {
                    return error;
                }
            });
            await Task.Delay(i);
            await stream.DisposeAsync();
            (await writing)?.InnerException.ShouldBeNull();
        }));
        (await ConnectionsAsync(node)).ShouldBe(before, "the connection is still the same");
    }
}
