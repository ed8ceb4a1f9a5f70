using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>A person at a terminal is asked before anything is changed; nobody else is.</summary>
public sealed class ConfirmationTests(PlainCluster cluster) : IClassFixture<PlainCluster>
{
    [Theory]
    [InlineData("n\n")]
    [InlineData("\n")]
    [InlineData("yess\n")]
    public async Task Anything_but_yes_changes_nothing(string answer)
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAtTerminalAsync(answer, "setup");

        run.ExitCode.ShouldBe(1, run.Output);
        run.Output.ShouldContain("[y/N]");
        run.Output.ShouldContain("Nothing was changed.");
        cluster.Aws.Changes.ShouldBeEmpty();
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBeNull();
    }

    [Fact]
    public async Task Yes_carries_it_out()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAtTerminalAsync("y\n", "setup");

        run.ExitCode.ShouldBe(0, run.Output);
        run.Output.ShouldContain("[y/N]");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBe("1");
    }

    [Theory]
    [InlineData("--yes")]
    [InlineData("--dry-run")]
    public async Task Nobody_is_asked_with(string option)
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAtTerminalAsync("n\n", "setup", option);

        run.ExitCode.ShouldBe(0, run.Output);
        run.Output.ShouldNotContain("[y/N]");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBe(option == "--yes" ? "1" : null);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_terminal_has_colors_unless_NO_COLOR_is_set(bool noColor)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["TERM"] = "xterm" };
        if (noColor)
        {
            environment["NO_COLOR"] = "1";
        }

        var run = await ToolRun.StartAsync(["setup", "--bogus"], environment, TimeSpan.FromSeconds(30), typed: "");

        run.ExitCode.ShouldBe(2, run.Output);
        run.Output.Contains("\e[31merror: \e[0m", StringComparison.Ordinal).ShouldBe(!noColor);
        run.Output.ShouldContain("--bogus");
    }
}
