using DeisProxy.Core;

namespace DeisProxy.Rackspace;

/// <summary>Whose load balancers, where, and how patiently. The API key is in no message and no text of it.</summary>
/// <param name="Region">Region, such as <c>ORD</c>; null for the account's only or default one.</param>
public sealed record RackspaceSettings(string Username, string ApiKey, Uri AuthUrl, string? Region)
{
    /// <summary>The identity endpoint for all regions.</summary>
    public static readonly Uri DefaultAuthUrl = new("https://identity.api.rackspacecloud.com/v2.0/");

    /// <summary>Limit for one attempt of one request.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The first pause between two looks at a status; it grows to five times as much. Rackspace asks for 5–10 s in the long run.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Limit for a change to come into effect.</summary>
    public TimeSpan ChangeLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Is told each request with its status and its time.</summary>
    public Action<string>? Detail { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Reads the environment: Rackspace's own variables, else what OpenStack clients and Deis's documentation use.</summary>
    /// <param name="region">Region of the command line; null if none was given.</param>
    /// <exception cref="DeisProxyException"><c>credentials-missing</c>, <c>auth-url-invalid</c>.</exception>
    public static RackspaceSettings FromEnvironment(string? region, Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        string? Read(string name) => read(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value.Trim() : null;

        // OS_PASSWORD holds the API key where OS_AUTH_SYSTEM says so; elsewhere it is a password, which must not be sent as a key.
        var key = Read("RACKSPACE_API_KEY") ?? Read("OS_API_KEY")
            ?? (string.Equals(Read("OS_AUTH_SYSTEM"), "rackspace", StringComparison.OrdinalIgnoreCase) ? Read("OS_PASSWORD") : null);
        if ((Read("RACKSPACE_USERNAME") ?? Read("OS_USERNAME")) is not { } username)
        {
            throw Missing("a user name", "RACKSPACE_USERNAME (or OS_USERNAME)");
        }

        if (key is null)
        {
            throw Missing("an API key", "RACKSPACE_API_KEY (or OS_API_KEY, or OS_PASSWORD with OS_AUTH_SYSTEM=rackspace)");
        }

        return new RackspaceSettings(username, key, AuthUrlOf(Read("OS_AUTH_URL")), region ?? Read("OS_REGION_NAME"));
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Username} at {AuthUrl.Host}";

    /// <summary>Whether secrets may be sent there.</summary>
    internal static bool IsSafe(Uri url) => url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback);

    private static Uri AuthUrlOf(string? text)
    {
        if (text is null)
        {
            return DefaultAuthUrl;
        }

        // Both forms are in use, with the slash and without; a relative address needs it.
        if (!Uri.TryCreate($"{text.TrimEnd('/')}/", UriKind.Absolute, out var url) || !IsSafe(url))
        {
            throw new DeisProxyException(
                "auth-url-invalid",
                $"OS_AUTH_URL is not an https URL: {RemoteText.Clean(text)}",
                $"Set it to Rackspace's identity endpoint, such as {DefaultAuthUrl}, or unset it.");
        }

        return url;
    }

    private static DeisProxyException Missing(string what, string variables) => new(
        "credentials-missing", $"Could not find {what} for Rackspace.",
            $"Set {variables}; the key is in the control panel under My Profile & Settings.");
}
