using System.Text.Json;
using System.Text.Json.Serialization;

namespace DeisProxy.Rackspace;

/// <summary>
/// What goes over the wire, in the services' own words. Everything may be absent, also in lists: what is needed is checked where it is used.
/// </summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuthRequest))]
[JsonSerializable(typeof(AuthResponse))]
[JsonSerializable(typeof(ListDocument))]
[JsonSerializable(typeof(LoadBalancerDocument))]
[JsonSerializable(typeof(HealthMonitorDocument))]
[JsonSerializable(typeof(ContentCachingDocument))]
[JsonSerializable(typeof(SessionPersistenceDocument))]
[JsonSerializable(typeof(SslTerminationDocument))]
[JsonSerializable(typeof(ErrorPageDocument))]
[JsonSerializable(typeof(FaultDocument))]
internal sealed partial class Wire : JsonSerializerContext;

internal sealed record AuthRequest(AuthBody Auth);

internal sealed record AuthBody([property: JsonPropertyName("RAX-KSKEY:apiKeyCredentials")] ApiKeyCredentials Credentials);

internal sealed record ApiKeyCredentials(string Username, string ApiKey);

internal sealed record AuthResponse(AccessBody? Access);

internal sealed record AccessBody(TokenBody? Token, IReadOnlyList<CatalogEntry?>? ServiceCatalog, UserBody? User);

internal sealed record TokenBody(string? Id);

internal sealed record UserBody([property: JsonPropertyName("RAX-AUTH:defaultRegion")] string? DefaultRegion);

internal sealed record CatalogEntry(string? Name, IReadOnlyList<CatalogEndpoint?>? Endpoints);

internal sealed record CatalogEndpoint(string? Region, [property: JsonPropertyName("publicURL")] string? PublicUrl);

internal sealed record ListDocument(IReadOnlyList<LoadBalancerBody?>? LoadBalancers);

internal sealed record LoadBalancerDocument(LoadBalancerBody? LoadBalancer);

internal sealed record LoadBalancerBody
{
    public long? Id { get; init; }

    public string? Name { get; init; }

    public string? Status { get; init; }

    public string? Protocol { get; init; }

    public int? Port { get; init; }

    public int? Timeout { get; init; }

    public bool? HalfClosed { get; init; }

    public bool? HttpsRedirect { get; init; }

    public IReadOnlyList<VirtualIpBody?>? VirtualIps { get; init; }

    public IReadOnlyList<NodeBody?>? Nodes { get; init; }

    public SessionPersistenceBody? SessionPersistence { get; init; }

    public HealthMonitorBody? HealthMonitor { get; init; }
}

internal sealed record VirtualIpBody(long? Id, string? Address = null, string? Type = null, string? IpVersion = null);

internal sealed record NodeBody(string? Address, int? Port, string? Condition, string? Status = null);

internal sealed record HealthMonitorDocument(HealthMonitorBody? HealthMonitor);

internal sealed record HealthMonitorBody
{
    public string? Type { get; init; }

    public int? Delay { get; init; }

    public int? Timeout { get; init; }

    public int? AttemptsBeforeDeactivation { get; init; }

    public string? Path { get; init; }

    public string? StatusRegex { get; init; }

    public string? BodyRegex { get; init; }

    public string? HostHeader { get; init; }
}

internal sealed record ContentCachingDocument(ContentCachingBody? ContentCaching);

internal sealed record ContentCachingBody(bool? Enabled);

internal sealed record SessionPersistenceDocument(SessionPersistenceBody? SessionPersistence);

internal sealed record SessionPersistenceBody(string? PersistenceType);

internal sealed record SslTerminationDocument(SslTerminationBody? SslTermination);

internal sealed record SslTerminationBody(bool? Enabled, int? SecurePort, bool? SecureTrafficOnly);

internal sealed record ErrorPageDocument(ErrorPageBody? Errorpage);

internal sealed record ErrorPageBody(string? Content);

/// <summary>An error: the service's own is bare, the rate limiter's is in <c>overLimit</c>, and a proxy's has any other name around it.</summary>
internal sealed record FaultDocument
{
    public string? Message { get; init; }

    public string? Details { get; init; }

    public OverLimitBody? OverLimit { get; init; }

    public ValidationErrorsBody? ValidationErrors { get; init; }

    public FaultBody? Unauthorized { get; init; }

    public FaultBody? BadRequest { get; init; }
}

internal sealed record OverLimitBody(string? Message, string? RetryAfter);

internal sealed record ValidationErrorsBody(IReadOnlyList<string?>? Messages);

internal sealed record FaultBody(string? Message);
