using System.Diagnostics;
using DeisProxy.RealParts;

namespace DeisProxy.Outage.Tests;

/// <summary>The benchmark as a process of its own: it moves into namespaces of its own, which a process with other threads cannot.</summary>
internal static class BenchProcess
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(TimeSpan limit, params IEnumerable<string> arguments)
    {
        MissingPartException.DemandRoot("they make network namespaces and use port 80 in them");
        string[] parts =
        [
            RealProcess.Find("unshare", "install the Debian package util-linux"), RealProcess.Find("ip", "install the Debian package iproute2"),
            RealProcess.Find("iptables-save", "install the Debian package iptables"), RealProcess.Find(
                "nginx", "install the Debian package nginx-light"),
            RealProcess.Find("haproxy", "install the Debian package haproxy"), RealProcess.Find("etcd", "install the Debian package etcd-server"),
            RealProcess.Find("sshd", "install the Debian package openssh-server"), RealProcess.Find("curl", "install the Debian package curl"),
            RealProcess.Find("moto_server", "python3 -m pip install 'moto[server]==5.2.1'"),
        ];
        parts.ShouldAllBe(part => File.Exists(part));

        var start = new ProcessStartInfo(RealProcess.Find("dotnet", "install the .NET SDK"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "outage.dll"), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            using var timer = new CancellationTokenSource(limit);
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException error)
        {
            // Told by SIGTERM it ends gently; killed, it takes everything with it.
            using var terminate = Process.Start(RealProcess.Find("kill", "install the Debian package procps"), [$"{process.Id}"]);
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(Grace).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            throw new TimeoutException(
                $"The benchmark has not ended after {limit.TotalSeconds} s. It "
                    + $"said:\n{string.Join('\n', await output.WaitAsync(Grace, CancellationToken.None))}",
                error);
        }

        return (process.ExitCode, string.Join('\n', await output));
    }
}
