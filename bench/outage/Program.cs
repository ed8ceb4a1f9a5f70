using System.CommandLine;
using System.Text.Json;
using DeisProxy.Outage;
using DeisProxy.RealParts;

var runs = new Option<int>("--runs") { Description = "Runs of each scenario.", DefaultValueFactory = _ => 7 };
var scenarios = new Option<string>("--scenarios")
{
    Description = $"Which ones, with commas between: {string.Join(",", Scenario.All.Select(s => s.Name))}.",
};
var quick = new Option<bool>("--quick") { Description = "One run of each scenario." };
var json = new Option<FileInfo>("--json") { Description = "Writes every run's numbers to a file." };
var shell = new Option<string>("--shell")
{
    Description =
        "Measures nothing, but runs a command of sh on the testbed: the environment is deis-proxy's, $tool VERB $options starts it, $ssh $n1 COMMAND "
            + "enters a node (also $n2, $n3), $lb is the load balancer.",
};
var read = new Option<FileInfo>("--read") { Description = "Measures nothing, but takes the numbers of a file that --json wrote." };
var write = new Option<bool>("--write")
{
    Description = "Writes docs/outage.md, docs/outage.svg and the README's section; with --speed docs/speed.md and docs/timeline.svg.",
};
var drill = new Option<string>("--drill")
{
    Description =
        $"Measures nothing, but lets setups go wrong; which ways, with commas between, or all: {string.Join(",", Drill.All.Select(d => d.Name))}.",
};
var speed = new Option<bool>("--speed")
{
    Description = "Measures how long commands take beside the script's calls, --runs times, with 0, 30 and 100 ms per call.",
};
var nodes = new Option<int[]>("--nodes")
{
    Description = "How many router nodes: with --speed in turn, with --shell the first number.",
    DefaultValueFactory = _ => [3, 1, 10, 100],
    AllowMultipleArgumentsPerToken = true,
};
var before = new Option<FileInfo>("--before") { Description = "With --speed: a deis-proxy of an earlier state, to be measured in turn." };
var entering = new Option<bool>("--entering")
{
    Description = "Measures how long it takes to enter nodes, --runs times: Renci.SshNet beside the system's ssh, and two key exchanges.",
};
var lag = new Option<bool>("--lag") { Description = "With --shell: AWS is slow." };
var command = new RootCommand("Measures what clients notice while a classic ELB in front of Deis is moved to the PROXY protocol. Needs root.")
{
    runs,
    scenarios,
    quick,
    json,
    read,
    write,
    drill,
    speed,
    nodes,
    before,
    entering,
    shell,
    lag,
};
command.SetAction(async (options, _) =>
{
    if (!Environment.IsPrivilegedProcess)
    {
        await Console.Error.WriteLineAsync("error: network namespaces and port 80 need root");
        return 2;
    }

    if (!PrivateNetwork.IsInside)
    {
        return await PrivateNetwork.RunInsideAsync(args);
    }

    var names = options.GetValue(scenarios)?.Split(',') ?? [.. Scenario.All.Select(s => s.Name)];
    if (names.Except(Scenario.All.Select(s => s.Name), StringComparer.Ordinal).ToList() is { Count: > 0 } unknown)
    {
        await Console.Error.WriteLineAsync($"error: no scenario is named {string.Join(", ", unknown)}");
        return 2;
    }

    var drillNames = options.GetValue(drill) switch { null => [], "all" => [.. Drill.All.Select(d => d.Name)], var text => text.Split(',') };
    if (drillNames.Except(Drill.All.Select(d => d.Name), StringComparer.Ordinal).ToList() is { Count: > 0 } unknownDrills)
    {
        await Console.Error.WriteLineAsync($"error: no drill is named {string.Join(", ", unknownDrills)}");
        return 2;
    }

    var stop = await PrivateNetwork.EnterAsync();
    try
    {
        if (drillNames.Length > 0)
        {
            return await Bench.DrillAsync([.. Drill.All.Where(d => drillNames.Contains(d.Name))], stop);
        }

        if (options.GetValue(speed))
        {
            var bench = new SpeedBench(options.GetValue(runs), options.GetValue(before), options.GetValue(nodes)!);
            await bench.RunAsync(options.GetValue(write), stop);
            return 0;
        }

        if (options.GetValue(entering))
        {
            await EnteringBench.RunAsync(options.GetValue(runs), stop);
            return 0;
        }

        if (options.GetValue(shell) is { } line)
        {
            return await Shell.RunAsync(line, options.GetValue(nodes)![0], options.GetValue(lag), stop);
        }

        var chosen = Scenario.All.Where(s => names.Contains(s.Name)).ToList();
        var series = options.GetValue(read) is { } known
            ? JsonSerializer.Deserialize(await File.ReadAllTextAsync(known.FullName, stop), SeriesJson.Default.Series)!
            : await Series.OfAsync(await Bench.RunAsync(chosen, options.GetValue(quick) ? 1 : options.GetValue(runs), stop));
        var summaries = series.Summaries();
        Console.Write(Summary.Table(summaries));
        if (options.GetValue(json) is { } file)
        {
            await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(series, SeriesJson.Default.Series), stop);
        }

        if (options.GetValue(write))
        {
            await Report.WriteAsync(series, stop);
        }

        var misses = summaries.SelectMany(s => s.Misses()).ToList();
        misses.ForEach(miss => Console.Error.WriteLine($"missed: {miss}"));
        return misses.Count == 0 ? 0 : 1;
    }
    catch (OperationCanceledException) when (stop.IsCancellationRequested)
    {
        await Console.Error.WriteLineAsync("interrupted");
        return 130;
    }
});
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
