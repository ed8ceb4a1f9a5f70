using DeisProxy.Core;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Rackspace.Tests;

public class SigningInTests
{
    [Theory]
    [InlineData("RACKSPACE_USERNAME=ann RACKSPACE_API_KEY=k1 OS_USERNAME=bob OS_API_KEY=k2", "ann", "k1")]
    [InlineData("OS_USERNAME=bob OS_API_KEY=k2 OS_PASSWORD=secret", "bob", "k2")]
    [InlineData("OS_USERNAME=bob OS_PASSWORD=k3 OS_AUTH_SYSTEM=rackspace", "bob", "k3")]
    public void Credentials_come_from_the_variables_that_are_in_use(string environment, string user, string key)
    {
        var settings = RackspaceSettings.FromEnvironment(region: null, Variables(environment));

        settings.Username.ShouldBe(user);
        settings.ApiKey.ShouldBe(key);
        settings.AuthUrl.ShouldBe(RackspaceSettings.DefaultAuthUrl);
        settings.ToString().ShouldNotContain(key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("RACKSPACE_API_KEY=k1")]
    [InlineData("OS_USERNAME=bob")]
    [InlineData("OS_USERNAME=bob OS_PASSWORD=secret")]
    [InlineData("OS_USERNAME=bob OS_PASSWORD=secret OS_AUTH_SYSTEM=keystone")]
    public void A_password_is_no_api_key(string environment) =>
        Should.Throw<DeisProxyException>(() => RackspaceSettings.FromEnvironment(region: null, Variables(environment)))
            .Code.ShouldBe("credentials-missing");

    [Theory]
    [InlineData("https://lon.identity.api.rackspacecloud.com/v2.0")]
    [InlineData("https://lon.identity.api.rackspacecloud.com/v2.0/")]
    public void The_identity_endpoint_is_taken_with_and_without_slash(string url) =>
        RackspaceSettings.FromEnvironment(region: null, Variables($"OS_USERNAME=a OS_API_KEY=k OS_AUTH_URL={url}"))
            .AuthUrl.ShouldBe(new Uri("https://lon.identity.api.rackspacecloud.com/v2.0/"));

    [Theory]
    [InlineData("http://identity.example.org/v2.0")]
    [InlineData("identity")]
    public void A_key_is_not_sent_in_the_clear(string url) =>
        Should.Throw<DeisProxyException>(() =>
            RackspaceSettings.FromEnvironment(region: null, Variables($"OS_USERNAME=a OS_API_KEY=k OS_AUTH_URL={url}")))
            .Code.ShouldBe("auth-url-invalid");

    [Fact]
    public void The_region_of_the_command_line_wins()
    {
        RackspaceSettings.FromEnvironment("DFW", Variables("OS_USERNAME=a OS_API_KEY=k OS_REGION_NAME=ORD")).Region.ShouldBe("DFW");
        RackspaceSettings.FromEnvironment(region: null, Variables("OS_USERNAME=a OS_API_KEY=k OS_REGION_NAME=ORD")).Region.ShouldBe("ORD");
    }

    [Fact]
    public async Task A_wrong_key_is_told_without_showing_it()
    {
        await using var account = await Account.OpenAsync(change: s => s with { ApiKey = "this-is-wrong" });

        var error = await Account.FailureOfAsync(account.ReadAsync);

        error.Code.ShouldBe("credentials-rejected");
        error.ToString().ShouldNotContain("this-is-wrong");
        account.Calls.ShouldBe(["Authenticate"]);
    }

    [Fact]
    public async Task A_service_that_quotes_the_token_does_not_get_it_printed()
    {
        await using var account = await Account.OpenAsync();
        var key = account.Settings.ApiKey;
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.ServiceError) { Error = ("", $"bad key {key}", 400), Service = "loadbalancers" });

        var error = await Account.FailureOfAsync(account.ReadAsync);

        error.Message.ShouldContain("bad key ***");
        error.ToString().ShouldNotContain(key);
    }

    [Fact]
    public async Task An_expired_token_is_renewed_once_for_all_requests()
    {
        await using var account = await Account.OpenAsync();
        await account.ReadAsync();
        account.Sandbox.Rackspace!.ExpireTokens();

        await account.ReadAsync();

        account.Calls.Count(c => c == "Authenticate").ShouldBe(2);
    }

    [Fact]
    public async Task A_token_that_lasts_for_a_few_requests_only_is_enough()
    {
        await using var account = await Account.OpenAsync(new RackspaceOptions { TokenRequests = 3, LoadBalancers = [CloudBalancerOptions.Web] });

        for (var i = 0; i < 5; i++)
        {
            await account.Client.ListAsync(CancellationToken.None);
            await account.UpdateAsync(new() { Timeout = 60 + i });
        }

        account.Balancer.State.Timeout.ShouldBe(64);
    }

    [Fact]
    public async Task A_token_that_is_never_accepted_ends_it()
    {
        await using var account = await Account.OpenAsync();
        account.Sandbox.Faults.Add(new FaultRule(FaultKind.ExpiredCredentials) { Service = "loadbalancers" });

        (await Account.FailureOfAsync(() => account.Client.ListAsync(CancellationToken.None))).Code.ShouldBe("credentials-rejected");
        account.Calls.Count(c => c == "Authenticate").ShouldBe(2);
    }

    [Fact]
    public async Task The_region_is_found_without_its_case_or_the_error_lists_them()
    {
        var options = new RackspaceOptions { Regions = ["ORD", "DFW"], DefaultRegion = "DFW" };
        await using var named = await Account.OpenAsync(options, change: s => s with { Region = "ord" });
        await named.Client.ListAsync(CancellationToken.None);
        await using var byDefault = await Account.OpenAsync(options);
        await byDefault.Client.ListAsync(CancellationToken.None);
        await using var wrong = await Account.OpenAsync(options, change: s => s with { Region = "LON" });

        var error = await Account.FailureOfAsync(() => wrong.Client.ListAsync(CancellationToken.None));

        error.Code.ShouldBe("region-not-found");
        error.Remedy.ShouldContain("DFW, ORD");
    }

    private static Func<string, string?> Variables(string environment)
    {
        var pairs = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        return name => pairs.GetValueOrDefault(name);
    }
}
