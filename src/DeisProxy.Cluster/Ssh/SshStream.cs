using System.Diagnostics;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// A TCP connection made by the node: the standard input and output of <c>ssh -W</c>. At the end of the data ssh's exit status and
/// standard error decide whether it was an end or an error.
/// </summary>
internal sealed class SshStream : DuplexStream
{
    private readonly Process _process;
    private readonly Stream _input;
    private readonly Stream _output;
    private readonly Task<string> _error;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Func<int, string, DeisProxyException?> _nodeFailure;
    private readonly string _description;

    /// <summary>Wraps a process.</summary>
    /// <param name="process">A started <c>ssh -W</c>; this owns it.</param>
    /// <param name="description">Who connects to what, for messages: <c>node to host:port</c>.</param>
    public SshStream(Process process, string description, Func<int, string, DeisProxyException?> nodeFailure)
    {
        _process = process;
        _input = process.StandardInput.BaseStream;
        _output = process.StandardOutput.BaseStream;
        _error = SshProcess.ReadAsync(process.StandardError, _disposed.Token);
        _description = description;
        _nodeFailure = nodeFailure;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await _output.ReadAsync(buffer, cancellationToken);
        if (count == 0 && buffer.Length > 0 && await FailureAsync(cancellationToken) is { } failure)
        {
            throw failure;
        }

        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await _input.WriteAsync(buffer, cancellationToken);
            await _input.FlushAsync(cancellationToken);
        }
        catch (IOException e)
        {
            // The pipe breaks because ssh has ended, and ssh knows why.
            throw await FailureAsync(cancellationToken) ?? new IOException($"The connection from {_description} was closed.", e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed.IsCancellationRequested)
        {
            _disposed.Cancel();
            SshProcess.Kill(_process);
            _output.Dispose();
            try
            {
                _input.Dispose();
            }
            catch (IOException e)
            {
                // The other end of the pipe is gone already; nobody waits for what was left in it.
                Debug.WriteLine(e.Message);
            }

            _process.Dispose();
            _disposed.Dispose();
        }

        base.Dispose(disposing);
    }

    private async Task<IOException?> FailureAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        var error = await _error.WaitAsync(cancellationToken);
        if (error.Contains("stdio forwarding", StringComparison.OrdinalIgnoreCase))
        {
            // Behind a master ssh does not pass on why; without one it does: "channel 0: open failed: connect failed: Connection refused".
            var reason = error.Split('\n').FirstOrDefault(line => line.Contains("open failed", StringComparison.Ordinal));
            return new IOException($"{_description}: the node could not connect{(reason is null ? "" : $" ({RemoteText.Clean(reason)})")}.");
        }

        return _nodeFailure(_process.ExitCode, error) is { } failure ? new IOException(failure.Message, failure) : null;
    }
}
