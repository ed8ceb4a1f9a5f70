using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>What a connected node does, the same with every way to enter it, on a real sshd.</summary>
public abstract class NodeTests(SharedSshServer shared, ITestOutputHelper output, SshClientKind client) : IClassFixture<SharedSshServer>
{
    private readonly SshServer _server = shared.Server;

    protected SshServer Server => _server;

    protected Task<INode> ConnectAsync(SshServer? server = null, Func<SshOptions, SshOptions>? change = null) =>
        (server ?? _server).ConnectAsync(client, change);

    [Fact]
    public async Task Runs_commands_with_exact_arguments()
    {
        await using var node = await ConnectAsync();
        node.Name.ShouldBe(_server.Address);
        var result = await node.RunAsync(
            ["sh", "-c", "printf '%s|' \"$@\"; printf oops >&2; exit 7", "x", "a b", "$HOME", "'\"", ""], SshServers.Limit);
        result.ShouldBe(new CommandResult(7, "a b|$HOME|'\"||", "oops"));
    }

    [Fact]
    public async Task A_command_that_ends_with_255_is_no_lost_connection()
    {
        await using var node = await ConnectAsync();
        var result = await node.RunAsync(["sh", "-c", "echo 'Connection closed by remote host' >&2; exit 255"], SshServers.Limit);
        result.ExitCode.ShouldBe(255);
    }

    [Fact]
    public async Task A_command_that_is_killed_has_no_exit_status_of_its_own()
    {
        await using var node = await ConnectAsync();

        // ssh says 255; a shell in between says 128 and the signal.
        (await node.RunAsync(["sh", "-c", "kill -TERM $$"], SshServers.Limit)).ExitCode.ShouldBeOneOf(255, 128 + 15);
    }

    [Fact]
    public async Task A_command_has_nothing_to_read()
    {
        await using var node = await ConnectAsync();
        (await node.RunAsync(["cat"], SshServers.Limit)).ShouldBe(new CommandResult(0, "", ""));
    }

