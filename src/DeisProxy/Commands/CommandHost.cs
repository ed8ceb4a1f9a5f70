using DeisProxy.Core;
using DeisProxy.Output;

namespace DeisProxy.Commands;

/// <summary>What every command is given: the terminal, the clock, and the way to the load balancer and the cluster.</summary>
internal sealed record CommandHost(
    Terminal Terminal, Func<ConnectionSettings, CancellationToken, Task<ClusterSession>> OpenSession, TimeProvider Time)
{
    /// <summary>What is under way before a plan or a check can be made.</summary>
    public const string Reading = "reading the load balancer and the routers";

    /// <summary>How long putting back may take in all; null: what the provider needs.</summary>
    public TimeSpan? RollbackLimit { get; init; }

    /// <summary>Runs a command's work within its time limit, and tells the causes of an early end apart.</summary>
    /// <param name="timeout">Limit for the whole command, or null.</param>
    /// <returns>Null if the work was done; else why not: an <see cref="OperationCanceledException"/> if the person interrupted it.</returns>
    public async Task<Exception?> RunAsync(TimeSpan? timeout, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var limit = timeout is { } time ? new CancellationTokenSource(time, Time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await work(either.Token);
            return null;
        }
#pragma warning disable CA1031 // The last place before the exit code: whatever it is, the person is told.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return Explain(error, timeout, cancellationToken);
        }
        finally
        {
            Terminal.Activity(null);
        }
    }

    /// <summary>Tells a cancellation by the time limit from one by the person.</summary>
    /// <param name="timeout">Limit for the whole command, or null.</param>
    public static Exception Explain(Exception error, TimeSpan? timeout, CancellationToken cancellationToken) =>
        error is OperationCanceledException && !cancellationToken.IsCancellationRequested && timeout is { } time
            ? new DeisProxyException(
                "timeout",
                $"The time limit of {time.TotalSeconds} s has passed.",
                "Raise it with --timeout; --verbose shows what takes so long.",
                error)
            : error;

    /// <summary>Shows a warning.</summary>
    public void Warn(string message) => Terminal.Warning(message);

    /// <summary>Sets colors and detail as the options and the terminal allow.</summary>
    public void Prepare(OutputSettings output)
    {
        Terminal.ColorOutput &= !output.NoColor;
        Terminal.ColorError &= !output.NoColor;
        Terminal.IsVerbose = output.Verbose;
        Terminal.ShowsActivity = !output.Quiet;
    }
}
