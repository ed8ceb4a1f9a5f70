using System.Diagnostics;
using System.Globalization;

// How long the program takes to start, and how much memory: the native file, the framework-dependent one and the AWS CLI, in turns.
if (args is not [var native, var dll, .. var rest])
{
    await Console.Error.WriteLineAsync("usage: startup NATIVE-FILE DEIS-PROXY.DLL [RUNS]");
    return 2;
}

var runs = rest is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 21;
var size = new FileInfo(native).Length / 1e6;
var others = Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(dll))!, "*.dll").Sum(file => new FileInfo(file).Length) / 1e6;
using var sandbox = Process.Start(new ProcessStartInfo(native, ["sandbox", "--aws-port", "0"])
{
    UseShellExecute = false,
    RedirectStandardOutput = true,
})!;
try
{
    var (environment, options) = await ReadAsync(sandbox.StandardOutput);
    Console.WriteLine(FormattableString.Invariant(
        $"native: one file of {size:0.0} MB; framework-dependent: {others:0.0} MB beside .NET; medians (least–most) of {runs} runs in turn"));
    Console.WriteLine();
    Console.WriteLine("| command | native, ms | MiB | framework-dependent, ms | MiB | ratio |");
    Console.WriteLine("|---|---|---|---|---|---|");
    foreach (var (title, arguments) in (IEnumerable<(string, string[])>)
        [
            ("--version", ["--version"]), ("--help", ["--help"]), ("setup --help", ["setup", "--help"]),
            ("setup --dry-run, sandbox", ["setup", "--dry-run", .. options]), ("verify --no-probe, sandbox", ["verify", "--no-probe", .. options]),
        ])
    {
        var (ours, theirs) = (new List<double>(), new List<double>());

        // The first run of each fills the caches.
        for (var run = 0; run <= runs; run++)
        {
            var one = await TimeAsync(native, arguments, environment);
            var other = await TimeAsync("dotnet", [dll, .. arguments], environment);
            if (run > 0)
            {
                ours.Add(one);
                theirs.Add(other);
            }
        }

        var memory = await MemoryAsync(native, arguments, environment);
        var theirMemory = await MemoryAsync("dotnet", [dll, .. arguments], environment);
        Console.WriteLine(FormattableString.Invariant(
            $"| `{title}` | {Show(ours)} | {memory:0} | {Show(theirs)} | {theirMemory:0} | {Median(theirs) / Median(ours):0.0} |"));
    }

    var cli = new List<double>();
    for (var run = 0; run < Math.Min(runs, 5); run++)
    {
        cli.Add(await TimeAsync("aws", ["--version"], environment));
    }

    var cliMemory = await MemoryAsync("aws", ["--version"], environment);
    Console.WriteLine(FormattableString.Invariant($"| `aws --version`, the AWS CLI | {Show(cli)} | {cliMemory:0} | | | |"));
}
finally
{
    sandbox.Kill();
    await sandbox.WaitForExitAsync();
}

return 0;

// What the sandbox prints: the environment, and the options that lead to its cluster.
static async Task<(Dictionary<string, string> Environment, string[] Options)> ReadAsync(StreamReader output)
{
    var environment = new Dictionary<string, string>(StringComparer.Ordinal);
    while (await output.ReadLineAsync() is { } line)
    {
        if (line.StartsWith("export ", StringComparison.Ordinal))
        {
            foreach (var pair in line["export ".Length..].Split(' '))
            {
                environment[pair.Split('=', 2)[0]] = pair.Split('=', 2)[1];
            }
        }
        else if (line.Split(" setup ") is [_, var options])
        {
            return (environment, options.Split(' '));
        }
    }

    throw new InvalidOperationException("The sandbox printed no command for setup.");
}

static ProcessStartInfo Start(string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
{
    var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
    foreach (var (name, value) in environment)
    {
        start.Environment[name] = value;
    }

    return start;
}

static async Task<string> RunAsync(ProcessStartInfo start)
{
    using var process = Process.Start(start)!;
    var error = process.StandardError.ReadToEndAsync();
    var output = await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();

    // 4: verify without probes finds a cluster that is not set up.
    return process.ExitCode is 0 or 4 ? output
        : throw new InvalidOperationException($"{start.FileName} ended with {process.ExitCode}: {await error}");
}

static async Task<double> TimeAsync(string program, string[] arguments, Dictionary<string, string> environment)
{
    var begun = Stopwatch.GetTimestamp();
    await RunAsync(Start(program, arguments, environment));
    return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
}

// What the kernel says of a process that has ended, in MiB.
static async Task<double> MemoryAsync(string program, string[] arguments, Dictionary<string, string> environment)
{
    const string Measure =
        "import resource as r, subprocess, sys; subprocess.run(sys.argv[1:], capture_output=True); print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)";
    return double.Parse(await RunAsync(Start("python3", ["-c", Measure, program, .. arguments], environment)), CultureInfo.InvariantCulture) / 1024;
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

static string Show(List<double> values) => FormattableString.Invariant($"{Median(values):0} ({values.Min():0}–{values.Max():0})");
