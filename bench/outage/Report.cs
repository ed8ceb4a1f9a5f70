namespace DeisProxy.Outage;

/// <summary>Writes what was measured into the documentation: docs/outage.md, docs/outage.svg, and the README's section between its two marks.</summary>
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
        var rows = summaries.Where(s => s.Scenario.Balancers == 1).Select(s => $"| {s.Scenario.Title} | {s.Failed.Text("0.#")} | {s.Ratio} | {s.Latest.Text("0.0")} |\n");
        return $"""
            Requests that fail while the load balancer of a testbed of real parts is changed, at 100 new connections a second:

            ![Failed requests in every run](docs/outage.svg)

            | | failed requests | of the script's | latest answer, s |
            |---|---|---|---|
            {string.Concat(rows).TrimEnd()}

            {series.Conditions()}
            [All numbers](docs/outage.md).

            """;
    }

    private static string Page(Series series, IReadOnlyList<Summary> summaries) =>
        $"""
        # What clients notice of the change

        {series.Conditions()}

        ![Failed requests in every run](outage.svg)

        {Summary.Table(summaries)}
        - *failed*: no answer within 10 s, a refused or cut connection, or another status than 200.
        - *late*: answered, after more than 0.5 s; a connection that a node holds comes again after 1 s.
        - *over half failing*: time, in tenths of a second, in which more requests failed than not.
        - *wrong client address*: answered, but an application would have seen the load balancer's address: on the way there the listener is in TCP mode and the PROXY line not yet sent.
        - *own*: what deis-proxy says itself, `outageMilliseconds` and `heldMilliseconds`.

        `--no-hold` does without holding new connections at the nodes. `teardown` goes back. With two machines the load balancer's name resolves to both, and clients use them in turn.

        """;
}
