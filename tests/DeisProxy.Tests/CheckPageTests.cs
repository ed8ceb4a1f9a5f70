using System.Text.RegularExpressions;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>docs/checks.md names the checks of each provider, and no other.</summary>
public sealed partial class CheckPageTests
{
    private const int Aws = 0;
    private const int Rackspace = 1;
    private const int None = 2;

    [Theory]
    [InlineData(Aws)]
    [InlineData(Rackspace)]
    [InlineData(None)]
    public async Task It_names_the_checks_of_each_provider(int provider)
    {
        var options = provider switch
        {
            Aws => SandboxOptions.DeisV15,
            Rackspace => SandboxOptions.DeisOnRackspace,
            _ => SandboxOptions.DeisWithoutBalancer,
        };
        await using var scene = await Scene.StartAsync(options);
        var (_, checks) = await scene.VerifyAsync("--no-probe");

        // Shown only after a run that was cut off.
        Named(provider).Where(id => id != "unfinished-run").ShouldBe(checks.Keys, ignoreOrder: true);
    }

    private static IEnumerable<string> Named(int provider) =>
        Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "checks.md")))
            .Where(row => row.Groups["x"].Captures[provider].Value.Trim() == "x").Select(row => row.Groups["id"].Value);

    [GeneratedRegex(@"^\| `(?<id>[a-z-]+)` \|((?<x>[ x]+)\|){3}", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
