using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>What is under way is seen.</summary>
[Collection(nameof(Alone))]
public sealed class ActivityTests
{
    [Fact]
    public async Task On_a_terminal_it_is_a_line_that_the_next_message_replaces()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { CanRedraw = true, ErrorWidth = () => 30, ShowsActivity = true };

        terminal.Activity("flip: waiting for the load balancer");
        await Task.Delay(350);
        terminal.Message("✓ flip");
        terminal.Activity(null);

        var written = error.ToString();
        written.ShouldContain(" flip: waiting for the load ");
        written.ShouldEndWith("\r\e[2K✓ flip\n");
        written.Split("\r\e[2K").ShouldAllBe(line => line.Length < 30);
    }

    [Fact]
    public async Task Elsewhere_it_is_a_message_when_it_takes_two_seconds()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { ShowsActivity = true };

        terminal.Activity("short");
        await Task.Delay(200);
        terminal.Activity("long");
        await Task.Delay(2500);
        terminal.Activity(null);

        error.ToString().ShouldBe("… long (2 s)\n");
    }

    [Fact]
    public async Task Few_words_are_few_words()
    {
        using var error = new StringWriter();
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { CanRedraw = true };

        terminal.Activity("anything");
        await Task.Delay(300);

        error.ToString().ShouldBeEmpty();
    }
}
