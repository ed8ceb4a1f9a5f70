using System.Net;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Tests;

public sealed class ApplicationChecksTests
{
    private static readonly AddressExpectation Address = new(null, IPAddress.Parse("198.51.100.7"), [IPNetwork.Parse("10.21.0.0/16")]);

    [Theory]
    [InlineData("""{"headers":{"X-Forwarded-For":"1.2.3.4","X-Forwarded-Proto":"https","X-Forwarded-Port":"443"}}""", "1.2.3.4", "https", "443")]
    [InlineData("""{"x-forwarded-for":["1.2.3.4","5.6.7.8"],"x-forwarded-port":80}""", "1.2.3.4, 5.6.7.8", null, "80")]
    [InlineData("""[{"env":{"HTTP_X_FORWARDED_FOR":"1.2.3.4"}}]""", "1.2.3.4", null, null)]
    [InlineData("Host: x\r\nX-Forwarded-For: 1.2.3.4\r\nx-forwarded-proto: http\r\n", "1.2.3.4", "http", null)]
    [InlineData("HTTP_X_FORWARDED_FOR=::1\nHTTP_X_FORWARDED_PORT=443", "::1", null, "443")]
    [InlineData("{\n \"X-Forwarded-For\": \"1.2.3.4\",\n \"cut", "1.2.3.4", null, null)]
    [InlineData("""{"X-Forwarded-For":{"a":1}}""", null, null, null)]
    [InlineData("", null, null, null)]
    [InlineData("<html>no</html>", null, null, null)]
    [InlineData("null", null, null, null)]
    public void Headers_are_read_from_json_and_from_lines(string body, string? forwardedFor, string? proto, string? port) =>
        ForwardedHeaders.Parse(body).ShouldBe(new ForwardedHeaders(forwardedFor, proto, port));

    [Fact]
    public void Json_without_end_does_not_end_the_check() => ForwardedHeaders.Parse(new string('[', 65536)).For.ShouldBeNull();

    [Theory]
    [InlineData("http", "X-Forwarded-For: 198.51.100.7", CheckStatus.Pass)]
    [InlineData("https", "X-Forwarded-For: 198.51.100.7\nX-Forwarded-Proto: https\nX-Forwarded-Port: 443", CheckStatus.Pass)]
    [InlineData("http", "X-Forwarded-For: 198.51.100.7, 10.21.1.5", CheckStatus.Pass)]
    [InlineData("https", "X-Forwarded-For: 198.51.100.7\nX-Forwarded-Proto: http", CheckStatus.Warn)]
    [InlineData("https", "X-Forwarded-For: 198.51.100.7\nX-Forwarded-Proto: https\nX-Forwarded-Port: 80", CheckStatus.Warn)]
    [InlineData("http", "X-Forwarded-For: 203.0.113.9", CheckStatus.Warn)]
    [InlineData("http", "X-Forwarded-For: 10.21.1.5", CheckStatus.Fail)]
    [InlineData("http", "X-Forwarded-For: 10.21.1.5, 198.51.100.7", CheckStatus.Fail)]
    [InlineData("http", "X-Forwarded-For: -", CheckStatus.Fail)]
    [InlineData("http", "hello", CheckStatus.Fail)]
    public void What_the_application_is_told_decides(string scheme, string body, CheckStatus status)
    {
        var result = ApplicationChecks.Forwarded(Answer($"{scheme}://app.example.com/", 200, body), Address, new(true, true));
        result.Status.ShouldBe(status, result.Seen);
        (result.Remedy.Length > 0).ShouldBe(status != CheckStatus.Pass);
    }

    [Theory]
    [InlineData("http://app.example.com/", "X-Forwarded-Port 80 or none")]
    [InlineData("https://app.example.com/", "X-Forwarded-Port 443 or none")]
    [InlineData("http://127.0.0.1:40000/", "X-Forwarded-Port 80, 40000 or none")]
    public void Every_port_that_is_accepted_is_expected(string url, string expected) =>
        ApplicationChecks.Forwarded(Answer(url, 200, "hello"), Address, new(true, true)).Expected.ShouldEndWith(expected);

    [Theory]
    [InlineData(301, "http://app.example.com/ was answered with HTTP 301, a redirect to https://app.example.com/")]
    [InlineData(503, "http://app.example.com/ was answered with HTTP 503")]
    public void Another_status_is_no_echo(int status, string seen)
    {
        var answer = Answer("http://app.example.com/", status, "X-Forwarded-For: 198.51.100.7") with
        {
            Location = status == 301 ? new Uri("https://app.example.com/") : null,
        };
        var result = ApplicationChecks.Forwarded(answer, Address, new(true, true));
        result.Status.ShouldBe(CheckStatus.Fail);
        result.Seen.ShouldBe(seen);
    }

    [Fact]
    public void An_address_that_was_asked_for_and_is_not_there_fails() =>
        ApplicationChecks.Forwarded(
            Answer("http://a/", 200, "X-Forwarded-For: 198.51.100.7"), Address with { Expected = IPAddress.Parse("203.0.113.9") }, new(true, true))
            .Status.ShouldBe(CheckStatus.Fail);

    [Theory]
    [InlineData(TrafficOutcome.Answered, 101, true, CheckStatus.Pass, "a message came back")]
    [InlineData(TrafficOutcome.Answered, 101, false, CheckStatus.Fail, "did not come back: \"nothing came\"")]
    [InlineData(TrafficOutcome.Answered, 426, false, CheckStatus.Fail, "HTTP mode")]
    [InlineData(TrafficOutcome.Answered, 200, false, CheckStatus.Fail, "HTTP mode")]
    [InlineData(TrafficOutcome.Answered, 400, false, CheckStatus.Fail, "HTTP 400 instead of 101")]
    [InlineData(TrafficOutcome.Answered, 502, false, CheckStatus.Fail, "HTTP 502 instead of 101")]
    [InlineData(TrafficOutcome.Answered, 404, false, CheckStatus.Fail, "HTTP 404 instead of 101")]
    [InlineData(TrafficOutcome.TlsFailed, 0, false, CheckStatus.Fail, "TLS failed")]
    [InlineData(TrafficOutcome.Closed, 0, false, CheckStatus.Fail, "closed without an answer")]
    [InlineData(TrafficOutcome.Invalid, 101, false, CheckStatus.Fail, "not what the protocol allows")]
    public void A_handshake_and_an_echo_are_needed(TrafficOutcome outcome, int status, bool echoed, CheckStatus expected, string seen)
    {
        var handshake = new HttpObservation(new Uri("ws://app.example.com/"), outcome) { Status = status };
        var result = ApplicationChecks.WebSocket(new(handshake, echoed, "nothing came"));
        result.Status.ShouldBe(expected);
        result.Seen.ShouldContain(seen);
    }

    private static HttpObservation Answer(string url, int status, string body) =>
        new(new Uri(url), TrafficOutcome.Answered) { Status = status, Body = body };
}
