using System.Diagnostics;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>What <c>deis-proxy sandbox</c> prints can be used as it is printed: by the aws CLI, and by deis-proxy through a real sshd.</summary>
public sealed class SandboxCommandTests
{
    [Fact]
    public async Task What_it_prints_works_and_it_ends_when_asked()
    {
        using var state = new TemporaryDirectory();
        var tool = Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll");
        using var sandbox = Start("dotnet", [tool, "sandbox"], []);
        var printed = await ReadAsync(sandbox);
        var environment = printed.Where(line => line.StartsWith("export ", StringComparison.Ordinal))
            .SelectMany(line => line["export ".Length..].Split(' ')).Select(pair => pair.Split('=', 2)).ToDictionary(
                pair => pair[0], pair => pair[1], StringComparer.Ordinal);
        environment["XDG_STATE_HOME"] = state.Path;

        var aws = printed.Single(line => line.StartsWith("aws elb ", StringComparison.Ordinal)).Split(' ');
        (await RunAsync(aws[0], aws[1..], environment)).ShouldContain("HTTP:80/health-check");

        var setup = CommandOf(printed, "setup");
        (await RunAsync("dotnet", [tool, .. setup], environment)).ShouldContain("Done.");
        (await RunAsync(aws[0], aws[1..], environment)).ShouldContain("EnableProxyProtocol");
        (await RunAsync("dotnet", [tool, .. CommandOf(printed, "verify")], environment)).ShouldContain("passed");
        (await RunAsync("dotnet", [tool, .. CommandOf(printed, "teardown")], environment)).ShouldContain("Done.");
        (await RunAsync(aws[0], aws[1..], environment)).ShouldNotContain("EnableProxyProtocol");

        using (var kill = Process.Start("kill", ["-TERM", $"{sandbox.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await sandbox.WaitForExitAsync(limit.Token);
        sandbox.ExitCode.ShouldBe(0);
        File.Exists(setup[setup.AsSpan().IndexOf("--identity") + 1]).ShouldBeFalse();
    }

    private static string[] CommandOf(IEnumerable<string> printed, string name) =>
        printed.Single(line => line.StartsWith($"deis-proxy {name} ", StringComparison.Ordinal)).Split(' ')[1..];

    private static async Task<List<string>> ReadAsync(Process sandbox)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var lines = new List<string>();
        while (lines.Count == 0 || !lines[^1].StartsWith("# load balancer port 2222", StringComparison.Ordinal))
        {
            lines.Add(await sandbox.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException(await sandbox.StandardError.ReadToEndAsync(limit.Token)));
        }

        return lines;
    }

    private static async Task<string> RunAsync(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        using var process = Start(program, arguments, environment);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var error = process.StandardError.ReadToEndAsync(limit.Token);
        var output = await process.StandardOutput.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0, output + await error);
        return output;
    }

    private static Process Start(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
