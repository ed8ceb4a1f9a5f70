using System.Diagnostics;
using System.Text.RegularExpressions;
using DeisProxy.Commands;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Router;

namespace DeisProxy.Integration.Tests;

/// <summary>What <c>deis-proxy sandbox</c> prints can be used as it is printed: by the aws CLI, and by deis-proxy through a real sshd.</summary>
public sealed partial class SandboxCommandTests : IDisposable
{
    private readonly TemporaryDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task What_it_prints_works_and_it_ends_when_asked()
    {
        _ = RealProcess.Find("aws", "python3 -m pip install awscli");
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "aws");
        var aws = sandbox.Line("aws elb ");
        (await DoneAsync(sandbox, aws)).ShouldContain("HTTP:80/health-check");

        (await DoneAsync(sandbox, sandbox.Command("setup"))).ShouldContain("Done.");
        (await DoneAsync(sandbox, aws)).ShouldContain("EnableProxyProtocol");
        var verified = await DoneAsync(sandbox, sandbox.Command("verify"));
        ShouldPass(verified, "routers", "client-address", "forwarded-for", "websocket");
        verified.ShouldContain("203.0.113.9");
        verified.ShouldNotContain("amazonaws.com", Case.Insensitive, "that may be somebody's");
        (await DoneAsync(sandbox, sandbox.Command("teardown"))).ShouldContain("Done.");
        (await DoneAsync(sandbox, aws)).ShouldNotContain("EnableProxyProtocol");

