using System.Net;
using DeisProxy.Cluster.Router;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Cluster.Tests;

public sealed class RouterLogLineTests
{
    private const string Token = "abc123";

    private const string Rest =
        " - - - 200 - \"GET /?deis-proxy-verify=abc123 HTTP/1.1\" - 12 - \"-\" - \"deis-proxy-verify/abc123\" - \"_\" - - - host - - - 0.001";

    [Theory]
    [InlineData("[INFO] - [22/Nov/2026:14:24:39 +0000] - 203.0.113.9" + Rest, "203.0.113.9")]
    [InlineData("Nov 22 14:24:39 ip-10-21-1-1 sh[812]: [INFO] - [22/Nov/2026:14:24:39 +0000] - 2001:db8::1" + Rest, "2001:db8::1")]
    [InlineData("2026-11-22T14:24:39Z [INFO] - [22/Nov/2026:14:24:39 +0000] - 10.21.1.5" + Rest, "10.21.1.5")]
    public void The_address_is_read(string line, string address) =>
        RouterLogLine.Find("node", $"other\n{line}\nother", Token).ShouldBe(new LogSighting("node", IPAddress.Parse(address), BrokenHeader: false));

    [Fact]
    public void A_line_without_an_address_is_told() =>
        RouterLogLine.Find("node", "[INFO] - [22/Nov/2026:14:24:39 +0000] - -" + Rest, Token).ShouldBe(
            new LogSighting("node", null, BrokenHeader: false));

    [Theory]
    [InlineData("")]
    [InlineData("[INFO] - [22/Nov/2026:14:24:39 +0000] - 203.0.113.9 - - - 200 - \"GET / HTTP/1.1\"")]
    [InlineData("something quite different with abc123 in it")]
    [InlineData("GET /?\"[INFO] - [x] - 6.6.6.6 - abc123")]
    [InlineData("[INFO] - [22/Nov/2026:14:24:39 +0000] - nonsense - abc123")]
    public void Other_lines_are_not(string log) => RouterLogLine.Find("node", log, Token).ShouldBeNull();

    [Fact]
    public void What_the_client_wrote_is_not_taken_for_the_address()
    {
        var line = "[INFO] - [22/Nov/2026:14:24:39 +0000] - 10.21.1.5 - - - 200 - \"GET /[INFO] - [x] - 203.0.113.9 - abc123\"";
        RouterLogLine.Find("node", line, Token)!.Address.ShouldBe(IPAddress.Parse("10.21.1.5"));
    }

    [Fact]
    public void An_error_about_a_missing_line_is_told_unless_there_is_a_request()
    {
        const string Error = "[INFO] - 2026/11/22 14:24:39 [error] 7#0: *1 broken header: \"GET /?deis-proxy-verify=abc123 HTTP/1.1";
        RouterLogLine.Find("node", $"{Error}\nUser-Agent: deis-proxy-verify/abc123", Token).ShouldBe(
            new LogSighting("node", null, BrokenHeader: true));
        RouterLogLine.Find("node", $"{Error}\n[INFO] - [x] - 203.0.113.9{Rest}", Token)!.BrokenHeader.ShouldBeFalse();
    }
}
