using System.Collections.Concurrent;
using Amazon.Runtime;

namespace DeisProxy.Aws;

/// <summary>
/// Sends every request once. Whatever <see cref="ClientConfig.MaxErrorRetry"/> says, the SDK sends a request again when the server closes the
/// connection without an answer (seen with AWSSDK.Core 4.0, by the same invocation id with the same attempt number), although the request may have
/// been handled.
/// </summary>
internal sealed class SingleAttempt : HttpClientFactory, IDisposable
{
    private readonly HttpClient _client;

    /// <summary>Makes the client that all requests share.</summary>
    public SingleAttempt(TimeSpan timeout) =>
        _client = new HttpClient(new OnceHandler { InnerHandler = new SocketsHttpHandler { AllowAutoRedirect = false } }) { Timeout = timeout };

    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig) => _client;

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private sealed class OnceHandler : DelegatingHandler
    {
        private const string InvocationId = "amz-sdk-invocation-id";

        private readonly ConcurrentDictionary<string, bool> _sent = new(StringComparer.Ordinal);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            request.Headers.TryGetValues(InvocationId, out var ids) && !_sent.TryAdd(string.Concat(ids), true)
                ? throw new HttpRequestException(HttpRequestError.ResponseEnded, "The connection was closed without an answer.")
                : base.SendAsync(request, cancellationToken);
    }
}
