using System.Diagnostics;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>deis-proxy as a process that a test ends.</summary>
internal static class ToolProcess
{
    /// <summary>How long one may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    /// <summary>Without a load balancer there is one change only; there it is every call to etcd.</summary>
    public static async Task<IReadOnlyList<(RemoteCall Call, int Nth)>> ChangesOfAsync(string command, string scene = "aws") =>
    [
        .. (await Verdict.CallsOfAsync(command, scene)).Where(c =>
            c.Call.IsMutating || c.Call.Operation == "start" || (scene == "none" && c.Call.Service == "etcd")),
    ];

    /// <summary>Waits until something is so, or the process has ended.</summary>
    public static async Task ReachedAsync(Func<bool> isReached, Process process)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!process.HasExited && !isReached())
        {
            await Task.Delay(2, limit.Token);
        }
    }

    /// <summary>Ends what a failed test has left.</summary>
    public static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
