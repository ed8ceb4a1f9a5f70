using System.Text.RegularExpressions;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;
using DeisProxy.Tests;

namespace DeisProxy.Integration.Tests;

/// <summary>The recipes of docs/ci.md, as they stand there, against the sandbox.</summary>
public sealed partial class RecipeTests : IDisposable
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "ci.md"));

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_recipe_does_what_it_says()
    {
        using var sandbox = await PrintedSandbox.StartAsync(ToolRun.Program, "aws");
        File.Copy(sandbox.OptionOf("--identity"), _folder["deis.key"]);
        File.Copy(sandbox.OptionOf("--known-hosts"), _folder["known_hosts"]);

        // What the recipes need not say to a real cluster.
        string[] cluster = [.. new[] { "--node", "--ssh-user", "--ssh-config", "--etcd-endpoint" }.SelectMany(o => new[] { o, sandbox.OptionOf(o) })];
        _folder.WriteScript("deis-proxy", $"verb=$1; shift; exec {ShellQuote.Join(ToolRun.Program)} \"$verb\" {ShellQuote.Join(cluster)} \"$@\"");

        (await RunAsync(sandbox, Recipe("Only if something is to be done"))).ShouldContain("Changes are pending");

        await RunAsync(sandbox, Recipe("GitHub Actions"));
        var summary = await File.ReadAllTextAsync(_folder["summary"]);
        summary.ShouldContain("### deis-proxy setup: done");
        summary.ShouldContain("| flip | ");
        summary.ShouldContain("### deis-proxy verify: verified, ");
        summary.ShouldContain("| routers | pass | ");

        (await RunAsync(sandbox, Recipe("Only if something is to be done"))).ShouldContain("The load balancer is set up.");
        await RunAsync(sandbox, Recipe("GitLab CI"));
        (await File.ReadAllTextAsync(_folder["verify.xml"])).ShouldContain("<testcase classname=\"deis-proxy.verify\" name=\"routers\"");
        (await RunAsync(sandbox, Recipe("cron"))).ShouldNotContain("pass");
    }

    /// <summary>
    /// What a recipe runs: the text of a block, of a YAML key "run", or the commands of a YAML list; of a crontab what follows the time.
    /// </summary>
    private static string Recipe(string title)
    {
        var block = Block().Match(Page[Page.IndexOf($"## {title}\n", StringComparison.Ordinal)..]);
        var (language, text) = (block.Groups["language"].Value, block.Groups["text"].Value);
        var lines = text.Split('\n', StringSplitOptions.TrimEntries).Where(line => line.Contains("deis-proxy ", StringComparison.Ordinal));
        return language switch
        {
            "yaml" => string.Join('\n', lines.Select(line => line.TrimStart('-', ' '))),
            "crontab" => string.Join('\n', lines.Select(line => string.Join(' ', line.Split(' ')[5..]))),
            _ => text,
        };
    }

    private async Task<string> RunAsync(PrintedSandbox sandbox, string script)
    {
        var (exitCode, output) = await sandbox.RunAsync(
            $"set -e\nPATH=\"{_folder.Path}:$PATH\"\n{script}",
            [new("XDG_STATE_HOME", _folder.Path), new("GITHUB_ACTIONS", "true"), new("GITHUB_STEP_SUMMARY", _folder["summary"])],
            _folder.Path);
        exitCode.ShouldBe(0, $"{script}\n{output}");
        return output;
    }

    [GeneratedRegex("```(?<language>[a-z]+)\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Block();
}
