namespace DeisProxy.Tests;

/// <summary>What the commands say about themselves.</summary>
[Collection(nameof(Alone))]
public sealed class HelpTests
{
    private static readonly string[] Shared =
    [
        "-s, --stack", "--provider", "--load-balancer", "--region", "--profile", "--node", "--ssh-user", "-i, --identity",
        "-F, --ssh-config", "-J, --jump",
        "--known-hosts", "--etcd-endpoint", "--router-ports", "-o, --output", "--verbose", "--quiet", "--no-color", "--timeout",
    ];

    [Fact]
    public async Task Setup_lists_every_option()
    {
        var help = await HelpAsync("setup");

        foreach (var option in Shared.Concat(["--dry-run", "--detailed-exitcode", "-y, --yes", "--no-rollback", "--idle-timeout", "--real-ip-cidr",
            "--allow-redirect-loop", "--websocket-only", "--drop-session-persistence"]))
        {
            help.ShouldContain($"  {option} ");
        }

        help.ShouldContain("[default: 1200]");
    }

    [Fact]
    public async Task Help_before_a_command_is_its_help()
    {
        var (exitCode, output, error) = await Shell.RunAsync("help", "verify");

        exitCode.ShouldBe(0, error);
        output.ShouldBe(await HelpAsync("verify"));
    }

    [Fact]
    public async Task Completion_offers_help_as_it_is_written_here()
    {
        var (_, output, _) = await Shell.RunAsync("[suggest:17]", "deis-proxy setup ");

        output.Split('\n', StringSplitOptions.TrimEntries).ShouldContain("--help");
        output.ShouldNotContain("/?");
        output.ShouldNotContain("/h");
    }

    [Theory]
    [InlineData(20)]
    [InlineData(40)]
    [InlineData(60)]
    public async Task On_a_narrow_terminal_no_word_is_broken(int columns)
    {
        using var output = new StringWriter { NewLine = "\n" };
        var host = new Commands.CommandHost(
            new Output.Terminal(TextReader.Null, output, TextWriter.Null) { OutputWidth = () => columns },
            (_, _) => throw new InvalidOperationException(), TimeProvider.System);

        (await CommandLine.RunAsync(["setup", "--help"], host, CancellationToken.None)).ShouldBe(0);

        var lines = output.ToString().Split('\n');
        lines.Where(line => line.Length > columns).ShouldAllBe(line => !line.Trim().Contains(' '), "only a word of its own is longer");
        Words(output.ToString()).ShouldBe(Words(await HelpAsync("setup")));

        static string Words(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task Verify_lists_every_option()
    {
        var help = await HelpAsync("verify");

        foreach (var option in Shared.Concat(["--no-probe", "--junit", "--strict"]))
        {
            help.ShouldContain($"  {option} ");
        }

        help.ShouldNotContain("--dry-run");
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("verify")]
    public async Task Defaults_are_shown_as_they_are_written(string command)
    {
        var help = await HelpAsync(command);

        help.ShouldContain("[default: deis]");
        help.ShouldContain("[default: core]");
        help.ShouldContain("[default: text]");
        help.ShouldContain("[default: 80,443]");
        help.ShouldNotContain("[default: ]");
        help.ShouldNotContain("{");
        help.ShouldNotContain("System.");
        help.ShouldNotContain("RealIpGoal");
    }

    [Theory]
    [InlineData("setup")]
    [InlineData("verify")]
    [InlineData("teardown")]
    [InlineData("demo")]
    [InlineData("sandbox")]
    public async Task Every_command_names_the_three_providers_alike(string command) =>
        (await HelpAsync(command)).ShouldContain("  --provider <aws|rackspace|none> ");

    [Fact]
    public async Task The_program_lists_its_commands()
    {
        var help = await HelpAsync();

        help.ShouldContain("  setup ");
        help.ShouldContain("  verify ");
        help.ShouldContain("--version");
    }

    [Fact]
    public async Task Version_prints_a_version()
    {
        var (exitCode, output, error) = await Shell.RunAsync("--version");

        exitCode.ShouldBe(0, error);
        output.Trim().ShouldMatch(@"^[0-9]+\.[0-9]+\.[0-9]+");
    }

    private static async Task<string> HelpAsync(params string[] command)
    {
        var (exitCode, output, error) = await Shell.RunAsync([.. command, "--help"]);
        exitCode.ShouldBe(0, error);
        error.ShouldBeEmpty();
        return output;
    }
}
