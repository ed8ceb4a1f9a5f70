using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.Providers;

namespace DeisProxy.Tests;

/// <summary>What the README says is so.</summary>
[Collection(nameof(Alone))]
public sealed partial class ReadmeTests
{
    private static readonly string Permissions = File.ReadAllText(Path.Combine(Repository.Root, "docs", "permissions.md"));

    private static readonly string Readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public void The_IAM_policy_allows_exactly_what_the_code_calls()
    {
        var called = Directory.GetFiles(Path.Combine(Repository.Root, "src", "DeisProxy.Aws"), "*.cs")
            .SelectMany(file => Operation().Matches(File.ReadAllText(file))).Select(match => match.Groups["operation"].Value).Distinct(
                StringComparer.Ordinal);
        var json = Permissions[(Permissions.IndexOf("```json", StringComparison.Ordinal) + 7)..];
        var allowed = JsonNode.Parse(json[..json.IndexOf("```", StringComparison.Ordinal)])!["Statement"]!.AsArray()
            .SelectMany(statement => statement!["Action"]!.AsArray()).Select(action => action!.GetValue<string>());

        allowed.Order(StringComparer.Ordinal).ShouldBe(called.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void It_names_every_provider_with_a_row_a_command_and_a_page()
    {
        ProviderList.Names.ShouldAllBe(name => Readme.Contains($"\n| `{name}`", StringComparison.Ordinal));
        string[] wanted =
            ["docs/how-it-works.md", "docs/rackspace.md", "--provider rackspace", "Without a load balancer", "--provider none"];
        foreach (var text in wanted)
        {
            Readme.ShouldContain(text);
        }
    }

    [Fact]
    public void Its_build_commands_are_run_by_CI()
    {
        var ci = File.ReadAllText(Path.Combine(Repository.Root, ".ci", "run"));
        var commands = Command().Matches(Readme).Select(match => match.Groups["command"].Value).ToList();

        commands.Count.ShouldBeGreaterThan(2);
        commands.Where(command => !command.StartsWith("artifacts/", StringComparison.Ordinal)).ShouldAllBe(
            command => ci.Contains(command, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_daily_commands_are_understood()
    {
        var commands = Command().Matches(Readme).Select(match => match.Groups["command"].Value)
            .Where(command => command.StartsWith("artifacts/deis-proxy ", StringComparison.Ordinal)).ToList();

        commands.Count.ShouldBeGreaterThan(3);
        foreach (var command in commands)
        {
            var opened = false;
            var host = new CommandHost(new Terminal(TextReader.Null, TextWriter.Null, TextWriter.Null), Open, TimeProvider.System);
            (await CommandLine.RunAsync(command.Split(' ')[1..], host, CancellationToken.None)).ShouldNotBe(2, command);
            opened.ShouldBeTrue(command);

            Task<ClusterSession> Open(ConnectionSettings settings, CancellationToken cancellationToken)
            {
                opened = true;
                throw new OperationCanceledException();
            }
        }
    }

    [GeneratedRegex("\"(?<operation>[a-z0-9]+:[A-Z][A-Za-z]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Operation();

    [GeneratedRegex("^    (?<command>(dotnet |\\./|artifacts/).*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();
}
