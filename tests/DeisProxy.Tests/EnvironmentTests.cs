using System.Net;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>What people configure outside the program.</summary>
public sealed class EnvironmentTests : IDisposable
{
    private const string Keys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";

    private readonly ToolProcess _tool = new();

    public void Dispose() => _tool.Dispose();

    [Theory]
    [InlineData("AWS_PROFILE")]
    [InlineData("AWS_DEFAULT_PROFILE")]
    public async Task A_profile_that_is_not_there_is_named_with_its_variable(string variable)
    {
        _tool.Write(".aws/config", $"[default]\n{Keys}");

        await FailsAsync([(variable, "prod"), ("AWS_REGION", "us-east-1")], $"{variable} names the profile \"prod\"", "aws configure list-profiles");
    }

    [Theory]
    [InlineData("AWS_CONFIG_FILE", "[default\nregion=us-east-1\n")]
    [InlineData("AWS_CONFIG_FILE", "region us-east-1")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE", "\u0000\u0001[[[")]
    [InlineData("AWS_CONFIG_FILE", "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = nowhere\n")]
    [InlineData("AWS_CONFIG_FILE", "[default]\ncredential_process = /nonexistent/program\n")]
    [InlineData("AWS_CONFIG_FILE", "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n")]
    [InlineData("AWS_CONFIG_FILE", "[default]\nsso_session = x\nsso_account_id = 1\nsso_role_name = y\n")]
    public async Task A_broken_file_is_named_with_its_variable(string variable, string text)
    {
        var file = _tool.Write("broken", text);

        await FailsAsync([(variable, file), ("AWS_REGION", "us-east-1")], "AWS credentials", variable);
    }

    [Theory]
    [InlineData("/nonexistent/program", "credential_process gave no AWS credentials: its command was not found.")]
    [InlineData("/etc/passwd", "its command may not be executed.")]
    [InlineData("sh -c 'echo s3cret >&2; exit 3'", "it ended with status 3.")]
    [InlineData("echo s3cret", "what it printed is not what AWS documents.")]
    public async Task A_credential_process_that_fails_is_told_in_plain_words(string command, string said)
    {
        _tool.Write(".aws/config", $"[default]\ncredential_process = {command}\n");

        (await FailsAsync([("AWS_REGION", "us-east-1")], said, "Run the command that credential_process names")).ShouldNotContain("s3cret");
        var (_, _, verbose) = await _tool.RunAsync(["template", "--verbose"], ("AWS_REGION", "us-east-1"));
        verbose.ShouldContain(said);
        verbose.ShouldNotContain("s3cret");
    }

    [Theory]
    [InlineData("AWS_CONFIG_FILE")]
    [InlineData("AWS_SHARED_CREDENTIALS_FILE")]
    public Task A_file_that_is_not_there_is_named_with_its_variable(string variable) =>
        FailsAsync(
            [(variable, "/nonexistent/aws"), ("AWS_REGION", "us-east-1")], $"{variable} names /nonexistent/aws, which is not there", "aws configure");

    [Fact]
    public async Task An_endpoint_in_a_file_that_is_no_address_is_refused()
    {
        _tool.Write(".aws/config", $"[default]\nregion = us-east-1\nendpoint_url = junk\n{Keys}");

        await FailsAsync([], "not a valid URL: junk", "~/.aws/config");
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_CLOUDFORMATION", "cloudformation")]
    [InlineData("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING", "elasticloadbalancing")]
    [InlineData("AWS_ENDPOINT_URL_EC2", "ec2")]
    public async Task A_service_has_an_endpoint_of_its_own(string variable, string service)
    {
        await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);
        await using var others = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);

        // It reads all of AWS before it says that there is no node.
        await _tool.RunAsync(
            ["verify", "--no-probe", "--node", "127.0.0.1:1"],
            ("AWS_ENDPOINT_URL", others.AwsEndpoint.ToString()), (variable, sandbox.AwsEndpoint.ToString()), ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"));

        sandbox.CallLog.Calls.Select(call => call.Service).Distinct(StringComparer.Ordinal).ShouldBe([service]);
        others.CallLog.Calls.Select(call => call.Service).ShouldNotContain(service);
    }

    [Fact]
    public async Task Roles_are_assumed_where_the_environment_says()
    {
        await using var sts = new Recorder();
        await using var others = new Recorder();
        _tool.Write(
            ".aws/config",
            $"[profile base]\n{Keys}[profile role]\nrole_arn = arn:aws:iam::123456789012:role/deis\nsource_profile = base\nregion = us-east-1\n");

        await FailsAsync(
            [("AWS_ENDPOINT_URL", others.Url), ("AWS_ENDPOINT_URL_STS", sts.Url), ("AWS_PROFILE", "role")], "AWS credentials", "aws sts");

        sts.Requests.ShouldNotBeEmpty();
        others.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.")]
    [InlineData("SignatureDoesNotMatch", "Signature expired: 20261125T220000Z is now earlier than 20261125T220500Z (20261125T221000Z - 5 min.)")]
    [InlineData(
        "SignatureDoesNotMatch", "Signature not yet current: 20261125T221000Z is still later than 20261125T220500Z (20261125T220000Z + 5 min.)")]
    public async Task A_clock_that_is_ten_minutes_off_is_what_is_to_be_checked(string code, string message)
    {
        var tries = 0;
        await using var aws = new Recorder(_ =>
        {
            Interlocked.Increment(ref tries);
            return Recorder.Http(
                "403 Forbidden",
                $"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>",
                $"Date: {DateTimeOffset.UtcNow.AddMinutes(10):R}\r\n");
        });

        await FailsAsync(
            [("AWS_ENDPOINT_URL", aws.Url), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")],
            "rejected the time of this machine", "Check this machine's clock: it says 20");
        tries.ShouldBeGreaterThan(1, "with the service's own time it is tried again");
    }

    /// <summary>A proxy gets the name that is to be reached, and refuses: nothing is looked up or reached past it.</summary>
    [Theory]
    [InlineData("aws", "HTTPS_PROXY", "CONNECT cloudformation.us-east-1.amazonaws.com:443")]
    [InlineData("aws", "https_proxy", "CONNECT cloudformation.us-east-1.amazonaws.com:443")]
    [InlineData("rackspace", "HTTPS_PROXY", "CONNECT identity.api.rackspacecloud.com:443")]
    public async Task A_proxy_is_used(string provider, string variable, string asked)
    {
        await using var proxy = new Recorder(_ => Recorder.Http("403 Forbidden", ""));

        var (exitCode, _, error) = await _tool.RunAsync(
            ["verify", "--provider", provider, "--node", "127.0.0.1:1"], Reaching(provider, (variable, proxy.Url)));

        exitCode.ShouldBe(ExitCode.Failed, error);
        error.ShouldContain("403");
        error.ShouldContain("Check the network, ");
        proxy.Requests.ShouldContain(request => request.StartsWith(asked, StringComparison.Ordinal), string.Join('\n', proxy.Requests));
    }

    [Theory]
    [InlineData("aws", "HTTP_PROXY")]
    [InlineData("rackspace", "HTTP_PROXY")]
    [InlineData("aws", "ALL_PROXY")]
    public async Task This_machine_is_never_reached_through_a_proxy(string provider, string variable)
    {
        await using var proxy = new Recorder();
        await using var service = new Recorder();

        await _tool.RunAsync(
            ["verify", "--provider", provider, "--node", "127.0.0.1:1"],
            Reaching(provider, (variable, proxy.Url), ("AWS_ENDPOINT_URL", service.Url), ("OS_AUTH_URL", service.Url)));

        service.Requests.ShouldNotBeEmpty();
        proxy.Requests.ShouldAllBe(request => request.StartsWith("SSH-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("aws")]
    [InlineData("rackspace")]
    public async Task What_needs_no_proxy_is_reached_without_one(string provider)
    {
        await using var proxy = new Recorder();

        // Names that nobody has: they are looked up here and not found.
        var (exitCode, _, error) = await _tool.RunAsync(
            ["verify", "--provider", provider, "--node", "127.0.0.1:1"],
            Reaching(
                provider, ("HTTPS_PROXY", proxy.Url), ("NO_PROXY", "localhost,.invalid"), ("AWS_ENDPOINT_URL", "https://aws.invalid"),
                ("OS_AUTH_URL", "https://identity.invalid/v2.0")));

        exitCode.ShouldBe(ExitCode.Failed, error);
        error.ShouldContain(".invalid");
        proxy.Requests.ShouldAllBe(request => request.StartsWith("SSH-", StringComparison.Ordinal));
    }

    /// <summary>Nothing listens on 127.0.0.1: only who asks for IPv6 addresses arrives.</summary>
    [Theory]
    [InlineData("aws")]
    [InlineData("rackspace")]
    public async Task A_name_that_has_IPv6_only_is_reached(string provider)
    {
        await using var service = new Recorder(address: IPAddress.IPv6Loopback);
        var name = Array.Exists(await AddressesAsync("ip6-localhost"), address => address.Equals(IPAddress.IPv6Loopback)) ? "ip6-localhost" : "[::1]";

        await _tool.RunAsync(
            ["verify", "--provider", provider, "--node", "127.0.0.1:1"],
            Reaching(provider, ("AWS_ENDPOINT_URL", $"http://{name}:{service.Port}"), ("OS_AUTH_URL", $"http://[::1]:{service.Port}")));

        service.Requests.ShouldNotBeEmpty();
    }

    private static async Task<IPAddress[]> AddressesAsync(string name)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(name);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return [];
        }
    }

    private static IEnumerable<(string Name, string? Value)> Reaching(string provider, params (string Name, string? Value)[] more) =>
    [
        ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1"), ("AWS_MAX_ATTEMPTS", "1"),
        ("RACKSPACE_USERNAME", "test"), ("RACKSPACE_API_KEY", "test"),
        .. more.Where(variable => variable.Name != (provider == "aws" ? "OS_AUTH_URL" : "AWS_ENDPOINT_URL")),
    ];

    private async Task<string> FailsAsync(IEnumerable<(string Name, string? Value)> environment, params string[] texts)
    {
        var (exitCode, output, error) = await _tool.RunAsync(["template"], environment);

        exitCode.ShouldBeInRange(1, 2, error);
        output.ShouldBeEmpty();
        HostileOptionTests.ShouldBeOneLine(error, string.Join(' ', environment));
        foreach (var text in texts)
        {
            error.ShouldContain(text);
        }

        return error;
    }
}
