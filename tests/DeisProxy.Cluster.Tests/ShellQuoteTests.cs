using DeisProxy.Cluster.Ssh;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace DeisProxy.Cluster.Tests;

public sealed class ShellQuoteTests
{
    [Property(MaxTest = 60)]
    public FsCheck.Property A_real_shell_gives_back_every_word() => Prop.ForAll(
        ArbMap.Default.ArbFor<FsCheck.NonEmptyArray<string?>>(),
        words =>
        {
            // NUL cannot be passed, and lone surrogates are no text.
            var sent = words.Get.Select(word => new string([.. (word ?? "").Where(c => c != '\0' && !char.IsSurrogate(c))])).ToArray();
            Through(sent).ShouldBe(sent);
        });

    [Theory]
    [InlineData("'")]
    [InlineData("a'b''c")]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("$(id)`id`\"\\")]
    [InlineData("~")]
    [InlineData("A=b")]
    [InlineData("*")]
    [InlineData("-n")]
    [InlineData("!x")]
    [InlineData("#x")]
    [InlineData("\u001b[31m")]
    public void So_it_is_with_the_nasty_ones(string word) => Through(["x", word, word]).ShouldBe(["x", word, word]);

    [Fact]
    public void What_no_program_can_receive_is_refused()
    {
        Should.Throw<ArgumentException>(() => ShellQuote.Join(["a\0b"]));
        Should.Throw<ArgumentException>(() => ShellQuote.Join([]));
    }

    private static string[] Through(string[] words)
    {
        var start = new System.Diagnostics.ProcessStartInfo("/bin/sh")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            StandardOutputEncoding = new System.Text.UTF8Encoding(false),
        };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(ShellQuote.Join(["printf", "%s\\0", .. words]));
        using var process = System.Diagnostics.Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit(10_000).ShouldBeTrue();
        return output.Split('\0')[..^1];
    }
}
