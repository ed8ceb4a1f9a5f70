using DeisProxy.Core;

namespace DeisProxy.Cluster.Tests;

public sealed class RemoteTextTests
{
    [Theory]
    [InlineData(null, "")]
    [InlineData("plain", "plain")]
    [InlineData("\u001b[2J\u001b[1;31mred\u001b[0m", "red")]
    [InlineData("\u001b]0;title\u0007x", "x")]
    [InlineData("\u001b]8;;http://evil\u001b\\link", "link")]
    [InlineData("a\r\nb\tc\bd", "a b c d")]
    [InlineData("\u009b31mx", "31mx")]
    [InlineData("a\u202eb\u200bc\ufeff", "a b c")]
    [InlineData("zu Köln 🎉", "zu Köln 🎉")]
    [InlineData("a\ud800b", "a b")]
    public void Leaves_only_what_is_safe_to_print(string? text, string clean) => RemoteText.Clean(text).ShouldBe(clean);

    [Fact]
    public void Cuts_what_is_too_long() => RemoteText.Clean(new string('x', 1000), 10).ShouldBe("xxxxxxxxxx…");
}
