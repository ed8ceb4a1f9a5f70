using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

using DeisProxy.Core;

using Polly;

namespace DeisProxy.Rackspace;

/// <summary>Signs in, finds the endpoint, and sends requests; a token that is no longer accepted is replaced once.</summary>
internal sealed class RackspaceClient : IDisposable
{
    /// <summary>What a catalog calls the service.</summary>
    private const string ServiceName = "cloudLoadBalancers";

    /// <summary>The largest answer is a page of 100 load balancers.</summary>
    private const int LargestAnswer = 8 * 1024 * 1024;

    private static readonly TimeSpan HideLimit = TimeSpan.FromSeconds(10);

    private readonly RackspaceSettings _settings;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline<Answer> _safe;
    private readonly ResiliencePipeline<Answer> _unsafe;
    private readonly SemaphoreSlim _signingIn = new(1);
    private volatile Access? _access;

    public RackspaceClient(RackspaceSettings settings)
    {
        _settings = settings;

        // Redirects would carry the token to another host.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
        _safe = Resilience.Pipeline(settings, repeatable: true);
        _unsafe = Resilience.Pipeline(settings, repeatable: false);
    }

    /// <summary>Sends a request with a JSON body, or none, to a path below the endpoint.</summary>
    /// <returns>The answer, whatever its status, but for those that end every request: bad credentials, rate limits, errors of the server.</returns>
    public async Task<Answer> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        var access = await AccessAsync(refused: null, cancellationToken);
        var answer = await SendAsync(method, path, body, access, cancellationToken);
        if (answer.Status == HttpStatusCode.Unauthorized)
        {
            access = await AccessAsync(refused: access, cancellationToken);
            answer = await SendAsync(method, path, body, access, cancellationToken);
        }

