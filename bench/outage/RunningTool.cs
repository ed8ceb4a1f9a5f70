using System.Diagnostics;
using System.Globalization;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A run of deis-proxy that has not ended yet, as a process of its own.</summary>
internal sealed class RunningTool : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    public RunningTool(Testbed bed, IEnumerable<string> arguments)
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

        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>Waits until it ends by itself.</summary>
    public async Task<Tool> EndAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
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
