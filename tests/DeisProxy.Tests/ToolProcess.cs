using System.Diagnostics;

namespace DeisProxy.Tests;

/// <summary>deis-proxy as a process of its own, whose environment is what it is told: the SDK and .NET keep what they have read once.</summary>
internal sealed class ToolProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("deis-proxy-home-");

    /// <summary>The home directory.</summary>
    public string Home => _home.FullName;

    public void Dispose() => _home.Delete(recursive: true);

    /// <summary>Writes a file into the home directory and gives its path.</summary>
    public string Write(string name, string text)
    {
        var file = Path.Combine(Home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        return file;
    }

    /// <summary>Runs it to its end.</summary>
    /// <param name="environment">What is set besides PATH and HOME; null: not set.</param>
    public async Task<(int ExitCode, string Output, string Error)> RunAsync(
        IEnumerable<string> arguments, params IEnumerable<(string Name, string? Value)> environment)
    {
        var host = Environment.ProcessPath is { } own && Path.GetFileNameWithoutExtension(own) is "dotnet" ? own : "dotnet";
        var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Home,
        };
        foreach (var name in start.Environment.Keys.Where(IsRead).ToList())
        {
            start.Environment.Remove(name);
        }

        // These processes live for a moment: nothing that pays off later.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["HOME"] = Home;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static bool IsRead(string name) =>
        ((string[])["AWS_", "OS_", "RACKSPACE_", "DEIS", "SSH_", "XDG_"]).Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        || name.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase);
}
