using System.Diagnostics;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>What a node does with commands, the same with every way to enter it, on a real sshd.</summary>
public abstract class NodeCommandTests(SharedSshServer shared, SshClientKind client) : NodeTestBase(shared, client)
{
    [Fact]
    public async Task Runs_commands_with_exact_arguments()
    {
        await using var node = await ConnectAsync();
        node.Name.ShouldBe(Server.Address);
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
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshNodeCommandTests(SharedSshServer shared) : NodeCommandTests(shared, SshClientKind.OpenSsh);

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciNodeCommandTests(SharedSshServer shared) : NodeCommandTests(shared, SshClientKind.Renci);
