using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using Xunit.Abstractions;

namespace DeisProxy.Cluster.Tests;

/// <summary>Servers that hang, close, reset or talk nonsense at each stage, or greet without end, the same with every way to enter them.</summary>
public abstract class FaultyServerTests(ITestOutputHelper output, SshClientKind client)
{
    /// <summary>Ends what hangs, however busy the machine is.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    [Theory]
    [InlineData(Fault.Hangs)]
    [InlineData(Fault.Closes)]
    [InlineData(Fault.Resets)]
    [InlineData(Fault.Garbage)]
    public async Task A_server_that_fails_at_any_stage_is_given_up(Fault fault)
    {
        var codes = await Task.WhenAll(Enum.GetValues<Stage>().Except([Stage.Nothing]).Select(async stage =>
        {
            await using var server = await FaultySshServer.StartAsync(stage, fault);
            return (stage, Code: await FailAsync(server, ConnectTime(stage, fault), $"{stage} {fault}"));
        }));
        foreach (var (stage, code) in codes)
        {
            string[] expected = stage is Stage.Channel or Stage.Command ? ["ssh-connection-lost"]
                : fault == Fault.Garbage ? ["ssh-unreachable", "ssh-failed"]
                : ["ssh-unreachable"];
            expected.ShouldContain(code, $"{stage}");
        }
    }

    [Theory]
    [InlineData(Stage.Identification, Fault.Floods)]
    [InlineData(Stage.Identification, Fault.Drips)]
    [InlineData(Stage.Authentication, Fault.Floods)]
    [InlineData(Stage.Authentication, Fault.Drips)]
    public async Task Greetings_without_end_have_an_end(Stage stage, Fault fault)
    {
        await using var server = await FaultySshServer.StartAsync(stage, fault);
        (await FailAsync(server, TimeSpan.FromSeconds(2), $"{stage} {fault}")).ShouldBeOneOf("ssh-unreachable", "ssh-failed");
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n\r\n", true)]
    [InlineData("SSH-1.5-old\r\n", false)]
    [InlineData("SSH-2.0-OpenSSH_7.1\r\nnothing that could be a packet of the protocol, but long enough to be taken for one", false)]
    public async Task What_answers_is_no_SSH_server(string says, bool closes)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var server = await FaultySshServer.StartAsync();
        var serving = ServeAsync(listener, says, closes);
        var code = await FailAsync(server, TimeSpan.FromSeconds(2), says.Trim(), NodeAddress.Parse(listener.LocalEndpoint.ToString()!));
        code.ShouldBeOneOf("ssh-unreachable", "ssh-failed");
        listener.Stop();
        await serving;
    }

    /// <summary>It answers to signs of life, so that nothing else would end it.</summary>
    [Fact]
    public async Task A_server_that_does_not_start_a_command_is_given_up()
    {
        var codes = await Task.WhenAll(new[] { Stage.Channel, Stage.Command }.Select(async stage =>
        {
            await using var server = await FaultySshServer.StartAsync(stage, Fault.Ignores);
            return await FailAsync(server, TimeSpan.FromSeconds(10), $"{stage}");
        }));
        codes.ShouldBe(["ssh-connection-lost", "ssh-connection-lost"]);
    }

    [Fact]
    public async Task A_server_without_faults_is_entered()
    {
        await using var server = await FaultySshServer.StartAsync();
        using var transport = Transport(server.Options, TimeSpan.FromSeconds(20));
        await using var node = await transport.ConnectAsync(server.Address, SshServers.Limit);
        (await node.RunAsync(["true"], SshServers.Limit)).ShouldBe(new CommandResult(0, "", ""));
    }

    /// <summary>Where entering has to succeed first, there must be time for it on a busy machine.</summary>
    private static TimeSpan ConnectTime(Stage stage, Fault fault) =>
        TimeSpan.FromSeconds(fault != Fault.Hangs ? 20 : stage is Stage.Channel or Stage.Command ? 10 : 3);

    private static async Task ServeAsync(TcpListener listener, string says, bool closes)
    {
        try
        {
            using var client = await listener.AcceptTcpClientAsync(SshServers.Limit);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(says), SshServers.Limit);
            if (!closes)
            {
                await client.GetStream().CopyToAsync(Stream.Null, SshServers.Limit);
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            Debug.WriteLine(error.Message);
        }
    }

    protected SshTransport Transport(SshOptions options, TimeSpan connectTime) =>
        SshServers.Transport(options with { Client = client, ConnectTimeout = connectTime });

    /// <summary>Enters the server and runs a command, which must fail in time.</summary>
    /// <returns>The error's code.</returns>
    private protected async Task<string> FailAsync(
        FaultySshServer server, TimeSpan connectTime, string what, NodeAddress? address = null)
    {
        var clock = Stopwatch.StartNew();
        using var transport = Transport(server.Options, connectTime);
        using var limit = new CancellationTokenSource(Bound);
        var error = await Should.ThrowAsync<DeisProxyException>(
            async () =>
            {
                await using var node = await transport.ConnectAsync(address ?? server.Address, limit.Token);
                await node.RunAsync(["true"], limit.Token);
            },
            what);
        output.WriteLine($"{what}: {clock.Elapsed.TotalSeconds:0.0} s [{error.Code}] {error.Message}");
        return error.Code;
    }
}

/// <summary>With the system's ssh.</summary>
public sealed class OpenSshFaultyServerTests(ITestOutputHelper output) : FaultyServerTests(output, SshClientKind.OpenSsh);

/// <summary>With Renci.SshNet.</summary>
public sealed class RenciFaultyServerTests(ITestOutputHelper output) : FaultyServerTests(output, SshClientKind.Renci)
{
    /// <summary>More than any window.</summary>
    private const int Flood = 8 << 20;

    [Fact]
    public async Task Data_after_the_end_and_beyond_the_window_end_their_channel_and_no_other()
    {
        await using var server = await FaultySshServer.StartAsync(run: async (channel, command) =>
        {
            if (command.StartsWith("late", StringComparison.Ordinal))
            {
                await channel.EndAsync();
                await channel.DataAsync(new byte[1000]);
            }
            else if (command.StartsWith("flood", StringComparison.Ordinal))
            {
                for (var sent = 0; sent < Flood; sent += 1 << 15)
                {
                    await channel.DataAsync(new byte[1 << 15]);
                }
            }

            await channel.ExitAsync();
        });
        using var transport = Transport(server.Options, TimeSpan.FromSeconds(20));
        await using var node = await transport.ConnectAsync(server.Address, SshServers.Limit);

        (await Should.ThrowAsync<DeisProxyException>(() => node.RunAsync(["late"], SshServers.Limit))).Code.ShouldBe("ssh-failed");
        await using var late = await node.StartAsync(["late"], SshServers.Limit);
        (await late.ReadAsync(new byte[10], SshServers.Limit)).ShouldBe(0);

        await using var flood = await node.StartAsync(["flood"], SshServers.Limit);
        (await node.RunAsync(["true"], SshServers.Limit)).ExitCode.ShouldBe(0);
        (await Should.ThrowAsync<IOException>(() => flood.ReadExactlyAsync(new byte[Flood], SshServers.Limit).AsTask()))
            .InnerException.ShouldBeOfType<DeisProxyException>().Code.ShouldBe("ssh-failed");

        (await node.RunAsync(["true"], SshServers.Limit)).ExitCode.ShouldBe(0);
        server.Entered.ShouldBe(1, "all of it went over one connection");
    }
}
