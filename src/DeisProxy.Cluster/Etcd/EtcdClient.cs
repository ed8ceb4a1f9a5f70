using System.Globalization;
using System.Net;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Etcd;

/// <summary>etcd's v2 keys API, as a node of the cluster sees it.</summary>
public sealed class EtcdClient : IDisposable
{
    private const string Unavailable = "etcd-unavailable";

    private const int MaximumAnswer = 16 * 1024 * 1024;

    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;

    /// <summary>Creates a client; nothing is contacted yet.</summary>
    /// <param name="endpoint">Where etcd is as seen from the node, such as <c>http://127.0.0.1:4001</c>.</param>
    /// <param name="timeout">Limit of one request; null: 10 s, deisctl's own.</param>
    /// <exception cref="DeisProxyException"><c>bad-etcd-endpoint</c>: not an http or https address of a host and a port.</exception>
    public EtcdClient(INode node, Uri endpoint, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(endpoint);
        if (!endpoint.IsAbsoluteUri || endpoint.Scheme is not ("http" or "https") || endpoint.AbsolutePath.Length > 1
            || endpoint.Query.Length > 0 || endpoint.UserInfo.Length > 0 || !NodeAddress.IsHost(endpoint.IdnHost.Trim('[', ']')))
        {
            throw new DeisProxyException(
                "bad-etcd-endpoint",
                $"'{RemoteText.Clean(endpoint.OriginalString, 80)}' is not the address of an etcd.",
                "Write --etcd-endpoint http://HOST:PORT as seen from the node, such as http://127.0.0.1:4001.");
        }

        Endpoint = endpoint;
        Name = $"etcd at {endpoint.GetLeftPart(UriPartial.Authority)} on {node.Name}";
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            // etcd 0.4, which early Deis clusters run, sends a follower's client on to the leader.
            AllowAutoRedirect = true,
            MaxAutomaticRedirections = 3,
            MaxConnectionsPerServer = 8,
            ConnectCallback = async (context, cancellationToken) =>
                await node.OpenStreamAsync(context.DnsEndPoint.Host.Trim('[', ']'), context.DnsEndPoint.Port, cancellationToken),
        };
        _http = new HttpClient(handler) { Timeout = timeout ?? DefaultTimeout, MaxResponseContentBufferSize = MaximumAnswer };
    }

    /// <summary>Where etcd listens on a Deis node: 4001 in every version, 2379 too from v1.9.0 (its user-data).</summary>
    public static IReadOnlyList<Uri> DefaultEndpoints { get; } = [new("http://127.0.0.1:4001"), new("http://127.0.0.1:2379")];

    /// <summary>Where etcd is, as seen from the node.</summary>
    public Uri Endpoint { get; }

    private string Name { get; }

    /// <summary>Finds the first endpoint at which an etcd answers with its v2 API.</summary>
    /// <param name="timeout">Limit of one request; null: 10 s, deisctl's own.</param>
    /// <exception cref="DeisProxyException">None does: <c>etcd-without-v2</c>, <c>etcd-unavailable</c>, or the node is lost.</exception>
    public static async Task<EtcdClient> ConnectAsync(
        INode node, IReadOnlyList<Uri> endpoints, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentOutOfRangeException.ThrowIfZero(endpoints.Count, nameof(endpoints));
        var failures = new List<DeisProxyException>();
        foreach (var endpoint in endpoints)
        {
            var client = new EtcdClient(node, endpoint, timeout);
            try
            {
                await client.GetAsync("/deis/platform/version", recursive: false, cancellationToken);
                return client;
            }
            catch (DeisProxyException e) when (e.Code.StartsWith("etcd-", StringComparison.Ordinal))
            {
                client.Dispose();
                failures.Add(e);
            }
            catch
            {
                client.Dispose();
                throw;
            }
        }

        // An etcd that answers wrongly says more than a port where nothing listens.
        var tellsMore = failures.Find(failure => !string.Equals(failure.Code, Unavailable, StringComparison.Ordinal));
        throw tellsMore ?? (failures.Count == 1 ? failures[0] : new DeisProxyException(
            Unavailable,
            string.Join(" ", failures.Select(failure => failure.Message)),
            failures[0].Remedy,
            new AggregateException(failures)));
    }

    /// <summary>Reads a key or a directory.</summary>
    /// <param name="key">The key, such as <c>/deis/router</c>.</param>
    /// <returns>What is there; null if there is nothing.</returns>
    /// <exception cref="DeisProxyException"><c>etcd-unavailable</c>, <c>etcd-without-v2</c>, <c>etcd-access-denied</c>, <c>etcd-bad-answer</c>, or
    /// the node is lost.</exception>
    public async Task<EtcdNode?> GetAsync(string key, bool recursive, CancellationToken cancellationToken)
    {
        try
        {
            return await SendAsync(HttpMethod.Get, key, recursive ? [new("recursive", "true")] : [], cancellationToken);
        }
        catch (EtcdException e) when (e.ErrorCode == EtcdErrorCode.KeyNotFound)
        {
            return null;
        }
    }

    /// <summary>Sets a key.</summary>
    /// <param name="condition">What must be so; null: nothing.</param>
    /// <param name="timeToLive">When etcd removes it again, whole seconds, at least one; null: never, also if it had one before.</param>
    /// <exception cref="EtcdException">
    /// A condition was not met (<see cref="EtcdErrorCode.CompareFailed"/>, <see cref="EtcdErrorCode.NodeExists"/>,
    /// <see cref="EtcdErrorCode.KeyNotFound"/>), or etcd refused for another reason.
    /// </exception>
    /// <exception cref="DeisProxyException">As for <see cref="GetAsync"/>; the write may have taken effect.</exception>
    public Task<EtcdNode> SetAsync(string key, string value, EtcdCondition? condition, TimeSpan? timeToLive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(value);
        var fields = new List<KeyValuePair<string, string>> { new("value", value) };
        if (timeToLive is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromSeconds(1), nameof(timeToLive));
            fields.Add(new("ttl", ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        }

        if (condition is not null)
        {
            fields.Add(new(condition.Name, condition.Text));
        }

        return SendAsync(HttpMethod.Put, key, fields, cancellationToken);
    }

    /// <summary>
    /// Gives a key a new time to live, if it still has the value. A plain compare-and-swap with the value itself: the
    /// API's <c>refresh</c> came with etcd 2.3, and Deis clusters run 0.4 to 2.1.
    /// </summary>
    /// <param name="value">The value that it must have; not empty.</param>
    /// <param name="timeToLive">From now on, whole seconds, at least one.</param>
    /// <exception cref="DeisProxyException">As for <see cref="SetAsync"/>.</exception>
    public Task<EtcdNode> RefreshTtlAsync(string key, string value, TimeSpan timeToLive, CancellationToken cancellationToken) =>
        SetAsync(key, value, EtcdCondition.Value(value), timeToLive, cancellationToken);

    /// <summary>Deletes a key, or with <paramref name="recursive"/> a directory and everything in it.</summary>
    /// <param name="condition">What must be so, only for a key; null: nothing.</param>
    /// <exception cref="DeisProxyException">As for <see cref="SetAsync"/>.</exception>
    public Task DeleteAsync(string key, EtcdCondition? condition, bool recursive, CancellationToken cancellationToken)
    {
        var fields = new List<KeyValuePair<string, string>>();
        if (recursive)
        {
            fields.Add(new("recursive", "true"));
        }

        if (condition is not null)
        {
            fields.Add(new(condition.Name, condition.Text));
        }

        return SendAsync(HttpMethod.Delete, key, fields, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>The path of a key, each part escaped by itself, so that nothing in a key is ever read as a path or a query.</summary>
    internal static string PathOf(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var parts = key.Split('/');
        if (parts.Length < 2 || parts[0].Length > 0 || parts.Skip(1).Any(part => part is "" or "." or ".."))
        {
            throw new ArgumentException(
                $"'{RemoteText.Clean(key)}' is not a key: it begins with a slash and has no empty part, '.' or '..'.", nameof(key));
        }

        return "/v2/keys" + string.Concat(parts.Skip(1).Select(part => "/" + Uri.EscapeDataString(part)));
    }

    private async Task<EtcdNode> SendAsync(
        HttpMethod method, string key, List<KeyValuePair<string, string>> fields, CancellationToken cancellationToken)
    {
        var address = Endpoint.GetLeftPart(UriPartial.Authority) + PathOf(key);
        if (method != HttpMethod.Put && fields.Count > 0)
        {
            address += "?" + string.Join('&', fields.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}"));
        }

        // The escaped form is exact; Uri's own clean-up would undo parts of it.
        var uri = new Uri(address, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(method, uri);
        if (method == HttpMethod.Put)
        {
            request.Content = new FormUrlEncodedContent(fields);
        }

        HttpStatusCode status;
        byte[] body;
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            status = response.StatusCode;
            body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw NotAvailable($"it did not answer within {_http.Timeout.TotalSeconds:0.#} s", e);
        }
        catch (HttpRequestException e)
        {
            for (Exception? inner = e; inner is not null; inner = inner.InnerException)
            {
                if (inner is DeisProxyException)
                {
                    ExceptionDispatchInfo.Throw(inner);
                }
            }

            throw e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded
                ? BadAnswer($"more than {MaximumAnswer / (1024 * 1024)} MB", e)
                : NotAvailable(RemoteText.Clean((e.InnerException ?? e).Message).TrimEnd('.'), e);
        }

        return Read(status, body);
    }

    private EtcdNode Read(HttpStatusCode status, byte[] body)
    {
        WireAnswer? answer = null;
        JsonException? notJson = null;
        try
        {
            answer = JsonSerializer.Deserialize(body, EtcdJson.Default.WireAnswer);
        }
        catch (JsonException e)
        {
            notJson = e;
        }

        if (answer?.ErrorCode is { } code)
        {
            var refused = new EtcdException((EtcdErrorCode)code, RemoteText.Clean(answer.Message), RemoteText.Clean(answer.Cause), answer.Index);
            throw code switch
            {
                >= 300 and < 400 => NotAvailable(refused.Message, refused),
                (int)EtcdErrorCode.Unauthorized => new DeisProxyException(
                    "etcd-access-denied",
                    $"{Name} requires authentication.",
                    "Deis v1 uses etcd without authentication: name the cluster's own etcd with --etcd-endpoint, or turn its authentication off.",
                    refused),
                _ => refused,
            };
        }

        if (status is HttpStatusCode.OK or HttpStatusCode.Created && answer?.Node is { } node)
        {
            return node.ToNode();
        }

        throw status switch
        {
            HttpStatusCode.NotFound => new DeisProxyException(
                "etcd-without-v2",
                $"{Name} has no v2 API (it does not know /v2/keys).",
                "Deis v1 keeps its settings in etcd's v2 API: name the cluster's own etcd with --etcd-endpoint, or start this one with "
                    + "--enable-v2=true.",
                notJson),
            >= HttpStatusCode.InternalServerError =>
                NotAvailable($"HTTP {(int)status}, {RemoteText.Clean(System.Text.Encoding.UTF8.GetString(body))}", notJson),
            _ => BadAnswer($"HTTP {(int)status}, not the keys API's JSON", notJson),
        };
    }

    private DeisProxyException NotAvailable(string reason, Exception? innerException) => new(
        Unavailable,
        $"{Name} is not available: {reason}.",
        "Check it on the node (etcdctl cluster-health; without a majority of its members etcd accepts no change), or name another one with "
            + "--etcd-endpoint.",
        innerException)
    {
        IsTransient = true,
    };

    private DeisProxyException BadAnswer(string what, Exception? innerException) => new(
        "etcd-bad-answer",
        $"{Name} answered with {what}.",
        "Check that --etcd-endpoint is etcd's client port.",
        innerException);
}
