using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DeisProxy.RealParts;

/// <summary>
/// Runs this program once more, as root of a network, mounts and process ids of its own: every socket it and its children open is off the machine's
/// network, /etc/hosts is its own, and however it ends, the kernel ends all its children and takes interfaces, routes and rules away.
/// </summary>
public static class PrivateNetwork
{
    private const string Marker = "DEIS_PROXY_PRIVATE_NETWORK";

    /// <summary>What the inner process may take to end by itself.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(20);

    private static readonly CancellationTokenSource Ending = new();

    /// <summary>Kept because a registration ends when it is collected.</summary>
    private static readonly List<PosixSignalRegistration> Signals = [];

    /// <summary>Whether this process is the inner one.</summary>
    public static bool IsInside => Environment.GetEnvironmentVariable(Marker) is { Length: > 0 };

    /// <summary>Runs this program inside with the same outputs, until it ends. SIGTERM and SIGINT end it gently.</summary>
    public static async Task<int> RunInsideAsync(params IEnumerable<string> arguments)
    {
        var temporary = Directory.CreateTempSubdirectory("dpt-");
        var start = new ProcessStartInfo(RealProcess.Find("unshare", "install the Debian package util-linux"))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
        };
        string[] own = Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet"
            ? [Environment.ProcessPath!, Environment.GetCommandLineArgs()[0]]
            : [Environment.ProcessPath!];
        foreach (var argument in (string[])["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", .. own, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment[Marker] = "1";
        start.Environment["TMPDIR"] = temporary.FullName;
        using var process = Process.Start(start)!;
        using var stop = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            await process.WaitForExitAsync(stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The inner process ends itself when its standard input does; that works as well when this one is killed.
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(Grace);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        Remove(temporary.FullName);
        return process.ExitCode;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>Makes this process at home inside; to be called once, before anything else.</summary>
    public static async Task<CancellationToken> EnterAsync()
    {
        if (!IsInside)
        {
            throw new InvalidOperationException($"This process has the machine's network; start it with {nameof(RunInsideAsync)}.");
        }

        // Namespaces get their names in a directory of this process's own, so that nobody else's can be in the way.
        Directory.CreateDirectory("/run/netns");
        var mount = RealProcess.Find("mount", "install the Debian package mount");
        await RealProcess.RunAsync(mount, "-t", "tmpfs", "netns", "/run/netns");

        // In memory: etcd, which waits for the disk on every write, is not to wait for what others write to it.
        await RealProcess.RunAsync(mount, "-t", "tmpfs", "temporary", Path.GetTempPath());
        var hosts = Path.Combine(Path.GetTempPath(), "hosts");
        await File.WriteAllTextAsync(hosts, "");
        await RealProcess.RunAsync(mount, "--bind", hosts, "/etc/hosts");
        await SetHostsAsync([]);
        await NetworkNamespace.IpAsync("link", "set", "lo", "up");

        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            using var unmount = Process.Start(RealProcess.Find("umount", "install the Debian package mount"), ["--lazy", Path.GetTempPath()]);
            unmount.WaitForExit();
            Remove(Path.GetTempPath());
        };
        Signals.AddRange(new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            Ending.Cancel();
        })));
        _ = Task.Run(async () =>
        {
            await Console.OpenStandardInput().CopyToAsync(Stream.Null);
            await Ending.CancelAsync();
        });
        return Ending.Token;
    }

    /// <summary>Sets what names resolve to, for this process and its children, besides localhost.</summary>
    public static Task SetHostsAsync(IEnumerable<(string Address, string Name)> hosts) =>
        File.WriteAllLinesAsync(
            "/etc/hosts", ["127.0.0.1 localhost", $"127.0.0.1 {Environment.MachineName}", .. hosts.Select(h => $"{h.Address} {h.Name}")]);

    /// <summary>
    /// Removes the inner process's files. It does so itself, for the case that the outer one is killed; and that one does, for the other case.
    /// </summary>
    private static void Remove(string directory)
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
