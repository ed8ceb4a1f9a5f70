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
        await using (var renci = await both[0].ConnectAsync())
        await using (var openSsh = await both[1].ConnectAsync())
        {
            Print("a command, ms", await InTurnsAsync(3 * runs, both, client => client.CommandAsync(client == both[0] ? renci : openSsh)));
        }

        var one = await InTurnsAsync(runs, both, client => client.VisitAsync(1));
        Print("visit a node (enter, command, leave), ms", one);
        var busy = server.ProcessorTime;
        var hundred = await InTurnsAsync(Math.Max(1, runs / 5), both, client => client.VisitAsync(Nodes));
        var nodes = (server.ProcessorTime - busy).TotalMilliseconds / (hundred[0].Count + hundred[1].Count + 2) / Environment.ProcessorCount;
        Print($"visit {Nodes} nodes at once, ms", hundred);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\n{Nodes} nodes against three times one and the nodes' own processor time ({nodes:0} ms on {Environment.ProcessorCount} processors): "
                + $"{Median(hundred[0]):0} ms : {(3 * Median(one[0])) + nodes:0} ms with Renci.SshNet\n"));

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
        name, Show(taken[0]), Show(taken[1]), (Median(taken[1]) / Median(taken[0])).ToString("0.00", CultureInfo.InvariantCulture)));

    private static string Row(params string[] cells) => $"| {string.Join(" | ", cells)} |";

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
        public Task<INode> ConnectAsync() => new SshTransport(
            new SshOptions
            {
                Client = Kind,
                User = Server.User,
                IdentityFile = Server.IdentityFile,
                KnownHostsFile = Server.KnownHostsFile,
                ConfigFile = Config,
                ConnectTimeout = TimeSpan.FromMinutes(1),
            },
            SshDialog.Silent).ConnectAsync(NodeAddress.Parse(Server.Address), Stop);

        public async Task<double> EnterAsync()
        {
            var clock = Stopwatch.StartNew();
            await using var node = await ConnectAsync();
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
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, nodes).Select(async _ =>
            {
                await using var node = await ConnectAsync();
                await node.RunAsync(["true"], Stop);
            }));
            return clock.Elapsed.TotalMilliseconds;
        }

        /// <summary>How much more memory this process and those of ssh have while nodes are entered.</summary>
        public async Task<string> HoldAsync(int count)
        {
            GC.Collect();
            var before = Megabytes(Environment.ProcessId);
            var nodes = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => ConnectAsync()));
            var ssh = Process.GetProcessesByName("ssh").Select(process => process.Id).ToList();
            var more = Megabytes(Environment.ProcessId) - before + ssh.Sum(Megabytes);
            await Task.WhenAll(nodes.Select(node => node.DisposeAsync().AsTask()));
            return string.Create(CultureInfo.InvariantCulture, $"{more:0} MB ({ssh.Count})");
        }
    }
}
