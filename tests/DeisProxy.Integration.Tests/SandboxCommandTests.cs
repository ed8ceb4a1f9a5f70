using System.Diagnostics;
using System.Text.RegularExpressions;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>What <c>deis-proxy sandbox</c> prints can be used as it is printed: by the aws CLI, and by deis-proxy through a real sshd.</summary>
public sealed partial class SandboxCommandTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _state = new();

    public void Dispose() => _state.Dispose();

    [Fact]
    public async Task What_it_prints_works_and_it_ends_when_asked()
    {
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

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (Directory.Exists(sandbox.Folder) || sandbox.ProcessesOfItsFolder().Any())
        {
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>Whoever enters the sandbox's node is not on this machine: nothing of it can be read or run.</summary>
    [Fact]
    public async Task No_command_is_run_on_this_machine()
    {
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

    /// <summary>Runs a line in a shell that has been told nothing but what the sandbox prints to be exported.</summary>
    private async Task<(int ExitCode, string Output)> RunAsync(PrintedSandbox sandbox, string command)
    {
        var start = new ProcessStartInfo("sh", ["-c", string.Join('\n', sandbox.Exports.Append($"exec {command}"))])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["XDG_STATE_HOME"] = _state.Path;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, output + await error);
    }

    [GeneratedRegex(@"\b[0-9]{1,3}(\.[0-9]{1,3}){3}\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Address();

    /// <summary>The sandbox as a process, and what it has printed.</summary>
    private sealed class PrintedSandbox(Process process, IReadOnlyList<string> printed) : IDisposable
    {
        public IEnumerable<string> Exports => printed.Where(line => line.StartsWith("export ", StringComparison.Ordinal));

        public int ExitCode => process.ExitCode;

        /// <summary>Where its keys lie.</summary>
        public string Folder => Path.GetDirectoryName(OptionOf("--identity"))!;

        public static async Task<PrintedSandbox> StartAsync(string[] program, string provider, params string[] options)
        {
            var process = Process.Start(new ProcessStartInfo(program[0], [.. program[1..], "sandbox", "--provider", provider, .. options])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            using var limit = new CancellationTokenSource(Limit);
            var lines = new List<string>();
            var last = provider switch
            {
                "aws" => "# load balancer port 2222 ",
                "rackspace" => "# load balancer deis-builder,",
                _ => "# port 80 of the router on 127.21.1.12 ",
            };
            while (lines.Count == 0 || !lines[^1].StartsWith(last, StringComparison.Ordinal))
            {
                lines.Add(await process.StandardOutput.ReadLineAsync(limit.Token)
                    ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(limit.Token)));
            }

            return new PrintedSandbox(process, lines);
        }

        public string Line(string beginning) => printed.Single(line => line.StartsWith(beginning, StringComparison.Ordinal));

        public string Command(string name) => printed.Single(line => line.Contains($" {name} --", StringComparison.Ordinal));

        /// <summary>The first value of an option in the commands.</summary>
        public string OptionOf(string option) => Command("setup").Split(' ').SkipWhile(word => word != option).ElementAt(1);

        /// <summary>Command lines of processes that name its folder.</summary>
        public IEnumerable<string> ProcessesOfItsFolder() => Process.GetProcesses().Select(other =>
        {
            using (other)
            {
                try
                {
                    return File.ReadAllText($"/proc/{other.Id}/cmdline").Replace('\0', ' ');
                }
                catch (IOException)
                {
                    return "";
                }
            }
        }).Where(line => line.Contains(Folder, StringComparison.Ordinal));

        public void Kill() => process.Kill();

        public async Task AskToEndAsync()
        {
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await process.WaitForExitAsync(limit.Token);
        }

        public void Dispose()
        {
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}
