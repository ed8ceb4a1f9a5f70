using System.Globalization;
using System.Text.Json.Nodes;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>An error that the service answers with: its message, in the shape that its status has.</summary>
internal sealed class CloudFault(int status, string message) : Exception(message)
{
    public static CloudFault NotFound() => new(404, "Object not Found");

    public static CloudFault Immutable(long id, string status) =>
        new(422, $"Load Balancer '{id}' has a status of '{status}' and is considered immutable.");

    public int Status => status;

    public HttpResponse Response() => Json(status, status == 400
        ? new JsonObject
        {
            ["validationErrors"] = new JsonObject { ["messages"] = new JsonArray(JsonValue.Create(Message)) },
            ["message"] = "Validation Failure",
            ["code"] = 400,
            ["details"] = "The object is not valid",
        }
        : new JsonObject { ["message"] = Message, ["code"] = status });

    /// <summary>The rate limiter's form of 413.</summary>
    public static HttpResponse RateLimited(DateTimeOffset until) => Json(413, new JsonObject
    {
        ["overLimit"] = new JsonObject
        {
            ["message"] = "OverLimit Retry...",
            ["code"] = 413,
            ["retryAfter"] = until.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        },
    });

    public static HttpResponse Json(int status, JsonNode? body) =>
        HttpResponse.Text(status, "application/json", body?.ToJsonString() ?? "");
}
