using System.Diagnostics;

namespace AwsSdk.StandIn.Tests;

/// <summary>
/// What people configure outside the program. The SDK caches what it reads, so each test runs <see cref="Program"/> in a process of its own,
/// with an environment of its own.
/// </summary>
public sealed class EnvironmentTests : IDisposable
{
    private const string Empty = "<r/>";

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("stand-in-home-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Credentials_come_from_the_environment()
    {
        await using LoopbackService service = new LoopbackService().Answer(Empty);

        await RunAsync(
            "elb",
            ("AWS_ENDPOINT_URL", service.Url),
            ("AWS_ACCESS_KEY_ID", "AKIDENV"),
            ("AWS_SECRET_ACCESS_KEY", "envsecret"),
            ("AWS_SESSION_TOKEN", "token/+="));

        service.Request.Credential[0].ShouldBe("AKIDENV");
        service.Request.Headers["X-Amz-Security-Token"].ShouldBe("token/+=");
        service.Request.Headers["Authorization"]!.ShouldEndWith("Signature=" + service.Request.ExpectedSignature("envsecret"));
    }

    [Fact]
    public async Task Credentials_come_from_the_profile_that_is_asked_for()
    {
        await using LoopbackService service = new LoopbackService().Answer(Empty);
        string file =
            Write("credentials", "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = d\n\n[deis]\naws_access_key_id = "
                + "AKIDDEIS\naws_secret_access_key = deissecret\n");

        await RunAsync("elb", ("AWS_ENDPOINT_URL", service.Url), ("AWS_SHARED_CREDENTIALS_FILE", file), ("AWS_PROFILE", "deis"));

        service.Request.Credential[0].ShouldBe("AKIDDEIS");
        service.Request.Headers["Authorization"]!.ShouldEndWith("Signature=" + service.Request.ExpectedSignature("deissecret"));
    }

    [Fact]
    public async Task Credentials_come_from_the_default_profile()
    {
        await using LoopbackService service = new LoopbackService().Answer(Empty);
        string file = Write("credentials", "[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = d\n");

        await RunAsync("cloudformation", ("AWS_ENDPOINT_URL", service.Url), ("AWS_SHARED_CREDENTIALS_FILE", file));

        service.Request.Credential.ShouldBe(["AKIDDEFAULT", service.Request.Credential[1], "eu-west-1", "cloudformation", "aws4_request"]);
    }

    [Theory]
    [InlineData("elb", "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING", "elasticloadbalancing")]
    [InlineData("cloudformation", "AWS_ENDPOINT_URL_CLOUDFORMATION", "cloudformation")]
    public async Task A_service_has_an_endpoint_of_its_own(string name, string variable, string signingName)
    {
        await using LoopbackService service = new LoopbackService().Answer(Empty);

        await RunAsync(
            name,
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), (variable, service.Url), ("AWS_ACCESS_KEY_ID", "AKIDENV"), ("AWS_SECRET_ACCESS_KEY", "s"));

        service.Request.Credential[2..].ShouldBe(["eu-west-1", signingName, "aws4_request"]);
        service.Request.Path.ShouldBe("/");
    }

    [Fact]
    public async Task An_endpoint_can_come_from_the_configuration_file()
    {
        await using LoopbackService service = new LoopbackService().Answer(Empty);
        string file = Write(
            "config",
            "[default]\nservices = local\naws_access_key_id = AKIDCONFIG\naws_secret_access_key = s\n\n[services local]\nelastic_load_balancing =\n "
                + $" endpoint_url = {service.Url}\n");

        await RunAsync("elb", ("AWS_CONFIG_FILE", file));

        service.Request.Credential[0].ShouldBe("AKIDCONFIG");
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_home.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task RunAsync(string service, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) is "dotnet" ? host : "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            ArgumentList = { typeof(Program).Assembly.Location, service, "eu-west-1" },
        };
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["HOME"] = _home.FullName;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        try
        {
            string errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            process.ExitCode.ShouldBe(0, errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
