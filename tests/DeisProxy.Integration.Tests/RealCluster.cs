using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>A Deis cluster of real parts: moto with a stack, etcd, sshd as the node, nginx as the routers; and deis-proxy as a process against them.</summary>
internal sealed class RealCluster : IAsyncDisposable
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromSeconds(90);

    private readonly Stack<IAsyncDisposable> _parts = new();

    public const string Stack = "deis";

    public Moto Moto { get; private set; } = null!;

    public RecordingProxy Aws { get; private set; } = null!;

    public EtcdServer Etcd { get; private set; } = null!;

    public SshServer Ssh { get; private set; } = null!;

    public NginxRouters Routers { get; private set; } = null!;

    public static async Task<RealCluster> StartAsync(StackTemplate template, string release = "1.6.0", bool withCertificate = false)
    {
        var cluster = new RealCluster();
        try
        {
            var moto = Moto.StartAsync();
            cluster.Etcd = cluster.Keep(await EtcdServer.StartAsync());
            cluster.Ssh = cluster.Keep(await SshServer.StartAsync());
            cluster.Routers = cluster.Keep(await NginxRouters.StartAsync(cluster.Etcd, new NginxRouterOptions { DeisVersion = release, WithCertificate = withCertificate }));
            cluster.Moto = cluster.Keep(await moto);
            cluster.Aws = cluster.Keep(new RecordingProxy(cluster.Moto.Endpoint, RealProcess.FreePort()));
            var other = Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_TEMPLATE");
            await cluster.CallAsync(
                "cloudformation",
                "CreateStack",
                "2010-05-15",
                ("StackName", Stack),
                ("TemplateBody", other is null ? template.ToString() : await File.ReadAllTextAsync(other)),
                ("Parameters.member.1.ParameterKey", "KeyPair"),
                ("Parameters.member.1.ParameterValue", "deis"),
                ("Parameters.member.2.ParameterKey", "EC2VirtualizationType"),
                ("Parameters.member.2.ParameterValue", "HVM"));
            cluster.Aws.Forget();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls AWS's Query API as no client of ours does.</summary>
    public async Task<XDocument> CallAsync(string service, string action, string version, params (string Name, string Value)[] parameters)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, Aws.Endpoint);
        var fields = parameters.Append(("Action", action)).Append(("Version", version)).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal);
        request.Content = new FormUrlEncodedContent(fields);
        request.Headers.TryAddWithoutValidation("Authorization", $"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        response.IsSuccessStatusCode.ShouldBeTrue(text);
        return XDocument.Parse(text);
    }

    public Task<XDocument> ElbAsync(string action, params (string Name, string Value)[] parameters) => CallAsync("elasticloadbalancing", action, "2012-06-01", parameters);

    /// <summary>Name of the load balancer with a logical id.</summary>
    public async Task<string> LoadBalancerAsync(string logicalId = "DeisWebELB")
    {
        var resources = await CallAsync("cloudformation", "ListStackResources", "2010-05-15", ("StackName", Stack));
        return resources.Descendants().Single(e => e.Name.LocalName == "LogicalResourceId" && e.Value == logicalId)
            .Parent!.Elements().Single(e => e.Name.LocalName == "PhysicalResourceId").Value;
    }

    /// <summary>Runs deis-proxy as a process of its own.</summary>
    public async Task<ToolRun> RunAsync(params string[] arguments) =>
        await ToolRun.StartAsync(
            Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_EXECUTABLE"),
            [
                .. arguments, "--node", Ssh.Address, "--ssh-user", Ssh.User, "--identity", Ssh.IdentityFile, "--known-hosts", Ssh.KnownHostsFile,
                "--ssh-config", "/dev/null", "--etcd-endpoint", Etcd.Endpoint.ToString(), "--router-ports", "80,443",
            ],
            AwsEnvironment(),
            RunLimit);

    public Dictionary<string, string> AwsEnvironment() => new(StringComparer.Ordinal)
    {
        ["AWS_ENDPOINT_URL"] = Aws.Endpoint.ToString(),
        ["AWS_ACCESS_KEY_ID"] = "test",
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["AWS_DEFAULT_REGION"] = "us-east-1",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
    };

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part))
        {
            await part.DisposeAsync();
        }
    }

    private T Keep<T>(T part)
        where T : IAsyncDisposable
    {
        _parts.Push(part);
        return part;
    }
}

/// <summary>A finished run of deis-proxy.</summary>
internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    public JsonNode Json => JsonNode.Parse(Output)!;

    public static async Task<ToolRun> StartAsync(string? executable, IEnumerable<string> arguments, Dictionary<string, string> environment, TimeSpan limit)
    {
        var start = new ProcessStartInfo(executable ?? "dotnet") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        if (executable is null)
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll"));
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("AWS_", StringComparison.Ordinal) || n == "DEISCTL_TUNNEL").ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var timer = new CancellationTokenSource(limit);
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException late)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"deis-proxy did not end within {limit.TotalSeconds} s.\n{await output}\n{await error}", late);
        }

        return new ToolRun(process.ExitCode, await output, await error);
    }
}
