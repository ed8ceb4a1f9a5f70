using System.Xml.Linq;

namespace DeisProxy.RealParts;

/// <summary>Calls AWS's Query API as no client of ours does.</summary>
public static class AwsQuery
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>Calls an action.</summary>
    public static async Task<XDocument> CallAsync(
        Uri endpoint, string service, string action, string version, params IEnumerable<(string Name, string Value)> parameters)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, endpoint);
        request.Content = new FormUrlEncodedContent(
            parameters.Append(("Action", action)).Append(("Version", version)).ToDictionary(p => p.Item1, p => p.Item2, StringComparer.Ordinal));
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0");
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? XDocument.Parse(text) : throw new InvalidOperationException($"{action}: {text}");
    }

    /// <summary>Calls an action of Elastic Load Balancing.</summary>
    public static Task<XDocument> ElbAsync(Uri endpoint, string action, params IEnumerable<(string Name, string Value)> parameters) =>
        CallAsync(endpoint, "elasticloadbalancing", action, "2012-06-01", parameters);
}
