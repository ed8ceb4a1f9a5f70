namespace DeisProxy.Outage;

/// <summary>
/// Writes what was measured into the documentation: docs/outage.md, docs/outage.svg, and the README's section between its two marks.
/// </summary>
internal static class Report
{
    private const string Begin = "<!-- outage: written by bench/outage -->";

    private const string End = "<!-- /outage -->";

    /// <summary>Writes it all.</summary>
    public static async Task WriteAsync(Series series, CancellationToken cancellationToken)
    {
        var root = Root();
        var readme = Path.Combine(root, "README.md");
        var text = await File.ReadAllTextAsync(readme, cancellationToken);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new InvalidOperationException($"{readme} lacks the lines {Begin} and {End}.");
        }

        var summaries = series.Summaries();
        await File.WriteAllTextAsync(readme, $"{text[..begin]}{Begin}\n{Section(series, summaries)}{text[end..]}", cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(root, "docs", "outage.svg"), Plot.Draw(summaries), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(root, "docs", "outage.md"), Page(series, summaries), cancellationToken);
    }

    /// <summary>Writes how long commands take.</summary>
    public static async Task WriteSpeedAsync(int runs, bool hasBefore, string tables, string timeline, CancellationToken cancellationToken)
    {
        await File.WriteAllTextAsync(Path.Combine(Root(), "docs", "timeline.svg"), timeline, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Root(), "docs", "speed.md"), $"""
            # How long commands take

            Whole processes on a testbed of real parts: router nodes with sshd and nginx, etcd, haproxy in place of the load balancer,
            moto in place of AWS, behind a proxy that delays each call.
            *The script, AWS CLI* makes the calls of Deis's `setup-proxy-protocol.sh` through the AWS CLI as the script does;
            *bare calls* are the same without the CLI's start-up time.
            {(hasBefore ? "*Before* is an earlier state of the program. " : "")}Medians
            of {runs} runs, in turn; in brackets the part of the script's time. Testbed and program share {Environment.ProcessorCount} processors.
            Measured by `dotnet run --project bench/outage -c Release -- --speed --write{(hasBefore ? " --before FILE" : "")}` with
            `DEIS_PROXY_TEST_EXECUTABLE` set to the native file. `setup` waits for proof that each change is in effect, which the script does not.

            {tables}
            ## The calls of `setup`

            With 100 ms a call. Blue calls wait for each other; gray ones are made beside them.
            Several CreateLoadBalancerListeners go out at once, until one comes just after the old listener is gone.

            ![Calls to AWS over time](timeline.svg)

            """, cancellationToken);
    }

    private static string Root()
    {
        for (var directory = new DirectoryInfo(Environment.CurrentDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "DeisProxy.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("Run it in the repository: the documentation that is to be written is there.");
    }

    private static string Section(Series series, IReadOnlyList<Summary> summaries)
    {
        // What a visitor wants to know; the rest is on the page.
        var rows = summaries.Where(s => s.Scenario.Machines > 1)
            .Select(
                s => $"| {s.Scenario.Title} | {s.Lost.Text("0.#")} | {s.Refused.Text("0.#")} | {s.Late.Text("0.#")} | {s.Latest.Text("0.0")} |\n");
        return $"""
            ![Lost requests in every run](docs/outage.svg)

            | | lost | refused while the listener was away | late (> 0.5 s) | latest answer, s |
            |---|---|---|---|---|
            {string.Concat(rows).TrimEnd()}

            Requests at 100 new connections a second, on a testbed of real parts whose load balancer is two machines; medians (least–most).
            [How it was measured, and all numbers](docs/outage.md).

            """;
    }

    private static string Page(Series series, IReadOnlyList<Summary> summaries) =>
        $"""
        # What clients notice of the change

        {series.Conditions()}

        ![Lost requests in every run](outage.svg)

        {Summary.Table(summaries)}
        - *lost*: no answer within 10 s, a cut connection, or another status than 200: load balancer and router did not fit.
        - *by the script*: what it lost under the same conditions, in the median.
        - *refused*: no connection, while the load balancer's own listener was being replaced, for which the API has no call.
          The flip has no part in these.
        - *late*: answered, after more than 0.5 s. TCP sends again what a node does not let through, after 0.2, 0.6, 1.4 and 3 s; a connection whose
          first packet is dropped, after 1 s.
        - *wrong client address*: answered, but an application would have seen the load balancer's address:
          on the way there the listener is in TCP mode and the PROXY line not yet sent.
        - *own*: what deis-proxy says itself, `outageMilliseconds` and `heldMilliseconds`.

        `--no-hold` does not hold new connections at the nodes. Without docker rights on a node routers follow on their own, within 5 s;
        without u32 nodes cannot tell connections with a PROXY line from others, and hold all of them at the first sign.

        """;
}
