using System.Diagnostics;
using System.Globalization;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>How long it takes to enter nodes, with Renci.SshNet beside the system's ssh and with one key exchange beside the other.</summary>
internal static class EnteringBench
{
    private const int Nodes = 100;

    private const string Curve = "curve25519-sha256";
    private const string Sntrup = "sntrup761x25519-sha512@openssh.com";

    /// <summary>Takes turns, so that what changes on the machine meets both, and prints medians as a table.</summary>
    public static async Task RunAsync(int runs, CancellationToken cancellationToken)
    {
        using var directory = new TemporaryDirectory();
        await using var server = await SshServer.StartAsync("MaxStartups 300");
        async Task<Client> ClientAsync(SshClientKind kind, string exchange)
        {
            var config = directory[exchange];
            await File.WriteAllTextAsync(config, $"KexAlgorithms {exchange}\n", cancellationToken);
            return new Client(server, kind, config, cancellationToken);
        }

        Console.WriteLine(Row("", "Renci.SshNet", "system's ssh", "ratio"));
        Console.WriteLine(Row("---", "---", "---", "---"));
        Client[] both = [await ClientAsync(SshClientKind.Renci, Curve), await ClientAsync(SshClientKind.OpenSsh, Curve)];
        Print("enter a node, ms", await InTurnsAsync(runs, both, client => client.EnterAsync()));
        var (openSshHeld, renciHeld) = (await both[1].HoldAsync(Nodes), await both[0].HoldAsync(Nodes));
        Console.WriteLine(Row($"{Nodes} nodes held: more memory (processes of ssh)", renciHeld, openSshHeld, ""));
        using (SshTransport renciTransport = both[0].NewTransport(), openSshTransport = both[1].NewTransport())
        await using (INode renci = await both[0].ConnectAsync(renciTransport), openSsh = await both[1].ConnectAsync(openSshTransport))
        {
            Print("a command, ms", await InTurnsAsync(3 * runs, both, client => client.CommandAsync(client == both[0] ? renci : openSsh)));
        }

        var one = await InTurnsAsync(runs, both, client => client.VisitAsync(1));
        Print("visit a node (enter, command, leave), ms", one);
        var all = await InTurnsAsync(Math.Max(1, runs / 5), both, client => client.VisitAsync(Nodes));
        Print($"visit {Nodes} nodes at once, ms", all);
        List<double>[] theirs = [both[0].Theirs, both[1].Theirs];
        Print($"their sshd's processor time / {Environment.ProcessorCount} processors, ms", theirs);
        Print($"this process's / {Environment.ProcessorCount} processors, ms", [both[0].Ours, both[1].Ours]);
        List<double> goals = [.. one.Zip(theirs, (node, their) => (3 * Median(node)) + Median(their))];
        Console.WriteLine(Row(["goal: 3 × a node + their sshd's, ms", .. goals.Select(goal => Number(goal, "0.0")), ""]));
        Console.WriteLine(Row([$"{Nodes} nodes : goal", .. all.Zip(goals, (taken, goal) => Number(Median(taken) / goal, "0.00")), ""]));
        Console.WriteLine();

        Console.WriteLine(Row("", Curve, Sntrup, "ratio"));
        Console.WriteLine(Row("---", "---", "---", "---"));
        foreach (var kind in new[] { SshClientKind.Renci, SshClientKind.OpenSsh })
        {
            Client[] exchanges = [await ClientAsync(kind, Curve), await ClientAsync(kind, Sntrup)];
            Print($"enter a node with {kind}, ms", await InTurnsAsync(runs, exchanges, client => client.EnterAsync()));
        }
    }

    private static async Task<List<double>[]> InTurnsAsync(int runs, Client[] clients, Func<Client, Task<double>> measure)
    {
        List<double>[] taken = [[], []];

        // The first run of each fills the caches.
        for (var run = 0; run <= runs; run++)
        {
            foreach (var which in run % 2 == 0 ? (int[])[0, 1] : [1, 0])
            {
                var value = await measure(clients[which]);
                if (run > 0)
                {
                    taken[which].Add(value);
                }
            }
        }

        return taken;
    }

    private static void Print(string name, List<double>[] taken) => Console.WriteLine(Row(
        name, Show(taken[0]), Show(taken[1]), Number(Median(taken[1]) / Median(taken[0]), "0.00")));

    private static string Row(params IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static string Show(List<double> values) =>
        string.Create(CultureInfo.InvariantCulture, $"{Median(values):0.0} ({values.Min():0.0}–{values.Max():0.0})");

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>Memory of a process, what it shares with others divided among them.</summary>
    private static double Megabytes(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/smaps_rollup").First(text => text.StartsWith("Pss:", StringComparison.Ordinal));
            return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Debug.WriteLine(error.Message);
            return 0;
        }
    }

    private sealed record Client(SshServer Server, SshClientKind Kind, string Config, CancellationToken Stop)
    {
        /// <summary>What sshd took of each processor for each visit of several nodes, in ms.</summary>
        public List<double> Theirs { get; } = [];

        /// <summary>What this process took.</summary>
        public List<double> Ours { get; } = [];

        /// <summary>A new one, as each run of deis-proxy has.</summary>
        public SshTransport NewTransport() => new(
            new SshOptions
            {
                Client = Kind,
                User = Server.User,
                IdentityFile = Server.IdentityFile,
                KnownHostsFile = Server.KnownHostsFile,
                ConfigFile = Config,
                ConnectTimeout = TimeSpan.FromMinutes(1),
            },
            SshDialog.Silent);

        public Task<INode> ConnectAsync(SshTransport transport) => transport.ConnectAsync(NodeAddress.Parse(Server.Address), Stop);

        public async Task<double> EnterAsync()
        {
            var clock = Stopwatch.StartNew();
            using var transport = NewTransport();
            await using var node = await ConnectAsync(transport);
            return clock.Elapsed.TotalMilliseconds;
        }

        public async Task<double> CommandAsync(INode node)
        {
            var clock = Stopwatch.StartNew();
            await node.RunAsync(["true"], Stop);
            return clock.Elapsed.TotalMilliseconds;
        }

        public async Task<double> VisitAsync(int nodes)
        {
            await Server.RestAsync();
            var (theirs, ours, clock) = (Server.ProcessorTime, Environment.CpuUsage.TotalTime, Stopwatch.StartNew());
            using (var transport = NewTransport())
            {
                await Task.WhenAll(Enumerable.Range(0, nodes).Select(async _ =>
                {
                    await using var node = await ConnectAsync(transport);
                    await node.RunAsync(["true"], Stop);
                }));
            }

            var taken = clock.Elapsed.TotalMilliseconds;
            if (nodes > 1)
            {
                Ours.Add((Environment.CpuUsage.TotalTime - ours).TotalMilliseconds / Environment.ProcessorCount);
                await Server.RestAsync();
                Theirs.Add((Server.ProcessorTime - theirs).TotalMilliseconds / Environment.ProcessorCount);
            }

            return taken;
        }

        /// <summary>How much more memory this process and those of ssh have while nodes are entered.</summary>
        public async Task<string> HoldAsync(int count)
        {
            GC.Collect();
            using var transport = NewTransport();
            var before = Megabytes(Environment.ProcessId);
            var nodes = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ConnectAsync(transport)));
            var ssh = Process.GetProcessesByName("ssh").Select(process => process.Id).ToList();
            var more = Megabytes(Environment.ProcessId) - before + ssh.Sum(Megabytes);
            await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
            return string.Create(CultureInfo.InvariantCulture, $"{more:0} MB ({ssh.Count})");
        }
    }
}
