using DeisProxy.Sandbox.Aws;

namespace DeisProxy.Sandbox.Tests;

public sealed class WireShapeTests
{
    [Fact]
    public async Task Every_operation_answers_in_the_shape_of_the_services_own_model()
    {
        await using var sandbox = await RunningSandbox.StartAsync(SandboxOptions.DeisV15 with
        {
            AdditionalStackResources = 120,
            TerminatedInstance = true,
            LoadBalancers =
            [
                LoadBalancerOptions.DeisV15,
                new LoadBalancerOptions
                {
                    Name = "wire-shapes",
                    LogicalId = null,
                    Listeners =
                    [
                        new Listener("HTTPS", 443, "HTTP", 80, SandboxOptions.DeisV15.Certificates[0])
                        {
                            PolicyNames = ["ELBSecurityPolicy-2016-08"],
                        },
                    ],
                    Policies =
                    [
                        new Policy("sticky", "LBCookieStickinessPolicyType", [new("CookieExpirationPeriod", "60")]),
                        new Policy("app", "AppCookieStickinessPolicyType", [new("CookieName", "session")]),
                    ],
                },
            ],
        });
        var id = sandbox.Elb.InstanceHealth[0].InstanceId;
        var (exitCode, output, error) = await Tools.RunAsync(
            "python3",
            "python3-botocore",
            [
                Path.Combine(AppContext.BaseDirectory, "wire_shapes.py"),
                sandbox.Cloud.AwsEndpoint.ToString(),
                sandbox.ElbName,
                sandbox.Cloud.Options.Certificates[0],
                id,
            ]);
        output.ShouldBe("", error);
        exitCode.ShouldBe(0, error);

        // None is left out: an operation that is added here must be added there.
        var covered = error.Split('\n').Single(line => line.StartsWith("covered ", StringComparison.Ordinal))["covered ".Length..].Split(' ');
        var names = new AwsEndpoint(new CloudState(SandboxOptions.DeisV15)).Services
            .SelectMany(service => service.Operations.Keys.Select(
                operation => $"{(service.Name == "elasticloadbalancing" ? "elb" : service.Name)}:{operation}"));
        covered.Order(StringComparer.Ordinal).ShouldBe(names.Order(StringComparer.Ordinal));
    }
}
