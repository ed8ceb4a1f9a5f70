using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Text;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Traffic;

/// <summary>
/// Sends HTTP requests as a client of the load balancer does: each on a connection of its own, without a proxy (it would be the
/// client then), and without reading more than is needed.
/// </summary>
public sealed class HttpTraffic : IDisposable
{
    /// <summary>The most that is read of a body, in bytes; an answer of a gigabyte costs no more.</summary>
    public const int MaximumBody = 64 * 1024;

    private readonly HttpClient _client;

    /// <summary>Makes one that trusts what this machine trusts.</summary>
    public HttpTraffic()
        : this(validateCertificate: null)
    {
    }

    internal HttpTraffic(RemoteCertificateValidationCallback? validateCertificate) => _client = new HttpClient(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TrafficFailure.ConnectTime,
        PooledConnectionLifetime = TimeSpan.Zero,
        MaxResponseHeadersLength = 32,
        MaxResponseDrainSize = 0,
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = validateCertificate },
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Adds a token to a URL's query, so that the request can be found in a log.</summary>
    public static Uri WithToken(Uri url, string token)
    {
        ArgumentNullException.ThrowIfNull(url);
        return new UriBuilder(url) { Query = $"{(url.Query.Length > 1 ? $"{url.Query[1..]}&" : "")}deis-proxy-verify={token}" }.Uri;
    }

    /// <summary>Sends a GET request.</summary>
    public async Task<HttpObservation> GetAsync(Uri url, string token, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TrafficFailure.Time);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.UserAgent.ParseAdd($"deis-proxy-verify/{token}");
            request.Headers.ConnectionClose = true;
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var (body, isCut) = await ReadAsync(response.Content, limit.Token);
            return new HttpObservation(url, TrafficOutcome.Answered)
            {
                Status = (int)response.StatusCode,
                Location = LocationOf(url, response),
                Body = body,
                IsCut = isCut,
            };
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (outcome, detail) = TrafficFailure.Of(error);
            return new HttpObservation(url, outcome) { Detail = detail };
        }
    }

    /// <summary>Follows redirects.</summary>
    /// <param name="maximum">How many at most.</param>
    public async Task<IReadOnlyList<HttpObservation>> FollowAsync(Uri url, string token, int maximum, CancellationToken cancellationToken)
    {
        var chain = new List<HttpObservation> { await GetAsync(url, token, cancellationToken) };
        while (chain[^1] is { IsRedirect: true, Location: { Scheme: "http" or "https" } next }
            && chain.Count <= maximum
            && chain.TrueForAll(a => a.Url != next))
        {
            chain.Add(await GetAsync(next, token, cancellationToken));
        }

        return chain;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    internal static Uri? LocationOf(Uri url, HttpResponseMessage response) =>
        response.Headers.TryGetValues("Location", out var values) && Uri.TryCreate(url, values.FirstOrDefault(), out var location) ? location : null;

    private static async Task<(string Body, bool IsCut)> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(MaximumBody);
        var length = 0;
        var isCut = false;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            int count;
            while (length < MaximumBody && (count = await stream.ReadAsync(buffer.AsMemory(length, MaximumBody - length), cancellationToken)) > 0)
            {
                length += count;
            }

            isCut = length == MaximumBody;
        }
        catch (Exception error) when (error is IOException or HttpRequestException || (error is OperationCanceledException && length > 0))
        {
            // Status and headers have come; what there is of the body counts.
            isCut = true;
        }

        var text = Encoding.UTF8.GetString(buffer, 0, length);
        ArrayPool<byte>.Shared.Return(buffer);
        return (text, isCut);
    }
}