        await sandbox.AskToEndAsync();
        sandbox.ExitCode.ShouldBe(0);
        Directory.Exists(sandbox.Folder).ShouldBeFalse();
        sandbox.ProcessesOfItsFolder().ShouldBeEmpty();
    }

    [Fact]
    public async Task Rackspace_works_as_it_is_printed()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "rackspace");

        (await DoneAsync(sandbox, sandbox.Command("setup"))).ShouldContain("Done.");
        ShouldPass(await DoneAsync(sandbox, sandbox.Command("verify")), "protocol", "routers", "client-address", "websocket");
        (await DoneAsync(sandbox, sandbox.Command("teardown"))).ShouldContain("Done.");
        (await RunAsync(sandbox, sandbox.Command("verify"))).ExitCode.ShouldBe(ExitCode.CheckFailed);
    }

    [Fact]
    public async Task A_cluster_without_a_load_balancer_works_as_it_is_printed()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "none");

        (await DoneAsync(sandbox, sandbox.Command("setup"))).ShouldContain("Nothing to do");
        ShouldPass(
            await DoneAsync(sandbox, sandbox.Command("verify")), "router-flag", "routers", "client-address", "forwarded-for", "websocket");
        (await DoneAsync(sandbox, sandbox.Command("teardown"))).ShouldContain("Nothing to do");
    }

    [Fact]
    public async Task Another_region_has_no_stack()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "aws");

        var (exitCode, output) = await RunAsync(
            sandbox, sandbox.Command("setup").Replace("--region us-east-1", "--region eu-west-1", StringComparison.Ordinal));

        exitCode.ShouldBe(ExitCode.Failed);
        output.ShouldContain("deis");
        output.ShouldContain("eu-west-1");
    }

    [Fact]
    public async Task The_program_names_itself_and_no_address_but_this_machines()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "deis-proxy");
        using var sandbox = await PrintedSandbox.StartAsync([program], "aws", "--aws-port", "0");

        foreach (var command in (string[])["setup", "verify", "teardown"])
        {
            var line = sandbox.Command(command);
            line.ShouldStartWith($"{program} {command} ");
            Address().Matches(line.Replace("--expect-ip 203.0.113.9", "", StringComparison.Ordinal)).Select(match => match.Value)
                .ShouldAllBe(address => address.StartsWith("127.", StringComparison.Ordinal));
            line.ShouldContain(" --node 127.21.1.11:");
        }
    }

    [Fact]
    public async Task Killed_it_leaves_neither_sshd_nor_folder()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "aws");
        sandbox.ProcessesOfItsFolder().ShouldNotBeEmpty();

        sandbox.Kill();

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Directory.Exists(sandbox.Folder) || sandbox.ProcessesOfItsFolder().Any())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>Nothing is left that would end a process of the same id later.</summary>
    [Fact]
    public async Task When_its_sshd_ends_nothing_waits_for_the_sandbox_to_end()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "aws");

        using (var sshd = Process.GetProcessById(sandbox.ProcessesOfItsFolder().Single(other => other.CommandLine.Contains("/sshd_config")
            && !other.CommandLine.Contains("$1")).Id))
        {
            sshd.Kill();
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (sandbox.ProcessesOfItsFolder().Any())
        {
            await Task.Delay(20, limit.Token);
        }

        await sandbox.AskToEndAsync();
        sandbox.ExitCode.ShouldBe(0);
    }

    /// <summary>As on macOS, where 127.0.0.1 is the only address of its network.</summary>
    [Fact]
    public async Task Without_the_nodes_addresses_there_is_no_node()
    {
        await using var cloud = await SandboxCloud.StartAsync(SandboxOptions.DeisV15 with { VpcCidr = "192.0.2.0/24" });

        (await SandboxNode.StartAsync(cloud, CancellationToken.None)).ShouldBeNull();
    }

    [Fact]
    public async Task What_a_node_says_after_the_end_of_the_input_arrives()
    {
        await using var cloud = await SandboxCloud.StartAsync(SandboxOptions.DeisV15 with { RouterReloadDelay = TimeSpan.FromSeconds(2) });
        await using var shell = new NodeShell(cloud);
        var start = new ProcessStartInfo("bash", ["-c", shell.Script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["SSH_CONNECTION"] = $"127.0.0.1 50000 {cloud.Nodes[0]} 22";
        start.Environment["SSH_ORIGINAL_COMMAND"] = "docker exec -i deis-router confd";
        using var bash = Process.Start(start)!;
        await bash.StandardInput.WriteLineAsync("render");
        bash.StandardInput.Close();

        (await bash.StandardOutput.ReadToEndAsync()).ShouldBe("render done\n");
    }

    /// <summary>Whoever enters the sandbox's node is not on this machine: nothing of it can be read or run.</summary>
    [Fact]
    public async Task No_command_is_run_on_this_machine()
    {
        _ = RealProcess.Find("ssh", "install the Debian package openssh-client");
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "none");
        var node = sandbox.OptionOf("--node").Split(':');
        var key = sandbox.OptionOf("--identity");
        var ssh = $"ssh -F /dev/null -p {node[1]} -i {key} -o UserKnownHostsFile={sandbox.OptionOf("--known-hosts")} "
            + $"{sandbox.OptionOf("--ssh-user")}@{node[0]}";

        (await DoneAsync(sandbox, $"{ssh} hostname")).Trim().ShouldBe("ip-127-21-1-11.ec2.internal");
        var (exitCode, output) = await RunAsync(sandbox, $"{ssh} cat {key}");
        exitCode.ShouldBe(127);
        output.ShouldContain("command not found");
        output.ShouldNotContain("PRIVATE KEY");
        (await RunAsync(sandbox, $"{ssh} 'hostname; id'")).Output.ShouldNotContain("uid=");
    }

    private static void ShouldPass(string verified, params string[] checks)
    {
        foreach (var check in checks)
        {
            verified.ShouldContain($"✓ pass  {check} ");
        }
    }

    private async Task<string> DoneAsync(PrintedSandbox sandbox, string command)
    {
        var (exitCode, output) = await RunAsync(sandbox, command);
        exitCode.ShouldBe(0, $"{command}\n{output}");
        return output;
    }

    private Task<(int ExitCode, string Output)> RunAsync(PrintedSandbox sandbox, string command) =>
        sandbox.RunAsync($"exec {command}", [new("XDG_STATE_HOME", _state.Path)]);

    [GeneratedRegex(@"\b[0-9]{1,3}(\.[0-9]{1,3}){3}\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Address();
}
