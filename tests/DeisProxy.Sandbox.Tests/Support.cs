using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;

[assembly: CollectionBehavior(DisableTestParallelization = false, MaxParallelThreads = 3)]

namespace DeisProxy.Sandbox.Tests;

/// <summary>An answer of the Query protocol.</summary>
public sealed record QueryAnswer(int Status, XDocument Document)
{
    public string? Code => Value("Code");

    public string? Value(string name) => Document.Descendants().FirstOrDefault(element => element.Name.LocalName == name)?.Value;

    public IReadOnlyList<string> Values(string name) =>
        [.. Document.Descendants().Where(element => element.Name.LocalName == name).Select(element => element.Value)];
}

/// <summary>A client of the Query protocol that sends just what it is told.</summary>
public sealed class QueryClient(Uri endpoint) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };

    public static string Authorization(string service) =>
        $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150101/us-east-1/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";

    public Task<QueryAnswer> ElbAsync(string action, params (string Name, object Value)[] parameters) =>
        CallAsync("elasticloadbalancing", "2012-06-01", action, parameters);

    public Task<QueryAnswer> CloudFormationAsync(string action, params (string Name, object Value)[] parameters) =>
        CallAsync("cloudformation", "2010-05-15", action, parameters);

    public Task<QueryAnswer> Ec2Async(string action, params (string Name, object Value)[] parameters) =>
        CallAsync("ec2", "2016-11-15", action, parameters);

    public async Task<QueryAnswer> CallAsync(string service, string version, string action, params (string Name, object Value)[] parameters)
    {
        var form = parameters.Select(parameter => KeyValuePair.Create(parameter.Name, $"{parameter.Value}"))
            .Prepend(new("Version", version))
            .Prepend(new("Action", action));
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new FormUrlEncodedContent(form) };
        request.Headers.TryAddWithoutValidation("Authorization", Authorization(service));
        using var response = await _http.SendAsync(request);
        return new QueryAnswer((int)response.StatusCode, XDocument.Parse(await response.Content.ReadAsStringAsync()));
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>Programs that the tests run.</summary>
public static class Tools
{
    private static readonly TimeSpan ProgramLimit = TimeSpan.FromSeconds(40);

    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string program, string package, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = Start(program, package, arguments, environment);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var late = new CancellationTokenSource(ProgramLimit);
        try
        {
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public static Process Start(
        string program, string package, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        return MissingParts.MissingPartException.Start(start, $"install {package}");
    }

    public static int FreePort()
    {
        // Below those that the system gives away (32768 and up): a sandbox of another test would be given it before it is used.
        while (true)
        {
            using var socket = new TcpListener(IPAddress.Loopback, Random.Shared.Next(15_000, 32_000));
            try
            {
                socket.Start();
                return ((IPEndPoint)socket.LocalEndpoint).Port;
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                Debug.WriteLine(error.Message);
            }
        }
    }

    /// <summary>Repeats until it is true; fails with the message when it does not become so.</summary>
    public static async Task EventuallyAsync(Func<Task<bool>> condition, string message, double seconds = 10)
    {
        var limit = Stopwatch.StartNew();
        while (!await condition())
        {
            if (limit.Elapsed > TimeSpan.FromSeconds(seconds))
            {
                throw new TimeoutException($"not within {seconds} s: {message}");
            }

            await Task.Delay(10);
        }
    }

    public static Task EventuallyAsync(Func<bool> condition, string message, double seconds = 10) =>
        EventuallyAsync(() => Task.FromResult(condition()), message, seconds);
}

/// <summary>Talks to a port in bytes.</summary>
public static class Raw
{
    /// <summary>Sends bytes, closes the sending side, and reads everything that comes back; null when the connection is refused.</summary>
    public static async Task<string?> ExchangeAsync(int port, string send, bool halfClose = true)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
        }
        catch (SocketException)
        {
            return null;
        }

        try
        {
            await using var stream = client.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(send), limit.Token);
            if (halfClose)
            {
                client.Client.Shutdown(SocketShutdown.Send);
            }

            using var all = new MemoryStream();
            try
            {
                await stream.CopyToAsync(all, limit.Token);
            }
            catch (IOException)
            {
                // Reset: what came before it counts.
            }

            return Encoding.Latin1.GetString(all.ToArray());
        }
        catch (IOException)
        {
            return "";
        }
    }

    public static Task<string?> GetAsync(int port, string path = "/", params string[] fields) => ExchangeAsync(
        port,
        $"GET {path} HTTP/1.1\r\nHost: app.example.org\r\nConnection: close\r\n{string.Concat(fields.Select(field => $"{field}\r\n"))}\r\n",
        halfClose: false);

    /// <summary>The status of an HTTP answer; 0 when there was none, -1 when the connection was refused.</summary>
    public static int Status(string? answer) => answer switch
    {
        null => -1,
        _ when answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) =>
            int.Parse(answer.AsSpan(9, 3), System.Globalization.CultureInfo.InvariantCulture),
        _ => 0,
    };
}

/// <summary>A sandbox with everything quick, which must end without a defect of its own.</summary>
public sealed class RunningSandbox : IAsyncDisposable
{
    private RunningSandbox(SandboxCloud cloud)
    {
        Cloud = cloud;
        Aws = new QueryClient(cloud.AwsEndpoint);
    }

    public SandboxCloud Cloud { get; }

    public QueryClient Aws { get; }

    public LoadBalancer Elb => Cloud.FindLoadBalancer();

    public string ElbName => Elb.Name;

    public static async Task<RunningSandbox> StartAsync(SandboxOptions? options = null) =>
        new(await SandboxCloud.StartAsync((options ?? SandboxOptions.DeisV15) with { RouterReloadDelay = TimeSpan.FromMilliseconds(10) }));

    public async ValueTask DisposeAsync()
    {
        Aws.Dispose();
        await Cloud.DisposeAsync();
        Cloud.Defects.ShouldBeEmpty();
    }
}
