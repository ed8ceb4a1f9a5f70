using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace DeisProxy.RealParts;

/// <summary>A real program that a test has started; it ends with the test, also when the test process ends without disposing it.</summary>
public sealed class RealProcess : IAsyncDisposable
{
    private const int KeptOutput = 64 * 1024;

    /// <summary>ENOENT.</summary>
    private const int NoSuchFile = 2;

    /// <summary>From the start of a server until it serves: ends what hangs, on a busy machine too.</summary>
    internal static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>For programs that do one thing and end: ends what hangs, the same.</summary>
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(60);

    /// <summary>From SIGKILL until a program is gone and its output at its end, which on a busy machine takes seconds.</summary>
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(30);

    /// <summary>After so long it is killed again, with what it may have started meanwhile.</summary>
    private static readonly TimeSpan KillAgain = TimeSpan.FromSeconds(5);

    private static readonly ConcurrentDictionary<int, RealProcess> Running = new();

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly string _commandLine;

    static RealProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Values)
        {
            process.Kill();
        }
    };

    private RealProcess(Process process, string commandLine)
    {
        _process = process;
        _commandLine = commandLine;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        Id = process.Id;
        Running[Id] = this;
    }

    public int Id { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>The last of what it wrote to both its outputs.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static RealProcess Start(string program, params IEnumerable<string> arguments) => StartIn(null, program, arguments);

    /// <summary>Starts a program in a network namespace; null: in this process's own.</summary>
    public static RealProcess StartIn(NetworkNamespace? network, string program, params IEnumerable<string> arguments)
    {
        if (network is not null)
        {
            (program, arguments) = network.Enter(program, arguments);
        }

        var start = new ProcessStartInfo(program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return new RealProcess(Process.Start(start)!, $"{program} {string.Join(' ', start.ArgumentList)}");
        }
        catch (Win32Exception missing) when (missing.NativeErrorCode == NoSuchFile)
        {
            throw new MissingPartException(program, "install it");
        }
    }

    /// <summary>Runs a program to its end and returns what it wrote; a failure throws with that.</summary>
    public static Task<string> RunAsync(string program, params IEnumerable<string> arguments) => RunInAsync(null, program, arguments);

    /// <summary>The same in a network namespace; null: in this process's own.</summary>
    public static async Task<string> RunInAsync(NetworkNamespace? network, string program, params IEnumerable<string> arguments)
    {
        await using var process = StartIn(network, program, arguments);
        using var limit = new CancellationTokenSource(RunLimit);
        try
        {
            await process._process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException late)
        {
            throw new InvalidOperationException($"{process._commandLine} has not ended after {RunLimit.TotalSeconds} s:\n{process.Output}", late);
        }

        return process._process.ExitCode == 0
            ? process.Output
            : throw new InvalidOperationException($"{process._commandLine} ended with {process._process.ExitCode}:\n{process.Output}");
    }

    /// <summary>The absolute path of a program.</summary>
    public static string Find(string program, string howToInstall) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(["/usr/sbin", "/usr/local/sbin", "/sbin"])
            .Select(directory => Path.Combine(directory, program))
            .FirstOrDefault(File.Exists) ?? throw new MissingPartException(program, howToInstall);

    /// <summary>A port of 127.0.0.1 that nobody uses at this moment.</summary>
    public static int FreePort()
    {
        // Below those that the system gives to outgoing connections (32768 and up): it would give the port away before it is used.
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, RandomNumberGenerator.GetInt32(15_000, 32_000)));
                return ((IPEndPoint)socket.LocalEndPoint!).Port;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                Debug.WriteLine(e.Message);
            }
        }
    }

    /// <summary>Starts something on a free port; somebody may take that port in between, so it is tried again.</summary>
    internal static async Task<T> OnFreePortAsync<T>(Func<int, Task<T>> start)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await start(FreePort());
            }
            catch (InvalidOperationException e) when (attempt < 3 && e.Message.Contains("in use", StringComparison.OrdinalIgnoreCase))
            {
                Debug.WriteLine(e.Message);
            }
        }
    }

    /// <summary>Polls until something is so; a program that ends meanwhile, or takes too long, fails with its output.</summary>
    public async Task WaitUntilAsync(Func<Task<bool>> ready, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        while (!await ready())
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync();
                throw new InvalidOperationException($"{_commandLine} ended with {_process.ExitCode}:\n{Output}");
            }

            if (clock.Elapsed > limit)
            {
                throw new InvalidOperationException($"{_commandLine} was not ready after {limit.TotalSeconds} s:\n{Output}");
            }

            await Task.Delay(20);
        }
    }

    /// <summary>Process ids of a process's direct children (Linux).</summary>
    public static IReadOnlyList<int> ChildrenOf(int processId)
    {
        var children = new List<int>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var id))
            {
                continue;
            }

            try
            {
                // pid (name) state ppid ...; the name may hold anything, so what counts comes after its last bracket.
                var stat = File.ReadAllText(Path.Combine(directory, "stat"));
                if (int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]) == processId)
                {
                    children.Add(id);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended while we looked.
                Debug.WriteLine(e.Message);
            }
        }

        return children;
    }

    /// <summary>What it and its children that have ended took of the processors (Linux).</summary>
    public TimeSpan ProcessorTime()
    {
        // utime, stime, cutime and cstime, 14 to 17 of proc_pid_stat(5), in hundredths of a second.
        var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
        return TimeSpan.FromMilliseconds(10 * stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[11..15].Sum(long.Parse));
    }

    public async ValueTask DisposeAsync()
    {
        if (!Running.TryRemove(Id, out _))
        {
            return;
        }

        using var limit = new CancellationTokenSource(KillLimit);
        var gone = _process.WaitForExitAsync(limit.Token);
        do
        {
            Kill();
        }
        while (await Task.WhenAny(gone, Task.Delay(KillAgain)) != gone);

        await gone;
        _process.Dispose();
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It has ended already.
            Debug.WriteLine(e.Message);
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Append(line.Data).Append('\n');
            if (_output.Length > KeptOutput)
            {
                _output.Remove(0, _output.Length - (KeptOutput / 2));
            }
        }
    }
}

