using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Tests;

public sealed class ThroughBalancerChecksTests
{
    private static readonly CheckResult Right = new("x", CheckStatus.Pass, "right", "expected", "");
    private static readonly CheckResult Wrong = new("x", CheckStatus.Fail, "wrong", "expected", "Mend it.");
    private static readonly CheckResult Doubtful = new("x", CheckStatus.Warn, "doubtful", "expected", "Think.");

    [Theory]
    [InlineData(TrafficOutcome.Answered, "SSH-2.0-OpenSSH_6.6", SshReaction.KeyExchange, "", CheckStatus.Pass, "begins the key exchange")]
    [InlineData(
        TrafficOutcome.Answered, "SSH-2.0-OpenSSH_9.2", SshReaction.Text, "Invalid SSH identification string.", CheckStatus.Fail,
        "as a PROXY line would be")]
    [InlineData(TrafficOutcome.Answered, "SSH-2.0-OpenSSH_6.6", SshReaction.Text, "Protocol mismatch.", CheckStatus.Fail, "Protocol mismatch.")]
    [InlineData(TrafficOutcome.Answered, "SSH-2.0-OpenSSH_6.6", SshReaction.Closed, "", CheckStatus.Fail, "then closes")]
    [InlineData(TrafficOutcome.Answered, "SSH-2.0-OpenSSH_6.6", SshReaction.Silent, "", CheckStatus.Warn, "then nothing")]
    [InlineData(TrafficOutcome.Answered, "HTTP/1.1 400 Bad Request", SshReaction.Text, "", CheckStatus.Fail, "instead of an SSH banner")]
    [InlineData(TrafficOutcome.Closed, "", SshReaction.Closed, "", CheckStatus.Fail, "without a banner")]
    [InlineData(TrafficOutcome.NotConnected, "", SshReaction.Closed, "refused", CheckStatus.Fail, "no connection (refused)")]
    [InlineData(TrafficOutcome.TimedOut, "", SshReaction.Closed, "", CheckStatus.Fail, "no answer in time")]
    [InlineData(TrafficOutcome.NameNotResolved, "", SshReaction.Closed, "", CheckStatus.Skip, "not tried through the load balancer")]
    public void The_builder_is_greeted(TrafficOutcome outcome, string banner, SshReaction reaction, string detail, CheckStatus status, string seen)
    {
        var greeting = new SshObservation("deis.example.com", 2222, outcome, banner, reaction, detail);
        var result = ThroughBalancerChecks.Builder(Right, greeting);
        result.Status.ShouldBe(status);
        result.Seen.ShouldContain(seen);
        ThroughBalancerChecks.Builder(Wrong, greeting).Status.ShouldBe(CheckStatus.Fail);
        ThroughBalancerChecks.Builder(Wrong, greeting).Seen.ShouldStartWith("wrong");
    }

    [Fact]
    public void An_internal_load_balancer_is_not_expected_to_answer_here() =>
        ThroughBalancerChecks.Builder(Right, new("internal-deis.example.com", 2222, TrafficOutcome.TimedOut, "", SshReaction.Closed, "")).Status
            .ShouldBe(CheckStatus.Skip);

    [Fact]
    public void No_redirect_changes_nothing() =>
        ThroughBalancerChecks.Redirects(Doubtful, [[Answer("http://a/", 200)]]).ShouldBe(
            Doubtful with { Seen = "doubtful; http://a/ was answered with HTTP 200" });

    [Fact]
    public void A_redirect_that_ends_passes() =>
        ThroughBalancerChecks.Redirects(Right, [[Answer("http://a/", 301, "https://a/"), Answer("https://a/", 200)]]).ShouldBe(
            Right with { Seen = "right; https://a/ was answered with HTTP 200 after 1 redirect from http://a/" });

    [Fact]
    public void A_loop_fails_and_is_named()
    {
        var result = ThroughBalancerChecks.Redirects(Right, [[Answer("https://a/", 301, "https://a/")]]);
        result.Status.ShouldBe(CheckStatus.Fail);
        result.Seen.ShouldBe("https://a/ redirects forever: https://a/ leads back to https://a/");
    }

    [Fact]
    public void Too_many_redirects_fail()
    {
        var chain = Enumerable.Range(0, ThroughBalancerChecks.MaximumRedirects + 1)
            .Select(i => Answer($"http://a/{i}", 302, $"http://a/{i + 1}")).ToList();
        ThroughBalancerChecks.Redirects(Right, [chain]).Seen.ShouldBe("http://a/0 was still redirected after 5 redirects, to http://a/6");
    }

    [Fact]
    public void A_redirect_into_nothing_fails() =>
        ThroughBalancerChecks.Redirects(
            Right,
            [[Answer("http://a/", 301, "https://a/"), new(new Uri("https://a/"), TrafficOutcome.TlsFailed) { Detail = "not trusted" }]]).Seen
            .ShouldBe("http://a/ redirects, and https://a/: TLS failed (not trusted)");

    [Fact]
    public void A_wrong_configuration_stays_wrong() =>
        ThroughBalancerChecks.Redirects(Wrong, [[Answer("http://a/", 200)]]).Status.ShouldBe(CheckStatus.Fail);

    private static HttpObservation Answer(string url, int status, string? location = null) =>
        new(new Uri(url), TrafficOutcome.Answered) { Status = status, Location = location is null ? null : new Uri(location) };
}
