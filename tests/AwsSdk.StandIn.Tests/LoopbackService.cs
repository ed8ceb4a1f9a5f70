using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Amazon.CloudFormation;
using Amazon.ElasticLoadBalancing;
using Amazon.Runtime;

namespace AwsSdk.StandIn.Tests;

/// <summary>A recorded request.</summary>
internal sealed record Recorded(string Method, string Path, WebHeaderCollection Headers, string Body)
{
    /// <summary>The form parameters, decoded, one <c>name=value</c> each, sorted.</summary>
    public string[] Parameters =>
        [.. Body.Split('&').Select(pair => Uri.UnescapeDataString(pair.Replace('+', ' '))).Order(StringComparer.Ordinal)];

    /// <summary>The credential scope: access key, day, region, service.</summary>
    public string[] Credential
    {
        get
        {
            string authorization = Headers["Authorization"].ShouldNotBeNull();
            authorization.ShouldStartWith("AWS4-HMAC-SHA256 Credential=");
            return authorization["AWS4-HMAC-SHA256 Credential=".Length..].Split(',')[0].Split('/');
        }
    }

    /// <summary>Computes the signature again from what arrived, as the service does.</summary>
    public string ExpectedSignature(string secretKey)
    {
        string[] scope = Credential;
        string signedHeaders = Headers["Authorization"]!.Split("SignedHeaders=")[1].Split(',')[0];
        string headers = string.Concat(signedHeaders.Split(';').Select(name => $"{name}:{Headers[name]}\n"));
        string canonical = $"{Method}\n{Path}\n\n{headers}\n{signedHeaders}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(Body)))}";
        string toSign =
            $"AWS4-HMAC-SHA256\n{Headers["X-Amz-Date"]}\n{string.Join('/', scope[1..])}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (string part in scope[1..].Append(toSign))
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return Hex(key);
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}

/// <summary>An endpoint on the loopback interface: answers what it was told to, in order, and keeps what it was asked.</summary>
internal sealed class LoopbackService : IAsyncDisposable
{
    public const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    public static readonly BasicAWSCredentials Credentials = new("AKIDEXAMPLE", SecretKey);

    private readonly HttpListener _listener;
    private readonly ConcurrentQueue<(int Status, string Body)> _answers = new();
    private readonly Task _loop;

    public LoopbackService()
    {
        (_listener, Url) = Listen();
        _loop = ServeAsync();
    }

    /// <summary>Where it listens, without a slash at the end, as people write it in settings.</summary>
    public string Url { get; }

    public ConcurrentQueue<Recorded> Requests { get; } = new();

    public Recorded Request => Requests.ShouldHaveSingleItem();

    public AmazonElasticLoadBalancingClient Elb => new(Credentials, Configured(new AmazonElasticLoadBalancingConfig()));

    public AmazonCloudFormationClient CloudFormation => new(Credentials, Configured(new AmazonCloudFormationConfig()));

    public LoopbackService Answer(string body, int status = 200)
    {
        _answers.Enqueue((status, body));
        return this;
    }

    public T Configured<T>(T config)
        where T : ClientConfig
    {
        config.ServiceURL = Url;
        config.AuthenticationRegion = "eu-west-1";
        config.MaxErrorRetry = 0;
        config.Timeout = TimeSpan.FromSeconds(20);
        return config;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _loop;
    }

    private static (HttpListener Listener, string Url) Listen()
    {
        // HttpListener cannot pick a port itself; another process may take the one found before it is bound.
        for (int attempt = 0; ; attempt++)
        {
            string url = $"http://127.0.0.1:{FreePort()}";
            HttpListener listener = new() { Prefixes = { url + "/" } };
            try
            {
                listener.Start();
                return (listener, url);
            }
            catch (HttpListenerException) when (attempt < 10)
            {
                listener.Close();
            }
        }
    }

    internal static int FreePort()
    {
        using TcpListener probe = new(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using StreamReader reader = new(context.Request.InputStream, Encoding.UTF8);
            Requests.Enqueue(new Recorded(
                context.Request.HttpMethod, context.Request.RawUrl!, (WebHeaderCollection)context.Request.Headers, await reader.ReadToEndAsync()));
            (int status, string body) = _answers.TryDequeue(out (int, string) answer) ? answer : (500, "<nothing>was prepared</nothing>");
            context.Response.StatusCode = status;
            context.Response.ContentType = "text/xml";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }
}
