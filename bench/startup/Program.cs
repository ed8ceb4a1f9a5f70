using System.Diagnostics;
using System.Globalization;

// How long the program takes to start: the native file against the framework-dependent one, in turns.
if (args is not [var native, var dll, .. var rest])
{
    await Console.Error.WriteLineAsync("usage: startup NATIVE-FILE DEIS-PROXY.DLL [RUNS]");
    return 2;
}

var runs = rest is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 21;
var size = new FileInfo(native).Length / 1e6;
var others = Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(dll))!, "*.dll").Sum(file => new FileInfo(file).Length) / 1e6;
Console.WriteLine(FormattableString.Invariant($"native: one file of {size:0.0} MB; framework-dependent: {others:0.0} MB beside the .NET runtime"));
Console.WriteLine();
Console.WriteLine("| command | native, ms | framework-dependent, ms | ratio |");
Console.WriteLine("|---|---|---|---|");
foreach (var command in (string[])["--version", "--help", "setup --help"])
{
    var (ours, theirs) = (new List<double>(), new List<double>());

    // The first run of each fills the caches.
    for (var run = 0; run <= runs; run++)
    {
        var one = await TimeAsync(native, command.Split(' '));
        var other = await TimeAsync("dotnet", [dll, .. command.Split(' ')]);
        if (run > 0)
        {
            ours.Add(one);
            theirs.Add(other);
        }
    }

    Console.WriteLine(FormattableString.Invariant($"| `{command}` | {Show(ours)} | {Show(theirs)} | {Median(theirs) / Median(ours):0.0} |"));
}

return 0;

static async Task<double> TimeAsync(string program, string[] arguments)
{
    var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true };
    var begun = Stopwatch.GetTimestamp();
    using var process = Process.Start(start)!;
    await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    return process.ExitCode == 0
        ? Stopwatch.GetElapsedTime(begun).TotalMilliseconds
        : throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
}

static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

static string Show(List<double> values) => FormattableString.Invariant($"{Median(values):0} ({values.Min():0}–{values.Max():0})");
