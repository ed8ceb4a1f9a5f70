using System.ComponentModel;
using System.Diagnostics;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Starts the OpenSSH client.</summary>
internal static class SshProcess
{
    /// <summary>How long the pipes of a process that has ended may stay open: an old ssh leaves them to its master.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);

    /// <summary>Whether there is an ssh program.</summary>
    public static bool IsInstalled(string? searchPath) => Find("ssh", searchPath ?? Environment.GetEnvironmentVariable("PATH") ?? "") is not null;

    /// <summary>Starts ssh with redirected streams.</summary>
    /// <exception cref="DeisProxyException"><c>ssh-missing</c>.</exception>
    public static Process Start(IReadOnlyList<string> arguments, SshOptions options)
    {
        var path = options.SearchPath ?? Environment.GetEnvironmentVariable("PATH") ?? "";
        var ssh = Find("ssh", path) ?? throw SshFailure.Missing();

        // Ctrl-C at a terminal goes to the whole foreground process group. A rollback still needs its connections then, so
        // ssh gets a session of its own where the system has a program for that; without a terminal it cannot ask anything either.
        var setsid = OperatingSystem.IsLinux() ? Find("setsid", path) : null;
        var start = new ProcessStartInfo(setsid ?? ssh)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        if (setsid is not null)
        {
            start.ArgumentList.Add(ssh);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["LC_ALL"] = "C";
        (start.Environment["SSH_ASKPASS"], start.Environment["SSH_ASKPASS_REQUIRE"]) =
            options.AskPass is { } asking ? (asking.Program, "force") : (null, "never");

        try
        {
            return Process.Start(start) ?? throw SshFailure.Missing();
        }
        catch (Win32Exception e)
        {
            throw new DeisProxyException("ssh-missing", $"ssh cannot be started: {RemoteText.Clean(e.Message)}.", $"Check {ssh}.", e);
        }
    }

    /// <summary>Runs ssh to its end: both pipes are drained, then the exit status is read. Cancelling kills it.</summary>
    public static async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, SshOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var process = Start(arguments, options);
        try
        {
            process.StandardInput.Close();
            using var drain = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var output = DrainAsync(process.StandardOutput, drain.Token);
            var error = DrainAsync(process.StandardError, drain.Token);
            await process.WaitForExitAsync(cancellationToken);
            drain.CancelAfter(DrainTime);
            return new CommandResult(process.ExitCode, await output, await error);
        }
        finally
        {
            Kill(process);
        }

        async Task<string> DrainAsync(StreamReader reader, CancellationToken token)
        {
            try
            {
                return await ReadAsync(reader, token);
            }
            catch (DeisProxyException)
            {
                // Nobody reads the pipe any more, so it would never end.
                Kill(process);
                throw;
            }
        }
    }

    /// <summary>Ends a process if it still runs.</summary>
    public static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself meanwhile, which is all that is wanted.
            Debug.WriteLine(e.Message);
        }
    }

    /// <summary>Reads a pipe to its end; or until cancelled, if it outlives its process: what came until then is what the process said.</summary>
    internal static Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken) => CommandOutput.ReadAsync(
        async (buffer, token) =>
        {
            try
            {
                return await reader.BaseStream.ReadAsync(buffer, token);
            }
            catch (OperationCanceledException)
            {
                return 0;
            }
        },
        cancellationToken);

    private static string? Find(string program, string searchPath)
    {
        var name = OperatingSystem.IsWindows() ? program + ".exe" : program;
        return searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);
    }
}
