using System.Diagnostics;
using System.Text.Json.Nodes;
using DeisProxy.RealParts;
using DeisProxy.Tests;

namespace DeisProxy.Integration.Tests;

/// <summary>A finished run of deis-proxy.</summary>
public sealed record ToolRun(int ExitCode, string Output, string Error)
{
    /// <summary>Gives a program a terminal of its own; what it writes to it comes out here.</summary>
    private const string AtTerminal = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

    /// <summary>The words that start deis-proxy: as it was published, or else as it was built.</summary>
    public static string[] Program => Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_EXECUTABLE") is { } executable
        ? [executable]
        : [RealProcess.Find("dotnet", "install the .NET SDK"), Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll")];

    /// <summary>What <c>--output json</c> printed, as the schema has it.</summary>
    public JsonObject Json => (JsonObject)OutputSchema.Valid(Output);

    /// <summary>Runs it.</summary>
    /// <param name="typed">What a person types at a terminal; null: there is none.</param>
    public static async Task<ToolRun> StartAsync(
        IReadOnlyCollection<string> arguments, IEnumerable<KeyValuePair<string, string>> environment, TimeSpan limit, string? typed = null)
    {
        List<string> command = [.. Program];
        if (typed is not null)
        {
            command.InsertRange(0, [RealProcess.Find("python3", "install the Debian package python3"), "-c", AtTerminal]);
        }

        var start = new ProcessStartInfo(command[0])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var argument in command.Skip(1).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys
            .Where(n => n.StartsWith("AWS_", StringComparison.Ordinal) || n is "DEISCTL_TUNNEL" or "NO_COLOR").ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(typed);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"deis-proxy did not end within {limit.TotalSeconds} s.\n{await output}\n{await error}", late);
        }

        var run = new ToolRun(process.ExitCode, await output, await error);
        await run.KeepAsync(arguments);
        return run;
    }

    /// <summary>The first line of an error that deis-proxy reported.</summary>
    public string ErrorLine => Error.Split('\n').First(line => line.StartsWith("error: ", StringComparison.Ordinal))["error: ".Length..];

    /// <summary>Writes everything that people get to read into a file, for reading it as a person.</summary>
    private async Task KeepAsync(IReadOnlyCollection<string> arguments)
    {
        if (Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_TRANSCRIPT") is { Length: > 0 } directory)
        {
            await File.WriteAllTextAsync(
                Path.Combine(Directory.CreateDirectory(directory).FullName, $"{DateTime.UtcNow:HHmmss.fff}-{Guid.NewGuid():N}.txt"),
                $"$ deis-proxy {string.Join(' ', arguments)}\n{Output}--- stderr\n{Error}--- exit {ExitCode}\n");
        }
    }
}
