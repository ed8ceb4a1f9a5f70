using System.Diagnostics;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>A real sshd, and the way to enter it that is tested.</summary>
public abstract class NodeTestBase(SharedSshServer shared, SshClientKind client) : IClassFixture<SharedSshServer>
{
    protected SshServer Server => shared.Server;

    protected Task<INode> ConnectAsync(SshServer? server = null, Func<SshOptions, SshOptions>? change = null) =>
        (server ?? Server).ConnectAsync(client, change);

    protected static async Task<string> ConnectionsAsync(INode node) =>
        (await node.RunAsync(["sh", "-c", "echo $SSH_CONNECTION"], SshServers.Limit)).StandardOutput;
}

/// <summary>How a node is entered, lost and left, the same with every way to enter it, on a real sshd.</summary>
public abstract class NodeTests(SharedSshServer shared, ITestOutputHelper output, SshClientKind client) : NodeTestBase(shared, client)
{
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
        var refused = await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["true"], SshServers.Limit));
        if (refused.Code == "ssh-connection-lost")
        {
            // The end of the connection was not seen yet.
            refused = await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["true"], SshServers.Limit));
        }

        refused.Code.ShouldBe("ssh-unreachable");
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
        var hop = $"{Server.User}@{Server.Address}";
        await using var node = await ConnectAsync(change: options => options with { Jump = $"{hop},{hop}" });
        (await node.RunAsync(["echo", "through"], SshServers.Limit)).StandardOutput.ShouldBe("through\n");
    }

    [Fact]
    public async Task A_jump_host_that_runs_no_commands_is_gone_through()
    {
        await using var bastion = await SshServer.StartAsync("ForceCommand sleep 60");
        await File.AppendAllTextAsync(bastion.KnownHostsFile, await File.ReadAllTextAsync(Server.KnownHostsFile));
        await File.AppendAllTextAsync($"{Server.IdentityFile}.pub", await File.ReadAllTextAsync($"{bastion.IdentityFile}.pub"));
        await using var node = await ConnectAsync(change: options => options with
        {
            Jump = $"{bastion.User}@{bastion.Address}",
            IdentityFile = bastion.IdentityFile,
            KnownHostsFile = bastion.KnownHostsFile,
        });
        (await node.RunAsync(["echo", "through"], SshServers.Limit)).StandardOutput.ShouldBe("through\n");
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
    /// <summary>For 40 ms: what sshd says after its first words waits for their acknowledgement.</summary>
    [Fact]
    public async Task The_first_command_is_not_held_back()
    {
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < 10; i++)
        {
            await using var node = await ConnectAsync();
            var clock = Stopwatch.StartNew();
            await node.RunAsync(["true"], SshServers.Limit);
            fastest = clock.Elapsed < fastest ? clock.Elapsed : fastest;
        }

        fastest.ShouldBeLessThan(TimeSpan.FromMilliseconds(38));
    }
}
