using System.Diagnostics;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The sandbox as a process, and what it has printed.</summary>
internal sealed class PrintedSandbox(Process process, IReadOnlyList<string> printed) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public IEnumerable<string> Exports => printed.Where(line => line.StartsWith("export ", StringComparison.Ordinal));

    public int ExitCode => process.ExitCode;

    /// <summary>Where its keys lie.</summary>
    public string Folder => Path.GetDirectoryName(OptionOf("--identity"))!;

    public static async Task<PrintedSandbox> StartAsync(string[] program, string provider, params string[] options)
    {
        // Without them it runs and offers no node to enter.
        _ = RealProcess.Find("sshd", "install the Debian package openssh-server");
        _ = RealProcess.Find("ssh-keygen", "install the Debian package openssh-client");
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

    /// <summary>Processes whose command lines name its folder.</summary>
    public IEnumerable<(int Id, string CommandLine)> ProcessesOfItsFolder() => Process.GetProcesses().Select(other =>
    {
        using (other)
        {
            try
            {
                return (other.Id, CommandLine: File.ReadAllText($"/proc/{other.Id}/cmdline").Replace('\0', ' '));
            }
            catch (IOException)
            {
                return (other.Id, CommandLine: "");
            }
        }
    }).Where(other => other.CommandLine.Contains(Folder, StringComparison.Ordinal));

    /// <summary>Runs a script in a shell that has been told nothing but what the sandbox prints to be exported.</summary>
    public async Task<(int ExitCode, string Output)> RunAsync(
        string script, IEnumerable<KeyValuePair<string, string>> environment, string? folder = null)
    {
        var start = new ProcessStartInfo("sh", ["-c", string.Join('\n', Exports.Append(script))])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var shell = Process.Start(start)!;
        shell.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit);
        var error = shell.StandardError.ReadToEndAsync(limit.Token);
        var output = await shell.StandardOutput.ReadToEndAsync(limit.Token);
        await shell.WaitForExitAsync(limit.Token);
        return (shell.ExitCode, output + await error);
    }

    public void Kill() => process.Kill();

    public async Task AskToEndAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
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