/// <summary>A program that the tests need is not installed, or a right is missing: those tests are skipped.</summary>
public sealed class MissingPartException(string program, string howToInstall)
    : Exception($"The tests need {program}: {howToInstall}")
{
    /// <summary>Demands the rights of root.</summary>
    public static void DemandRoot(string why)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new MissingPartException("root", why);
        }
    }
}

/// <summary>A temporary directory that goes away at the end.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private const string Memory = "/dev/shm";

    private readonly DirectoryInfo _directory;

    public TemporaryDirectory() => _directory = Directory.CreateTempSubdirectory("dpt-");

    private TemporaryDirectory(DirectoryInfo directory) => _directory = directory;

    /// <summary>One in memory where the system has that: what is synchronized to a busy disk may take seconds.</summary>
    public static TemporaryDirectory InMemory() =>
        Directory.Exists(Memory)
            ? new(Directory.CreateDirectory(System.IO.Path.Combine(Memory, $"dpt-{System.IO.Path.GetRandomFileName()}")))
            : new();

    public string Path => _directory.FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a program for the shell; where there is one, it is replaced in one go, because a shell may be reading it.</summary>
    public void WriteScript(string name, string script)
    {
        var file = this[$"{name}.new"];
        File.WriteAllText(file, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        File.Move(file, this[name], overwrite: true);
    }

    public void Dispose()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _directory.Delete(recursive: true);
                return;
            }
            catch (DirectoryNotFoundException) when (attempt > 1)
            {
                return;
            }
            catch (IOException) when (attempt < 5)
            {
                // A program that has just been killed may still have been writing.
                Debug.WriteLine(Path);
            }
        }
    }
}
