using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A finished run of deis-proxy.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Document">What it said in JSON; null if that is not JSON.</param>
/// <param name="Error">What it said besides.</param>
internal sealed record Tool(int ExitCode, JsonObject? Document, string Error)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public double? Number(string name) => Document?[name] is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    /// <summary>Runs it as a person would, as a process of its own.</summary>
    public static async Task<Tool> RunAsync(Testbed bed, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(RealProcess.Find("dotnet", "install the .NET SDK"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll"), .. arguments, "--yes", "--output", "json", .. bed.ToolOptions])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("AWS_", StringComparison.Ordinal) || n == "DEISCTL_TUNNEL").ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in bed.ToolEnvironment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new Tool(process.ExitCode, Parse(await output), await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
