using System.Globalization;
using System.Text;
using System.Xml;
using DeisProxy.Output;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace DeisProxy.Tests;

/// <summary>What is printed may come from a remote machine.</summary>
[Collection(nameof(Alone))]
public sealed class TerminalTests
{
    [Property(MaxTest = 2000)]
    public bool Nothing_that_steers_a_terminal_is_left(string? text)
    {
        var clean = Terminal.Clean(text ?? "");
        return clean.EnumerateRunes().All(r => !Steers(r)) && XmlConvert.VerifyXmlChars(clean) == clean;
    }

    [Property(MaxTest = 500)]
    public bool Cleaning_twice_changes_nothing(string? text)
    {
        var clean = Terminal.Clean(text ?? "");
        return Terminal.Clean(clean) == clean;
    }

    [Property(MaxTest = 500)]
    public Property Harmless_text_stays_as_it_is() => Prop.ForAll(
        Gen.Elements("a", "Z", "0", " ", "é", "→", "漢", "😀", "'", "\"", "<", "&").ListOf().Select(string.Concat).ToArbitrary(),
        text => Terminal.Clean(text) == text);

    [Theory]
    [InlineData("\e[2J", "\uFFFD[2J")]
    [InlineData("a\r\nb\tc", "a  b c")]
    [InlineData("\u009b31m", "\uFFFD31m")]
    [InlineData("\u202Etxt.exe", "\uFFFDtxt.exe")]
    [InlineData("a\u2028b\u2029c", "a\uFFFDb\uFFFDc")]
    [InlineData("\U000E0041", "\uFFFD")]
    [InlineData("😀", "😀")]
    [InlineData("\uFFFF", "\uFFFD")]
    public void Each_becomes_a_replacement_character(string text, string clean) => Terminal.Clean(text).ShouldBe(clean);

    [Fact]
    public void A_half_surrogate_becomes_a_replacement_character() =>
        Terminal.Clean(new string(['a', (char)0xD800, 'b'])).ShouldBe("a\uFFFDb");

    [Fact]
    public void Color_is_only_used_where_it_may_be()
    {
        Print(color: true).ShouldBe("\e[31merror: \e[0mplain\n");
        Print(color: false).ShouldBe("error: plain\n");

        static string Print(bool color)
        {
            using var text = new StringWriter { NewLine = "\n" };
            new Terminal(TextReader.Null, TextWriter.Null, text) { ColorError = color }.Message(("error: ", Tone.Bad), ("plain", Tone.Plain));
            return text.ToString();
        }
    }

    [Fact]
    public async Task No_color_switches_colors_off()
    {
        using var error = new StringWriter();
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { ColorError = true, ColorOutput = true };
        var host = new Commands.CommandHost(terminal, (_, _) => throw new Core.DeisProxyException("no", "No.", "None."), TimeProvider.System);

        await CommandLine.RunAsync(["verify", "--no-color"], host, CancellationToken.None);

        error.ToString().ShouldStartWith("error: No.");
    }

    [Fact]
    public void A_job_of_GitHub_Actions_gets_annotations_and_a_summary()
    {
        var file = Path.GetTempFileName();
        try
        {
            using var error = new StringWriter { NewLine = "\n" };
            var job = new GitHubActions(file);
            var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { Job = job };

            terminal.Error("100% of\n::error::it", "Look.");
            job.Summarize("verify: <b>", ["check", "seen"], [["routers", "a | b\n| c"]]);

            error.ToString().ShouldBe("error: 100% of ::error::it\n  Look.\n::error title=deis-proxy::100%25 of%0A::error::it%0ALook.\n");
            File.ReadAllText(file).ShouldBe(
                "### verify: &lt;b>\n\n| check | seen |\n| --- | --- |\n| routers | a \\| b \\| c |\n\n");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("y", true)]
    [InlineData(" YES ", true)]
    [InlineData("", false)]
    [InlineData("n", false)]
    [InlineData("yn", false)]
    [InlineData(null, false)]
    public async Task Only_a_yes_is_a_yes(string? answer, bool yes)
    {
        using var input = new StringReader(answer is null ? "" : answer + "\n");
        using var error = new StringWriter();

        (await new Terminal(input, TextWriter.Null, error).ConfirmAsync("Really?", CancellationToken.None)).ShouldBe(yes);

        error.ToString().ShouldBe("Really? [y/N] ");
    }

    [Fact]
    public async Task The_question_goes_to_the_controlling_terminal_where_messages_are_redirected()
    {
        using var input = new StringReader("y\n");
        using var error = new StringWriter();
        using var terminal = new StringWriter();

        (await new Terminal(input, TextWriter.Null, error) { OpenControllingTerminal = () => terminal }
            .ConfirmAsync("Really?", CancellationToken.None))
            .ShouldBeTrue();

        terminal.ToString().ShouldBe("Really? [y/N] ");
        error.ToString().ShouldBeEmpty();
    }

    [Fact]
    public void Results_that_cannot_be_written_are_noticed()
    {
        var full = new Terminal(TextReader.Null, new StreamWriter("/dev/full") { AutoFlush = true }, TextWriter.Null);
        full.Result("one");
        full.ResultsLost.ShouldNotBeNull();
    }

    [Fact]
    public async Task Waiting_for_an_answer_can_be_interrupted()
    {
        using var input = new SilentReader();
        using var interrupt = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));

        await Should.ThrowAsync<OperationCanceledException>(
            new Terminal(input, TextWriter.Null, TextWriter.Null).ConfirmAsync("Really?", interrupt.Token));
    }

    private static bool Steers(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    /// <summary>A person who does not answer until the test is over.</summary>
    private sealed class SilentReader : TextReader
    {
        private readonly ManualResetEventSlim _end = new();

        public override string? ReadLine()
        {
            _end.Wait(TimeSpan.FromSeconds(10));
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _end.Set();
            base.Dispose(disposing);
        }
    }
}
