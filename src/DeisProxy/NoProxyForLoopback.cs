using System.Net;

namespace DeisProxy;

/// <summary>
/// The environment's proxy (<c>HTTPS_PROXY</c>, <c>HTTP_PROXY</c>, <c>NO_PROXY</c>), but never for this machine itself, whose addresses mean another
/// machine there: as in Go's and curl's programs with <c>NO_PROXY=localhost</c>, without having to say so.
/// </summary>
internal sealed class NoProxyForLoopback(IWebProxy inner) : IWebProxy
{
    /// <inheritdoc/>
    public ICredentials? Credentials
    {
        get => inner.Credentials;
        set => inner.Credentials = value;
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsBypassed(destination) ? null : inner.GetProxy(destination);

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => host.IsLoopback || inner.IsBypassed(host);
}
