using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace DeisProxy.Sandbox.Tests;

/// <summary>The same requests, in the same order, to the sandbox and to a real etcd: the answers must be equal.</summary>
public sealed partial class EtcdConformanceTests
{
    // Method, path with query, form.
    private static readonly (string Method, string Path, string? Form)[] Requests =
    [
        ("GET", "/v2/keys", null), ("GET", "/v2/keys/", null), ("GET", "/v2/keys/a", null), ("PUT", "/v2/keys/a", "value=1"),
        ("PUT", "/v2/keys/a", "value=2"), ("GET", "/v2/keys/a", null), ("HEAD", "/v2/keys/a", null),
        ("PUT", "/v2/keys/a", "value=%3Ca+b%26%22c%22%5C%0A%C3%A9%3E"), ("GET", "/v2/keys/a", null), ("PUT", "/v2/keys/a", "value=2"),
        ("PUT", "/v2/keys/a/b", "value=2"), ("GET", "/v2/keys/a/b", null), ("PUT", "/v2/keys/e", "value="), ("GET", "/v2/keys/e", null),
        ("PUT", "/v2/keys/e", null), ("PUT", "/v2/keys/d", "dir=true"), ("PUT", "/v2/keys/d", "dir=true"), ("PUT", "/v2/keys/d", "value=x"),
        ("PUT", "/v2/keys/d?prevExist=true", "dir=true"), ("PUT", "/v2/keys/d?prevExist=true", "value=x"),
        ("PUT", "/v2/keys/d?prevValue=x", "value=x"), ("PUT", "/v2/keys/d?prevExist=false", "dir=true"), ("GET", "/v2/keys/d", null),
        ("PUT", "/v2/keys/a", "dir=true"), ("GET", "/v2/keys/a", null), ("DELETE", "/v2/keys/a?dir=true", null),
        ("PUT", "/v2/keys/a", "value=2"), ("PUT", "/v2/keys/a?prevExist=false", "value=9"), ("PUT", "/v2/keys/n?prevExist=false", "value=9"),
        ("PUT", "/v2/keys/n?prevExist=true", "value=8"), ("PUT", "/v2/keys/a?prevValue=2", "value=3"),
        ("PUT", "/v2/keys/a?prevValue=2", "value=3"), ("PUT", "/v2/keys/a?prevValue=2&prevIndex=9", "value=3"),
        ("PUT", "/v2/keys/a?prevIndex=9", "value=3"), ("PUT", "/v2/keys/a?prevIndex=foo", "value=3"),
        ("PUT", "/v2/keys/a?prevIndex=-1", "value=3"), ("PUT", "/v2/keys/a?prevIndex=0", "value=3"),
        ("PUT", "/v2/keys/a?prevValue=", "value=3"), ("PUT", "/v2/keys/zz?prevValue=1", "value=3"),
        ("PUT", "/v2/keys/zz?prevExist=true", "value=3"), ("PUT", "/v2/keys/zz?prevExist=true&prevValue=1", "value=3"),
        ("PUT", "/v2/keys/a?prevExist=true&prevValue=3", "value=4"), ("PUT", "/v2/keys/a?prevExist=maybe", "value=3"),
        ("PUT", "/v2/keys/a?dir=maybe", "value=3"), ("PUT", "/v2/keys/a?wait=true", "value=3"), ("PUT", "/v2/keys/a?refresh=perhaps", "ttl=4"),
        ("PUT", "/v2/keys/t", "value=x&ttl=100"), ("GET", "/v2/keys/t", null), ("PUT", "/v2/keys/t", "value=x&ttl=abc"),
        ("PUT", "/v2/keys/t", "value=x&ttl=-1"), ("PUT", "/v2/keys/t", "value=y&ttl="), ("GET", "/v2/keys/t", null),
        ("PUT", "/v2/keys/t", "ttl=50&refresh=true&prevExist=true"), ("PUT", "/v2/keys/t", "ttl=60&refresh=true"), ("GET", "/v2/keys/t", null),
        ("PUT", "/v2/keys/t", "ttl=50&refresh=true&value=z"), ("PUT", "/v2/keys/t", "refresh=true&prevExist=true"),
        ("PUT", "/v2/keys/tt", "ttl=50&refresh=true"), ("PUT", "/v2/keys/tt", "ttl=50&refresh=true&prevExist=true"),
        ("PUT", "/v2/keys/td", "dir=true&ttl=100"), ("PUT", "/v2/keys/td/k", "value=1"), ("GET", "/v2/keys/td", null),
        ("PUT", "/v2/keys/td?prevExist=true", "dir=true&ttl="), ("GET", "/v2/keys/td?recursive=true", null), ("POST", "/v2/keys/q", "value=1"),
        ("POST", "/v2/keys/q", "value=2"), ("POST", "/v2/keys/q", "value=3&ttl=100"), ("POST", "/v2/keys/a", "value=1"),
        ("GET", "/v2/keys/q?recursive=true&sorted=true", null), ("DELETE", "/v2/keys/q", null), ("DELETE", "/v2/keys/q?dir=true", null),
        ("DELETE", "/v2/keys/q?recursive=true", null), ("GET", "/v2/keys/q", null), ("DELETE", "/v2/keys/a?prevValue=zzz", null),
        ("DELETE", "/v2/keys/a?prevIndex=1", null), ("DELETE", "/v2/keys/a?prevValue=", null), ("DELETE", "/v2/keys/d?prevValue=x", null),
        ("DELETE", "/v2/keys/zz", null), ("DELETE", "/v2/keys/zz?prevValue=x", null), ("DELETE", "/v2/keys/a/b", null),
        ("DELETE", "/v2/keys/", null), ("DELETE", "/v2/keys/?recursive=true", null), ("PUT", "/v2/keys/", "value=x"),
        ("PUT", "/v2/keys/?prevExist=true", "dir=true"), ("DELETE", "/v2/keys/a?prevValue=4", null), ("GET", "/v2/keys/a", null),
        ("DELETE", "/v2/keys/n", null), ("DELETE", "/v2/keys/d?dir=true", null), ("PUT", "/v2/keys/deis/router/x/y", "value=1"),
        ("PUT", "/v2/keys/deis/router/z", "value=1"), ("GET", "/v2/keys/deis?sorted=true", null),
        ("GET", "/v2/keys/deis?recursive=true&sorted=true", null), ("GET", "/v2/keys/deis//router/./z", null),
        ("GET", "/v2/keys/deis/router/../router/z/", null), ("GET", "/v2/keys/deis%2Frouter%2Fz", null),
        ("PUT", "/v2/keys/_hidden/x", "value=1"), ("GET", "/v2/keys/_hidden/x", null), ("GET", "/v2/keys/?sorted=true", null),
        ("GET", "/v2/keys/_hidden", null), ("DELETE", "/v2/keys/_hidden?recursive=true", null),
        ("GET", "/v2/keys/deis/router/z?wait=true&waitIndex=4", null), ("GET", "/v2/keys/deis?wait=true&recursive=true&waitIndex=4", null),
        ("GET", "/v2/keys/a?wait=true&waitIndex=4", null), ("GET", "/v2/keys/q?recursive=true&wait=true&waitIndex=4", null),
        ("GET", "/v2/keys/?recursive=yes", null), ("GET", "/v2/keys/?wait=yes", null), ("GET", "/v2/keys/a?wait=true&waitIndex=x", null),
        ("GET", "/v2/keys/deis/router/z?quorum=true", null), ("PUT", "/v2/keys/v?noValueOnSuccess=true", "value=1"),
        ("PUT", "/v2/keys/v?noValueOnSuccess=true", "value=2"), ("PUT", "/v2/keys/v?prevValue=2&noValueOnSuccess=true", "value=3"),
        ("DELETE", "/v2/keys/v?noValueOnSuccess=true", null), ("PUT", "/v2/keys/p", "value=%zz"), ("GET", "/v2/keys/p?recursive=%zz", null),
        ("PUT", "/v2/keys/p?value=1", null), ("PUT", "/v2/keys/p?value=1", "value=2"), ("GET", "/v2/keys/p", null),
        ("PATCH", "/v2/keys/a", null), ("OPTIONS", "/v2/keys/a", null), ("GET", "/v2/keysfoo", null), ("GET", "/nope", null),
        ("GET", "/health", null),
    ];

