namespace DeisProxy.Tests;

/// <summary>The demo shows each provider to the end.</summary>
[Collection(nameof(Alone))]
public sealed class DemoTests
{
    [Theory]
    [InlineData("aws", "203.0.113.9, 10.21.1.5", "203.0.113.9")]
    [InlineData("rackspace", "203.0.113.9, 10.21.1.5", "10.21.1.5")]
    [InlineData("none", "127.0.0.1", "127.0.0.1")]
    public async Task It_shows_what_an_application_sees_before_and_after(string provider, string before, string after)
    {
        var (exitCode, output, error) = await Shell.RunAsync("demo", "--provider", provider);

        exitCode.ShouldBe(ExitCode.Done, output + error);
        var seen = output.Split('\n').Where(line => line.Contains("an HTTP request", StringComparison.Ordinal))
            .Select(line => line.Trim().Split("X-Forwarded-For ")[^1]);
        seen.ShouldBe([before, after, before]);
        output.ShouldContain("Verified");
    }
}
