using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace DeisProxy.RealParts;

/// <summary>A real etcd on a free port.</summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;
    private readonly RealProcess _process;
    private readonly HttpClient _http;

    private EtcdServer(TemporaryDirectory directory, RealProcess process, HttpClient http, Uri endpoint)
    {
        _directory = directory;
        _process = process;
        _http = http;
        Endpoint = endpoint;
    }

    public int Port => Endpoint.Port;

    public Uri Endpoint { get; }

    public string Output => _process.Output;

    /// <summary>Starts it.</summary>
    /// <param name="enableV2">Whether it has the keys API that Deis uses.</param>
    public static Task<EtcdServer> StartAsync(bool enableV2 = true, string address = "127.0.0.1") => RealProcess.OnFreePortAsync(async port =>
    {
        // etcd synchronizes every write.
        var directory = TemporaryDirectory.InMemory();
        var client = $"http://{address}:{port}";
        var peer = $"http://127.0.0.1:{RealProcess.FreePort()}";
        RealProcess? process = null;
        var http = new HttpClient { BaseAddress = new Uri(client), Timeout = TimeSpan.FromSeconds(30) };
        try
        {
            process = RealProcess.Start(
                RealProcess.Find("etcd", "install the Debian package etcd-server"),
                "--name", "node", "--data-dir", directory["data"], "--logger", "zap", "--log-level", "warn",
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"node={peer}",
                $"--enable-v2={(enableV2 ? "true" : "false")}");
            await process.WaitUntilAsync(
                async () =>
                {
                    try
                    {
                        using var response = await http.GetAsync("/health");
                        return response.IsSuccessStatusCode;
                    }
                    catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                    {
                        return false;
                    }
                },
                RealProcess.StartLimit);
            return new EtcdServer(directory, process, http, new Uri(client));
        }
        catch
        {
            http.Dispose();
            if (process is not null)
            {
                await process.DisposeAsync();
            }

            directory.Dispose();
            throw;
        }
    });

    /// <summary>Sets a key, without going through any code under test.</summary>
    public async Task SetAsync(string key, string value, TimeSpan? timeToLive = null)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal) { ["value"] = value };
        if (timeToLive is { } time)
        {
            fields["ttl"] = ((int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        using var content = new FormUrlEncodedContent(fields);
        using var response = await _http.PutAsync($"/v2/keys{key}", content);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>The value of a key; null if there is none.</summary>
    public async Task<string?> GetAsync(string key)
    {
        using var response = await _http.GetAsync($"/v2/keys{key}");
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        response.EnsureSuccessStatusCode();
        return (string?)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["node"]!["value"];
    }

    /// <summary>Deletes a key or a directory, if it is there.</summary>
    public async Task DeleteAsync(string key)
    {
        using var response = await _http.DeleteAsync($"/v2/keys{key}?recursive=true");
        if (response.StatusCode != HttpStatusCode.NotFound)
        {
            response.EnsureSuccessStatusCode();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        _directory.Dispose();
    }
}