    [Fact]
    public async Task Answers_are_those_of_a_real_etcd()
    {
        using var etcd = await RealEtcd.StartAsync();
        await using var sandbox = await SandboxCloud.StartAsync(new SandboxOptions { Nodes = 0, Routers = 0, LoadBalancers = [] });
        sandbox.SetEtcdValue("/deis/platform/version", null);
        sandbox.SetEtcdValue("/deis", null);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };

        // The sandbox has made a key before; the real one has not. From here on both count the same.
        var offset = (await IndexAsync(http, sandbox.EtcdEndpoint)) - (await IndexAsync(http, etcd.Endpoint));
        var differences = new List<string>();
        foreach (var request in Requests)
        {
            var real = await AskAsync(http, etcd.Endpoint, request, 0);
            var ours = await AskAsync(http, sandbox.EtcdEndpoint, request, offset);
            if (real != ours)
            {
                differences.Add($"{request.Method} {request.Path} {request.Form}\n  real: {real}\n  ours: {ours}");
            }
        }

        differences.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_watch_sees_the_next_change_and_an_expired_key()
    {
        await using var sandbox = await SandboxCloud.StartAsync(new SandboxOptions { Nodes = 0, Routers = 0, LoadBalancers = [] });
        using var http = new HttpClient { BaseAddress = sandbox.EtcdEndpoint, Timeout = TimeSpan.FromSeconds(5) };
        var changed = http.GetStringAsync("/v2/keys/k?wait=true");
        var anything = http.GetStringAsync("/v2/keys/?wait=true&recursive=true");
        await Tools.EventuallyAsync(() => sandbox.CallLog.Calls.Count(call => call.Operation == "watch") == 2, "both wait");

        using (var form = new FormUrlEncodedContent([new("value", "1"), new("ttl", "1")]))
        {
            await http.PutAsync("/v2/keys/k", form);
        }

        (await changed).ShouldStartWith("""{"action":"set","node":{"key":"/k","value":"1",""");
        (await anything).ShouldStartWith("""{"action":"set","node":{"key":"/k","value":"1",""");
        var expired = await http.GetStringAsync("/v2/keys/k?wait=true");
        expired.ShouldStartWith("""{"action":"expire","node":{"key":"/k",""");
        expired.ShouldContain("\"prevNode\"");
        using var gone = await http.GetAsync("/v2/keys/k");
        ((int)gone.StatusCode).ShouldBe(404);
    }

