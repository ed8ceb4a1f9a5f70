using DeisProxy.Output;
using FsCheck.Xunit;

namespace DeisProxy.Tests;

/// <summary>Text on a narrow terminal.</summary>
[Collection(nameof(Alone))]
public sealed class LineWrapTests
{
    [Fact]
    public void Lines_break_at_words_and_go_on_below_the_text() => Print(20, ("error: ", Tone.Bad), ("The stack deis is not there.", Tone.Plain))
        .ShouldBe("error: The stack\n       deis is not\n       there.\n");

    [Fact]
    public void What_is_indented_stays_so() =>
        Print(20, ("  Name the load balancer with an option.", Tone.Plain)).ShouldBe("  Name the load\n    balancer with an\n    option.\n");

    [Fact]
    public void A_command_is_never_broken_whatever_its_length() =>
        Print(30, ("To go back: deis-proxy teardown --stack deis --node 10.0.0.1 --node 10.0.0.2", Tone.Plain))
            .ShouldBe("To go back:\n  deis-proxy teardown --stack deis --node 10.0.0.1 --node 10.0.0.2\n");

    [Theory]
    [InlineData("/home/ann/artifacts/deis-proxy setup --node 127.21.1.11:35547 --ssh-user root")]
    [InlineData("'/home/ann b/artifacts/deis-proxy' setup --node 127.21.1.11:35547 --ssh-user root")]
    [InlineData("dotnet /home/ann/bin/deis-proxy.dll verify --node 127.21.1.11:35547 --ssh-user root")]
    [InlineData("export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_PROFILE=somebody")]
    public void A_command_with_a_path_is_a_command(string command)
    {
        for (var width = 1; width < command.Length; width++)
        {
            Print(width, (command, Tone.Plain)).ShouldBe($"{command}\n");
            Print(width, ($"  {command}", Tone.Plain)).ShouldBe($"  {command}\n");
        }
    }

    [Fact]
    public void Apostrophes_are_no_quotes() => Print(30, ("For the stack's next update, use what deis-proxy template prints.", Tone.Plain))
        .ShouldBe("For the stack's next update,\n  use what deis-proxy template\n  prints.\n");

    [Fact]
    public void What_follows_a_command_is_broken_as_other_text() =>
        Print(30, ("Read the fingerprint (on the node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; on EC2: aws ec2 get-console-output). Then "
            + "run deis-proxy setup --stack 'a b, c' to see it.", Tone.Plain))
            .ShouldBe("Read the fingerprint (on the\n  node:\n  ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub;\n  on EC2:\n"
                + "  aws ec2 get-console-output).\n  Then run\n  deis-proxy setup --stack 'a b, c'\n  to see it.\n");

    [Fact]
    public void Other_programs_commands_are_not_broken_either()
    {
        const string Remedy = "If the host was set up anew, forget its key: ssh-keygen -f '/home/ann/.ssh/known_hosts' -R 10.0.0.1";
        for (var width = 1; width < Remedy.Length; width++)
        {
            Print(width, ("  ", Tone.Plain), (Remedy, Tone.Plain)).ShouldEndWith("ssh-keygen -f '/home/ann/.ssh/known_hosts' -R 10.0.0.1\n");
        }
    }

    [Fact]
    public void A_word_that_is_too_long_is_left_to_the_terminal() =>
        Print(10, ("see https://example.com/long now", Tone.Plain)).ShouldBe("see\n  https://example.com/long\n  now\n");

    [Fact]
    public void Redirected_lines_are_not_broken() => Print(null, ("a b c d e f g h i j k l m", Tone.Plain)).ShouldBe("a b c d e f g h i j k l m\n");

    [Fact]
    public void Colors_hold_on_each_line() => Print(10, color: true, ("good words here", Tone.Good))
        .ShouldBe("\e[32mgood words\e[0m\n  \e[32mhere\e[0m\n");

    [Property(MaxTest = 1000)]
    public bool No_word_is_lost(string? text, string? more, byte width)
    {
        var (one, two) = (Terminal.Clean(text ?? ""), Terminal.Clean($"{new string(' ', width % 40)}{more}"));
        return Print(width, (one, Tone.Bold), (two, Tone.Plain)).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .SequenceEqual((one + two).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_table_uses_the_width_it_has()
    {
        string[][] rows =
        [
            ["STEP", "FROM", "TO"],
            ["health-check", "HTTP:80/health-check", "TCP:80"],
            ["flip", new string('x', 30) + " " + new string('y', 20), "on"],
        ];
        TextTable.Lines(rows, 100)!.ShouldBe([
            "STEP          FROM                                                 TO",
            "health-check  HTTP:80/health-check                                 TCP:80",
            $"flip          {rows[2][1]}  on"]);
        TextTable.Lines(rows, 66)!.ShouldBe([
            "STEP          FROM                                          TO",
            "health-check  HTTP:80/health-check                          TCP:80",
            $"flip          {new string('x', 30)}                on",
            $"              {new string('y', 20)}"]);
        TextTable.Lines(rows, 60).ShouldBeNull();
    }

    private static string Print(int? width, params (string Text, Tone Tone)[] pieces) => Print(width, color: false, pieces);

    private static string Print(int? width, bool color, params (string Text, Tone Tone)[] pieces)
    {
        using var text = new StringWriter { NewLine = "\n" };
        new Terminal(TextReader.Null, TextWriter.Null, text) { ErrorWidth = width is { } columns ? () => columns : null, ColorError = color }
            .Message(pieces);
        return text.ToString();
    }
}
