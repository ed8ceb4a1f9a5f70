using System.Diagnostics;
using System.Globalization;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A run of deis-proxy that has not ended yet, as a process of its own.</summary>
internal sealed class RunningTool : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    /// <summary>Starts it.</summary>
    /// <param name="program">The program; null: the published one, or else the one that is built with this.</param>
    public RunningTool(Testbed bed, IEnumerable<string> arguments, string? program = null)
    {
        program ??= Published;
        var start = new ProcessStartInfo(program ?? RealProcess.Find("dotnet", "install the .NET SDK"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])
            [
                .. program is null ? [Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll")] : (string[])[], .. arguments,
                .. arguments.Contains("verify") ? (string[])[] : ["--yes"], "--output", "json", .. bed.ToolOptions,
            ])
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

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>The program as people get it; null: where it is not named, the one that is built with this.</summary>
    public static string? Published => Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_EXECUTABLE");

    /// <summary>The most memory that it had resident, in bytes, as far as that was looked at.</summary>
    public long PeakMemory { get; private set; }

    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it ends by itself.</summary>
    public async Task<Tool> EndAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            while (!await IsOverAsync(limit.Token))
            {
                PeakMemory = Math.Max(PeakMemory, PeakOf(_process.Id));
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"deis-proxy has not ended after {Limit.TotalMinutes} minutes.", error);
        }

        return Tool.Of(_process.ExitCode, await _output, await _error);
    }

    /// <summary>Ends it with SIGKILL, and nothing but it.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Sends it a signal, such as STOP.</summary>
    public Task SignalAsync(string signal) =>
        RealProcess.RunAsync(
            RealProcess.Find("kill", "install the Debian package procps"), $"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture));

    private async Task<bool> IsOverAsync(CancellationToken cancellationToken)
    {
        var ended = _process.WaitForExitAsync(cancellationToken);
        return await Task.WhenAny(ended, Task.Delay(Look, cancellationToken)) == ended && await EndedAsync();

        async Task<bool> EndedAsync()
        {
            await ended;
            return true;
        }
    }

    private static long PeakOf(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status").FirstOrDefault(text => text.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended.
            return 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        // What it started may have its outputs still open: they are not waited for.
        await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing);
        _process.Dispose();
    }
}