    [Fact]
    public async Task A_watch_that_reaches_back_too_far_is_refused()
    {
        await using var sandbox = await SandboxCloud.StartAsync(new SandboxOptions { Nodes = 0, Routers = 0, LoadBalancers = [] });
        for (var number = 0; number < 1100; number++)
        {
            sandbox.SetEtcdValue("/busy", $"{number}");
        }

        using var http = new HttpClient { BaseAddress = sandbox.EtcdEndpoint, Timeout = TimeSpan.FromSeconds(5) };
        using var answer = await http.GetAsync("/v2/keys/busy?wait=true&waitIndex=5");
        ((int)answer.StatusCode).ShouldBe(400);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("\"errorCode\":401");
    }

    private static async Task<long> IndexAsync(HttpClient http, Uri endpoint)
    {
        using var answer = await http.GetAsync(new Uri(endpoint, "/v2/keys"));
        return long.Parse(answer.Headers.GetValues("X-Etcd-Index").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<string> AskAsync(HttpClient http, Uri endpoint, (string Method, string Path, string? Form) ask, long offset)
    {
        // Indexes in a request are those of the real etcd.
        var path = RequestIndex().Replace(ask.Path, match => $"{match.Groups["name"].Value}{Shift(match.Groups["index"].Value, offset)}");
        using var request = new HttpRequestMessage(new HttpMethod(ask.Method), $"{endpoint.GetLeftPart(UriPartial.Authority)}{path}");
        if (ask.Form is not null)
        {
            request.Content = new StringContent(ask.Form, Encoding.UTF8, "application/x-www-form-urlencoded");
        }

        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        body = BodyIndex().Replace(body, match => $"{match.Groups["name"].Value}{Shift(match.Groups["index"].Value, -offset)}");
        body = !path.Contains("prevIndex", StringComparison.Ordinal) ? body : CauseIndex()
            .Replace(body, match => $"[{Shift(match.Groups["asked"].Value, -offset)} != {Shift(match.Groups["index"].Value, -offset)}]");
        body = OrderedKey().Replace(
            body, match => $"/q/{long.Parse(match.Groups["index"].Value, System.Globalization.CultureInfo.InvariantCulture) - offset}");
        body = Expiration().Replace(body, "\"expiration\":\"…\"");
        string[] names =
            ["Allow", "Content-Type", "X-Etcd-Cluster-Id", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "X-Content-Type-Options"];
        var fields = response.Headers.Concat(response.Content.Headers).ToDictionary(
            field => field.Key, field => string.Join(',', field.Value), StringComparer.OrdinalIgnoreCase);
        var shown = names.Where(fields.ContainsKey).Select(name => $"{name}={fields[name].Replace(" ", "", StringComparison.Ordinal)}");
        var index = fields.TryGetValue("X-Etcd-Index", out var value) ? Shift(value, value == "0" ? 0 : -offset) : "-";
        var raft = fields.ContainsKey("X-Raft-Index") && fields.ContainsKey("X-Raft-Term");
        return $"{(int)response.StatusCode} {response.ReasonPhrase} index={index} raft={raft} {string.Join(' ', shown)} {body}";
    }

    // 0 and what a request made up stay as they are.
    private static string Shift(string index, long offset) =>
        long.TryParse(index, out var value) && value != 0 ? $"{value + offset}" : index;

    [GeneratedRegex("(?<name>(?:prevIndex|waitIndex)=)(?<index>[1-9][0-9]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RequestIndex();

    [GeneratedRegex("(?<name>\"(?:modifiedIndex|createdIndex|index)\":)(?<index>[1-9][0-9]*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BodyIndex();

    [GeneratedRegex(@"\[(?<asked>[0-9]+) != (?<index>[0-9]+)\](?=[^\[]*$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CauseIndex();

    [GeneratedRegex("/q/(?<index>[0-9]{20})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex OrderedKey();

    [GeneratedRegex("\"expiration\":\"[0-9T:.-]+Z\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Expiration();

    private sealed class RealEtcd : IDisposable
    {
        private readonly Process _process;
        private readonly string _directory;

        private RealEtcd(Process process, string directory, Uri endpoint)
        {
            _process = process;
            _directory = directory;
            Endpoint = endpoint;
        }

        public Uri Endpoint { get; }

        public static async Task<RealEtcd> StartAsync()
        {
            var directory = Directory.CreateTempSubdirectory("sandbox-etcd-").FullName;
            var client = $"http://127.0.0.1:{Tools.FreePort()}";
            var process = Tools.Start(
                "etcd",
                "etcd-server",
                [
                    "--enable-v2=true", "--data-dir", directory, "--listen-client-urls", client, "--advertise-client-urls", client,
                    "--listen-peer-urls", "http://127.0.0.1:0", "--logger", "zap",
                ]);
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            var etcd = new RealEtcd(process, directory, new Uri(client));
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(1) };
            try
            {
                await Tools.EventuallyAsync(() => IsReadyAsync(http, etcd.Endpoint), "etcd (package etcd-server) answers", 15);
                return etcd;
            }
            catch
            {
                etcd.Dispose();
                throw;
            }
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
            Directory.Delete(_directory, recursive: true);
        }

        private static async Task<bool> IsReadyAsync(HttpClient http, Uri endpoint)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(endpoint, "/v2/keys"));
                return answer.IsSuccessStatusCode && answer.Headers.Contains("X-Raft-Term");
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                return false;
            }
        }
    }
}
