using System.Net;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Core.Tests;

public sealed class ClientAddressCheckTests
{
    private static readonly IPAddress Own = IPAddress.Parse("198.51.100.7");

    private static readonly HttpObservation Ok = Request(TrafficOutcome.Answered, 200);

    [Theory]
    [InlineData("198.51.100.7", null, "198.51.100.7", CheckStatus.Pass)]
    [InlineData("198.51.100.7", null, "::ffff:198.51.100.7", CheckStatus.Pass)]
    [InlineData("198.51.100.7", null, "203.0.113.9", CheckStatus.Warn)]
    [InlineData("198.51.100.7", null, "10.21.1.5", CheckStatus.Fail)]
    [InlineData(null, null, "203.0.113.9", CheckStatus.Warn)]
    [InlineData(null, null, "10.21.1.5", CheckStatus.Fail)]
    [InlineData("198.51.100.7", "203.0.113.9", "203.0.113.9", CheckStatus.Pass)]
    [InlineData("198.51.100.7", "203.0.113.9", "198.51.100.7", CheckStatus.Fail)]
    [InlineData("198.51.100.7", "203.0.113.9", "10.21.1.5", CheckStatus.Fail)]
    [InlineData("10.21.9.9", null, "10.21.9.9", CheckStatus.Pass)]
    public void The_logged_address_decides(string? own, string? expected, string logged, CheckStatus status)
    {
        var address = new AddressExpectation(Parse(expected), Parse(own), [IPNetwork.Parse("10.21.0.0/16")]);
        var result = Judge(Ok, Found(logged), address: address);
        result.Status.ShouldBe(status);
        result.Seen.ShouldContain(logged);
        (result.Remedy.Length > 0).ShouldBe(status != CheckStatus.Pass);
    }

    [Theory]
    [InlineData(true, true, "The routers' side is wrong: they read the PROXY line but do not trust it")]
    [InlineData(true, false, "The routers' side is wrong: their key")]
    [InlineData(false, true, "The load balancer's side is wrong")]
    [InlineData(false, false, "Run deis-proxy setup.")]
    public void The_load_balancers_address_says_which_side_is_wrong(bool sends, bool demands, string remedy) =>
        Judge(Ok, Found("10.21.1.5"), sides: new(sends, demands)).Remedy.ShouldStartWith(remedy);

    [Theory]
    [InlineData(TrafficOutcome.Closed, 0, CheckStatus.Fail, "gets none")]
    [InlineData(TrafficOutcome.Answered, 400, CheckStatus.Fail, "does not expect it")]
    [InlineData(TrafficOutcome.Answered, 502, CheckStatus.Fail, "got no answer from a router")]
    [InlineData(TrafficOutcome.Answered, 504, CheckStatus.Fail, "got no answer from a router")]
    [InlineData(TrafficOutcome.Answered, 200, CheckStatus.Fail, "not found")]
    [InlineData(TrafficOutcome.TimedOut, 0, CheckStatus.Fail, "no answer in time")]
    [InlineData(TrafficOutcome.Invalid, 0, CheckStatus.Fail, "not what the protocol allows")]
    public void What_was_not_logged_is_never_passed(TrafficOutcome outcome, int status, CheckStatus expected, string seen)
    {
        var result = Judge(Request(outcome, status), new LogSearch(null, ["10.21.1.1"], []));
        result.Status.ShouldBe(expected);
        result.Seen.ShouldContain(seen);
        result.Remedy.ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void A_log_that_cannot_be_read_leaves_doubt(int searched)
    {
        var result = Judge(Ok, new LogSearch(null, searched == 0 ? [] : ["10.21.1.1"], ["10.21.1.2: cannot be reached."]));
        result.Status.ShouldBe(CheckStatus.Warn);
        result.Seen.ShouldContain("10.21.1.2: cannot be reached.");
    }

    [Fact]
    public void No_log_at_all_leaves_doubt() => Judge(Ok, new LogSearch(null, [], [])).Status.ShouldBe(CheckStatus.Warn);

    [Theory]
    [InlineData("deis-1.us-east-1.elb.amazonaws.com", true, TrafficOutcome.NameNotResolved, CheckStatus.Warn)]
    [InlineData("internal-deis-1.us-east-1.elb.amazonaws.com", true, TrafficOutcome.NameNotResolved, CheckStatus.Skip)]
    [InlineData("internal-deis-1.us-east-1.elb.amazonaws.com", true, TrafficOutcome.TimedOut, CheckStatus.Skip)]
    [InlineData("deis-1.us-east-1.elb.amazonaws.com", true, TrafficOutcome.NotConnected, CheckStatus.Fail)]
    [InlineData("app.example.com", false, TrafficOutcome.NameNotResolved, CheckStatus.Fail)]
    [InlineData("internal-app.example.com", false, TrafficOutcome.NotConnected, CheckStatus.Fail)]
    [InlineData("app.example.com", false, TrafficOutcome.TlsFailed, CheckStatus.Fail)]
    public void A_request_that_got_nowhere(string host, bool isDefault, TrafficOutcome outcome, CheckStatus status)
    {
        var request = new HttpObservation(new Uri($"http://{host}/"), outcome) { Detail = "as the system says" };
        ClientAddressCheck.MayHaveArrived(request).ShouldBe(outcome == TrafficOutcome.TimedOut);
        var result = ClientAddressCheck.Judge(new(request, isDefault, Search: null, new(null, Own, []), new(true, true)));
        result.Status.ShouldBe(status);
        result.Seen.ShouldContain(host);
    }

    [Fact]
    public void An_error_in_the_log_names_the_router()
    {
        var result = Judge(
            Request(TrafficOutcome.Closed, 0),
            new LogSearch(new LogSighting("10.21.1.1", null, BrokenHeader: true), [], []),
            sides: new(false, true));
        result.Status.ShouldBe(CheckStatus.Fail);
        result.Seen.ShouldStartWith("the router on 10.21.1.1 demands the PROXY line and the load balancer did not send it");
        result.Remedy.ShouldBe("Run deis-proxy setup.");
    }

    [Fact]
    public void A_line_without_an_address_fails() =>
        Judge(Ok, new LogSearch(new LogSighting("10.21.1.1", null, BrokenHeader: false), [], [])).Status.ShouldBe(CheckStatus.Fail);

    [Fact]
    public void Nothing_remote_is_shown_raw()
    {
        var request = new HttpObservation(new Uri("http://app.example.com/"), TrafficOutcome.Answered)
        {
            Status = 302,
            Location = new Uri("http://x/?\u202eevil"),
        };
        Judge(request, new LogSearch(null, [], ["node: \u001b[31mred\nline"])).Seen.Any(c => char.IsControl(c) || c == (char)0x202e).ShouldBeFalse();
    }

    private static CheckResult Judge(HttpObservation request, LogSearch search, AddressExpectation? address = null, ConfiguredSides? sides = null) =>
        ClientAddressCheck.Judge(
            new(request, IsDefaultTarget: false, search, address ?? new(null, Own, [IPNetwork.Parse("10.21.0.0/16")]), sides ?? new(true, true)));

    private static LogSearch Found(string address) => new(new LogSighting("10.21.1.1", IPAddress.Parse(address), BrokenHeader: false), [], []);

    private static HttpObservation Request(TrafficOutcome outcome, int status) =>
        new(new Uri("http://app.example.com/"), outcome) { Status = status };

    private static IPAddress? Parse(string? text) => text is null ? null : IPAddress.Parse(text);
}