    [Fact]
    public async Task A_command_that_never_stops_writing_is_stopped()
    {
        await using var node = await ConnectAsync();
        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["yes"], SshServers.Limit))).Code.ShouldBe("ssh-output-too-long");
        (await node.RunAsync(["echo", "alive"], SshServers.Limit)).StandardOutput.ShouldBe("alive\n");
    }

    [Fact]
    public async Task Drains_output_that_is_larger_than_any_pipe()
    {
        await using var node = await ConnectAsync();
        var result = await node.RunAsync(
            ["sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x; head -c 200000 /dev/zero | tr '\\0' y >&2"], SshServers.Limit);
        (result.StandardOutput.Length, result.StandardError.Length).ShouldBe((3_000_000, 200_000));
    }

    [Fact]
    public async Task More_commands_at_once_than_sshd_has_sessions()
    {
        await using var node = await ConnectAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => node.RunAsync(["sh", "-c", $"sleep 0.1; echo {i}"], SshServers.Limit)));
        results.Select(result => result.StandardOutput.Trim()).ShouldBe(Enumerable.Range(0, 30).Select(i => $"{i}"));
        results.ShouldAllBe(result => result.StandardError.Length == 0);
    }

    [Fact]
    public async Task An_sshd_with_fewer_sessions_still_serves_all()
    {
        await using var server = await SshServer.StartAsync("MaxSessions 2");
        await using var node = await ConnectAsync(server);
        var results = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => node.RunAsync(["sh", "-c", "sleep 0.3; echo ok"], SshServers.Limit)));
        results.ShouldAllBe(result => result.ExitCode == 0 && result.StandardOutput == "ok\n");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    public async Task Commands_that_are_talked_to_leave_sessions_to_others(int sessions)
    {
        await using var server = await SshServer.StartAsync($"MaxSessions {sessions}");
        await using var node = await ConnectAsync(server);
        var talking = await Task.WhenAll(Enumerable.Range(0, sessions + 1).Select(_ => node.StartAsync(["cat"], SshServers.Limit)));
        (await node.RunAsync(["echo", "in"], SshServers.Limit)).StandardOutput.ShouldBe("in\n");
        foreach (var stream in talking)
        {
            await stream.WriteAsync("x"u8.ToArray(), SshServers.Limit);
            (await stream.ReadAsync(new byte[2], SshServers.Limit)).ShouldBe(1);
            await stream.DisposeAsync();
        }
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_at_once()
    {
        await using var node = await ConnectAsync();
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var clock = Stopwatch.StartNew();
        await Should.ThrowAsync<OperationCanceledException>(() => node.RunAsync(["sleep", "20"], cancel.Token));
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(15));
        (await node.RunAsync(["echo", "still here"], SshServers.Limit)).StandardOutput.ShouldBe("still here\n");
    }

    [Fact]
    public async Task A_command_is_talked_to_until_the_stream_is_closed()
    {
        await using var node = await ConnectAsync();
        var file = Path.GetTempFileName();
        const string Script = "while read -r word; do echo \"$1 $word\"; done; echo ended >\"$2\"";
        await using (var stream = await node.StartAsync(["sh", "-c", Script, "sh", "it's", file], SshServers.Limit))
        {
            using var reader = new StreamReader(stream, leaveOpen: true);
            foreach (var word in new[] { "one", "$(two)" })
            {
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"{word}\n"), SshServers.Limit);
                (await reader.ReadLineAsync(SshServers.Limit)).ShouldBe($"it's {word}");
            }
        }

        await SshServers.EventuallyAsync(() => File.ReadAllText(file) == "ended\n", "the command sees the end of its input");
        File.Delete(file);
    }

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
        error.Message.ShouldStartWith($"{_server.Address} to 127.0.0.1:{port}: the node could not connect");
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
    public async Task A_connection_lost_in_the_middle_is_an_error_and_the_next_call_makes_a_new_one()
    {
        using var echo = new EchoServer();
        await using var server = await SshServer.StartAsync();
        await using var node = await ConnectAsync(server);
        await using var stream = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
        await stream.WriteAsync("x"u8.ToArray(), SshServers.Limit);
        (await stream.ReadAsync(new byte[1], SshServers.Limit)).ShouldBe(1);
        var reading = stream.ReadAsync(new byte[1], SshServers.Limit).AsTask();
        using var directory = new TemporaryDirectory();
        var command = node.RunAsync(["sh", "-c", "touch \"$1\"; sleep 20", "sh", directory["begun"]], SshServers.Limit);
        await SshServers.EventuallyAsync(() => File.Exists(directory["begun"]), "the command has begun");

        server.CutConnections();

        var lost = await Should.ThrowAsync<IOException>(() => reading);
        lost.InnerException.ShouldBeOfType<DeisProxyException>().Code.ShouldBe("ssh-connection-lost");
        (await Should.ThrowAsync<DeisProxyException>(() => command)).Code.ShouldBe("ssh-connection-lost");
        (await node.RunAsync(["echo", "again"], SshServers.Limit)).StandardOutput.ShouldBe("again\n");

        await server.StopAsync();
        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["true"], SshServers.Limit))).Code.ShouldBe("ssh-unreachable");
        await server.RestartAsync();
        (await node.RunAsync(["echo", "back"], SshServers.Limit)).StandardOutput.ShouldBe("back\n");
    }

    [Fact]
    public async Task After_it_is_disposed_nothing_can_be_done()
    {
        var node = await ConnectAsync();
        await node.DisposeAsync();
        await node.DisposeAsync();
        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["true"], SshServers.Limit))).Code.ShouldBe("ssh-connection-lost");
    }

    [Fact]
    public async Task Goes_through_jump_hosts()
    {
        var hop = $"{_server.User}@{_server.Address}";
        await using var node = await ConnectAsync(change: options => options with { Jump = $"{hop},{hop}" });
        (await node.RunAsync(["echo", "through"], SshServers.Limit)).StandardOutput.ShouldBe("through\n");
    }

    [Fact]
    public async Task A_jump_host_that_runs_no_commands_is_gone_through()
    {
        await using var bastion = await SshServer.StartAsync("ForceCommand sleep 60");
        await File.AppendAllTextAsync(bastion.KnownHostsFile, await File.ReadAllTextAsync(_server.KnownHostsFile));
        await File.AppendAllTextAsync($"{_server.IdentityFile}.pub", await File.ReadAllTextAsync($"{bastion.IdentityFile}.pub"));
        await using var node = await ConnectAsync(change: options => options with
        {
            Jump = $"{bastion.User}@{bastion.Address}",
            IdentityFile = bastion.IdentityFile,
            KnownHostsFile = bastion.KnownHostsFile,
        });
        (await node.RunAsync(["echo", "through"], SshServers.Limit)).StandardOutput.ShouldBe("through\n");
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

    [Fact]
    public async Task How_long_things_take()
    {
        using var echo = new EchoServer();
        var connect = new List<double>();
        var command = new List<double>();
        var stream = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            var clock = Stopwatch.StartNew();
            await using var node = await ConnectAsync();
            connect.Add(clock.Elapsed.TotalMilliseconds);
            for (var j = 0; j < 5; j++)
            {
                clock.Restart();
                await node.RunAsync(["true"], SshServers.Limit);
                command.Add(clock.Elapsed.TotalMilliseconds);
                clock.Restart();
                await using var s = await node.OpenStreamAsync("127.0.0.1", echo.Port, SshServers.Limit);
                await s.WriteAsync("x"u8.ToArray(), SshServers.Limit);
                (await s.ReadAsync(new byte[1], SshServers.Limit)).ShouldBe(1);
                stream.Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        output.WriteLine($"median ms: connect {Median(connect):0.0}, command {Median(command):0.0}, stream with one echo {Median(stream):0.0}");
        Median(command).ShouldBeLessThan(Median(connect), "commands share the connection");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    protected static async Task<string> ConnectionsAsync(INode node) =>
        (await node.RunAsync(["sh", "-c", "echo $SSH_CONNECTION"], SshServers.Limit)).StandardOutput;
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshNodeTests(SharedSshServer shared, ITestOutputHelper output) : NodeTests(shared, output, SshClientKind.OpenSsh)
{
    [Fact]
    public async Task Disposing_leaves_no_process_and_no_file()
    {
        await using var server = await SshServer.StartAsync();
        var node = await ConnectAsync(server);
        var pattern = $"-p {server.Port} ";
        Processes(pattern).ShouldNotBeEmpty();
        var directories = ControlDirectories(pattern);
        (await RealProcess.RunAsync("stat", ["-c", "%a", .. directories])).ShouldBe("700\n");
        await node.DisposeAsync();
        await node.DisposeAsync();
        await SshServers.EventuallyAsync(() => Processes(pattern).Count == 0, "no process is left");
        directories.ShouldAllBe(directory => !Directory.Exists(directory));
        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["true"], SshServers.Limit))).Code.ShouldBe("ssh-connection-lost");
    }

    private static List<string> Processes(string pattern) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(directory => Path.Combine(directory, "cmdline")).Where(File.Exists).Select(Read)
            .Where(line => line.Contains("ControlPersist", StringComparison.Ordinal) && line.Contains(pattern, StringComparison.Ordinal)),
    ];

    private static List<string> ControlDirectories(string pattern) =>
        [.. Processes(pattern).Select(line => Path.GetDirectoryName(line.Split(' ').SkipWhile(word => word is not "-S").Skip(1).First())!)];

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciNodeTests(SharedSshServer shared, ITestOutputHelper output) : NodeTests(shared, output, SshClientKind.Renci)
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

/// <summary>Sends back what it gets; after a <c>q</c> it closes the connection without an answer.</summary>
internal sealed class EchoServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public EchoServer()
    {
        _listener.Start();
        Running = RunAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private Task Running { get; }

    public void Dispose() => _listener.Dispose();

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _listener.AcceptTcpClientAsync());
            }
        }
        catch (SocketException e)
        {
            Debug.WriteLine(e.Message);
        }
    }

    private static async Task EchoAsync(TcpClient client)
    {
        using (client)
        {
            var buffer = new byte[65536];
            try
            {
                int count;
                while ((count = await client.GetStream().ReadAsync(buffer)) > 0 && (count, buffer[0]) is not (1, (byte)'q'))
                {
                    await client.GetStream().WriteAsync(buffer.AsMemory(0, count));
                }
            }
            catch (IOException e)
            {
                Debug.WriteLine(e.Message);
            }
        }
    }
}
