using System.Text;

namespace DeisProxy.Output;

/// <summary>
/// What GitHub Actions shows beside a job's log: annotations and a step's summary. Source: "Workflow commands for GitHub Actions".
/// </summary>
internal sealed class GitHubActions(string? summaryFile)
{
    /// <summary>Where the program runs in a job of GitHub Actions; null elsewhere.</summary>
    public static GitHubActions? OfProcess() => Environment.GetEnvironmentVariable("GITHUB_ACTIONS") == "true"
        ? new GitHubActions(Environment.GetEnvironmentVariable("GITHUB_STEP_SUMMARY"))
        : null;

    /// <summary>The line that makes an annotation.</summary>
    /// <param name="level"><c>error</c>, <c>warning</c> or <c>notice</c>.</param>
    public static string Annotation(string level, string message, string remedy) =>
        $"::{level} title=deis-proxy::{Escape($"{message}\n{remedy}".Trim())}";

    /// <summary>Adds a table to the step's summary. A summary that cannot be written fails no job.</summary>
    public void Summarize(string title, string[] head, IEnumerable<string[]> rows)
    {
        if (string.IsNullOrEmpty(summaryFile))
        {
            return;
        }

        var text = new StringBuilder($"### {Cell(title)}\n\n{Row(head)}{Row([.. head.Select(_ => "---")])}");
        text.AppendJoin("", rows.Select(Row)).Append('\n');
        try
        {
            File.AppendAllText(summaryFile, text.ToString());
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            System.Diagnostics.Debug.WriteLine(refused.Message);
        }
    }

    private static string Row(string[] cells) => $"| {string.Join(" | ", cells.Select(Cell))} |\n";

    /// <summary>Remote text becomes neither a column nor a tag of its own.</summary>
    private static string Cell(string text) => Terminal.Clean(text).Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);

    private static string Escape(string text) => string.Join("%0A", text.Split('\n').Select(Terminal.Clean).Select(
        line => line.Replace("%", "%25", StringComparison.Ordinal)));
}