        return answer.Status switch
        {
            HttpStatusCode.Unauthorized => throw RackspaceErrors.Rejected(answer.Message),
            HttpStatusCode.Forbidden => throw RackspaceErrors.Denied($"{method} {path}", answer.Message),
            HttpStatusCode.RequestEntityTooLarge => throw RackspaceErrors.OverLimit(answer),
            >= HttpStatusCode.InternalServerError => throw RackspaceErrors.ServerError($"{method} {path}", answer),
            _ => answer,
        };
    }

    /// <summary>Reads an answer's JSON.</summary>
    public static T Read<T>(Answer answer, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(answer.Text, type) ?? throw RackspaceErrors.NotUnderstood(answer.Request, innerException: null);
        }
        catch (JsonException error)
        {
            throw RackspaceErrors.NotUnderstood(answer.Request, error);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _signingIn.Dispose();
    }

    private async Task<Answer> SendAsync(HttpMethod method, string path, byte[]? body, Access access, CancellationToken cancellationToken)
    {
        var request = $"{method} {path}";
        return await RackspaceErrors.CallAsync(
            request,
            async ct => await (method == HttpMethod.Post ? _unsafe : _safe).ExecuteAsync(
                async attempt =>
                {
                    using var message = new HttpRequestMessage(method, new Uri(access.Endpoint, path));
                    message.Headers.TryAddWithoutValidation("X-Auth-Token", access.Token);
                    return await ExchangeAsync(request, message, body, access.Token, attempt);
                },
                ct),
            cancellationToken);
    }

    /// <summary>The token and the endpoint; signs in if there is no token yet, or if the present one was refused.</summary>
    private async Task<Access> AccessAsync(Access? refused, CancellationToken cancellationToken)
    {
        await _signingIn.WaitAsync(cancellationToken);
        try
        {
            // Of several requests that were refused together only one signs in again.
            return _access is { } current && current != refused ? current : _access = await SignInAsync(cancellationToken);
        }
        finally
        {
            _signingIn.Release();
        }
    }

    private async Task<Access> SignInAsync(CancellationToken cancellationToken)
    {
        const string Request = "POST tokens";
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new AuthRequest(new AuthBody(new ApiKeyCredentials(_settings.Username, _settings.ApiKey))), Wire.Default.AuthRequest);
        var answer = await RackspaceErrors.CallAsync(
            Request,
            async ct => await _safe.ExecuteAsync(
                async attempt =>
                {
                    using var message = new HttpRequestMessage(HttpMethod.Post, new Uri(_settings.AuthUrl, "tokens"));
                    return await ExchangeAsync(Request, message, body, token: null, attempt);
                },
                ct),
            cancellationToken);
        switch (answer.Status)
        {
            case >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices:
                break;
            case HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest:
                throw RackspaceErrors.Rejected(answer.Message);
            case HttpStatusCode.RequestEntityTooLarge:
                throw RackspaceErrors.OverLimit(answer);
            default:
                throw RackspaceErrors.ServerError(Request, answer);
        }

        var access = Read(answer, Wire.Default.AuthResponse).Access;
        return access?.Token?.Id is { Length: > 0 } token
            ? new Access(token, EndpointOf(access))
            : throw RackspaceErrors.NotUnderstood(Request, innerException: null);
    }

    private Uri EndpointOf(AccessBody access)
    {
        var endpoints = (access.ServiceCatalog?.FirstOrDefault(entry => entry?.Name == ServiceName)?.Endpoints ?? [])
            .OfType<CatalogEndpoint>().Where(e => e.PublicUrl is not null).ToList();
        var regions = string.Join(", ", endpoints.Select(e => e.Region).Order(StringComparer.Ordinal));
        if (endpoints.Count == 0)
        {
            throw new DeisProxyException(
                "service-not-found",
                $"The account of {_settings.Username} has no Cloud Load Balancers: its service catalog has no {ServiceName}.",
                "Check the user name, and OS_AUTH_URL if it is set.");
        }

        var wanted = _settings.Region ?? (endpoints.Count == 1 ? endpoints[0].Region : access.User?.DefaultRegion);
        if (wanted is null)
        {
            throw new DeisProxyException("region-missing", "Could not choose a region.", $"Name one with --region or OS_REGION_NAME: {regions}.");
        }

        var endpoint = endpoints.Find(e => string.Equals(e.Region, wanted, StringComparison.OrdinalIgnoreCase))
            ?? throw new DeisProxyException(
                "region-not-found", $"The account has no Cloud Load Balancers in the region {RemoteText.Clean(wanted)}.",
                    $"Name one of these with --region: {regions}.");
        return Uri.TryCreate($"{endpoint.PublicUrl!.TrimEnd('/')}/", UriKind.Absolute, out var url) && RackspaceSettings.IsSafe(url)
            ? url
            : throw new DeisProxyException(
                "endpoint-unsafe",
                $"The service catalog names an endpoint that is not an https URL: {RemoteText.Clean(endpoint.PublicUrl)}",
                "Check OS_AUTH_URL: whatever answers there may not be Rackspace.");
    }

    private async Task<Answer> ExchangeAsync(
        string request, HttpRequestMessage message, byte[]? body, string? token, CancellationToken cancellationToken)
    {
        message.Headers.TryAddWithoutValidation("Accept", "application/json");
        if (body is not null)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        }

        var begun = _settings.Time.GetTimestamp();
        using var response = await _http.SendAsync(message, cancellationToken);
        var text = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        _settings.Detail?.Invoke($"Rackspace {request}: {(int)response.StatusCode}, {_settings.Time.GetElapsedTime(begun).TotalMilliseconds:F0} ms");
        return Answer.Of(request, response, response.IsSuccessStatusCode ? text : Hide(text, token), _settings.Time.GetUtcNow());
    }

    /// <summary>A service that quotes what it was sent must not make us print a secret, nor the half of one that a message is cut in.</summary>
    private string Hide(string text, string? token)
    {
        text = Hide(text, secret: _settings.ApiKey);
        return token is null ? text : Hide(text, secret: token);

        // JSON may have any character as it is, behind a backslash or by its number.
        static string Hide(string text, string secret) => Regex.Replace(
            text,
            string.Concat(secret.Select(c => $@"(?:\\?{Regex.Escape($"{c}")}|\\u(?i:{(int)c:x4}))")),
            "***",
            RegexOptions.CultureInvariant,
            HideLimit);
    }

    private sealed record Access(string Token, Uri Endpoint);
}
