using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>What is asked of the load balancers of an account: lists, single ones, and their parts.</summary>
internal sealed partial class CloudLoadBalancing
{
    /// <summary>What GET gives where there is no custom error page.</summary>
    public const string DefaultErrorPage =
        "<html><head><title>Service Unavailable</title></head><body><h2>Service Unavailable</h2>The service is temporarily "
            + "unavailable.</body></html>";

    private const int PageLimit = 100;

    private readonly TrafficContext _context;
    private readonly RackspaceOptions _options;
    private readonly Random _random;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, CloudBalancer> _balancers = [];
    private long _lastId = 1000;

    public CloudLoadBalancing(TrafficContext context, RackspaceOptions options)
    {
        _context = context;
        _options = options;
        _random = new Random(context.Options.Seed);
        foreach (var start in options.LoadBalancers)
        {
            var state = new CloudBalancerState
            {
                Name = start.Name,
                Protocol = start.Protocol,
                Port = start.Port,
                Timeout = start.Timeout,
                HalfClosed = start.HalfClosed,
                HttpsRedirect = start.HttpsRedirect,
                Persistence = start.Persistence,
                Caching = start.Caching,
                ErrorPage = start.ErrorPage,
                Monitor = start.Monitor,
                Ssl = start.Ssl,
            };
            var nodes = context.Cloud.Instances.Select((instance, i) =>
                new CloudNode((start.Id * 100) + i, instance.PrivateAddress, start.NodePort ?? start.Port));
            var balancer = new CloudBalancer(context, start.Id, state, start.VirtualIps, [.. nodes]);
            balancer.ForceStatus(start.Status == "ACTIVE" ? null : start.Status);
            _balancers[start.Id] = balancer;
        }
    }

    /// <summary>The load balancers, deleted ones included.</summary>
    public IReadOnlyList<CloudBalancer> Balancers
    {
        get
        {
            lock (_lock)
            {
                return [.. _balancers.Values];
            }
        }
    }

    /// <summary>The name of an operation in the call log; null if there is none.</summary>
    public static string? OperationOf(string method, string[] path) => (method, path) switch
    {
        ("GET", []) => "ListLoadBalancers",
        ("POST", []) => "CreateLoadBalancer",
        ("GET", [_]) => "GetLoadBalancer",
        ("PUT", [_]) => "UpdateLoadBalancer",
        ("DELETE", [_]) => "DeleteLoadBalancer",
        ("GET", [_, var part]) when NameOf(part) is { } name => $"Get{name}",
        ("PUT", [_, var part]) when NameOf(part) is { } name => $"Update{name}",
        ("DELETE", [_, var part]) when NameOf(part) is { } name => $"Delete{name}",
        _ => null,
    };

    public TimeSpan Draw(LagRange range)
    {
        lock (_lock)
        {
            return range.Draw(_random);
        }
    }

    public (int Status, JsonNode? Body) Handle(HttpRequest request, string[] path, TimeSpan lag)
    {
        lock (_lock)
        {
            return (request.Method, path) switch
            {
                ("GET", []) => (200, List(request)),
                ("POST", []) => (202, Create(BodyOf(request, "loadBalancer"))),
                (_, [var id, .. var part]) => Handle(Find(id), request, part.Length == 0 ? "" : part[0], lag),
                _ => throw CloudFault.NotFound(),
            };
        }
    }

    private static string? NameOf(string part) => part switch
    {
        "healthmonitor" => "HealthMonitor",
        "contentcaching" => "ContentCaching",
        "sessionpersistence" => "SessionPersistence",
        "ssltermination" => "SslTermination",
        "errorpage" => "ErrorPage",
        _ => null,
    };

    private (int Status, JsonNode? Body) Handle(CloudBalancer balancer, HttpRequest request, string part, TimeSpan lag)
    {
        var state = balancer.State;
        switch (request.Method, part)
        {
            case ("GET", ""):
                return (200, new JsonObject { ["loadBalancer"] = CloudDocuments.Document(balancer, inList: false) });
            case ("PUT", ""):
                return Change(Update(balancer, BodyOf(request, "loadBalancer")));
            case ("DELETE", ""):
                EnsureMutable(balancer);
                balancer.Delete(Draw(_options.ChangeTime));
                return (202, null);
            case ("GET", "healthmonitor"):
                var shown = state.Monitor is { } monitor ? CloudDocuments.Document(monitor) : new JsonObject();
                return (200, new JsonObject { ["healthMonitor"] = shown });
            case ("PUT", "healthmonitor"):
                return Change(state with { Monitor = ReadMonitor(balancer, BodyOf(request, "healthMonitor")) });
            case ("DELETE", "healthmonitor"):
                return Change(state with { Monitor = null }, state.Monitor is not null, "Health monitor is already deleted.");
            case ("GET", "contentcaching"):
                return (200, new JsonObject { ["contentCaching"] = new JsonObject { ["enabled"] = state.Caching } });
            case ("PUT", "contentcaching"):
                var enabled = Required<bool>(BodyOf(request, "contentCaching"), "enabled");
                return !enabled || state.Protocol == "HTTP"
                    ? Change(state with { Caching = enabled })
                    : throw new CloudFault(400, "Content caching can only be enabled on HTTP load balancers.");
            case ("GET", "sessionpersistence"):
                return (200, new JsonObject { ["sessionPersistence"] = CloudDocuments.Persistence(state) ?? new JsonObject() });
            case ("PUT", "sessionpersistence"):
                return Change(state with { Persistence = ReadPersistence(state, BodyOf(request, "sessionPersistence")) });
            case ("DELETE", "sessionpersistence"):
                return Change(state with { Persistence = null }, state.Persistence is not null, "Session persistence is already deleted.");
            case ("GET", "ssltermination"):
                return state.Ssl is { } ssl
                    ? (200, new JsonObject
                    {
                        ["sslTermination"] = new JsonObject
                        {
                            ["enabled"] = true,
                            ["secureTrafficOnly"] = ssl.SecureTrafficOnly,
                            ["securePort"] = ssl.SecurePort,
                            ["certificate"] = "-----BEGIN CERTIFICATE-----\nsandbox\n-----END CERTIFICATE-----",
                        },
                    })
                    : throw CloudFault.NotFound();
            case ("GET", "errorpage"):
                return (200, CloudDocuments.ErrorPage(state.ErrorPage ?? DefaultErrorPage));
            case ("PUT", "errorpage"):
                if (state.Protocol != "HTTP")
                {
                    throw new CloudFault(400, "Error pages can only be set on HTTP load balancers.");
                }

                var page = ReadErrorPage(BodyOf(request, "errorpage"));
                Change(state with { ErrorPage = page });
                return (200, CloudDocuments.ErrorPage(page));
            case ("DELETE", "errorpage"):
                Change(state with { ErrorPage = null });
                return (200, null);
            default:
                throw CloudFault.NotFound();
        }

        (int Status, JsonNode? Body) Change(CloudBalancerState changed, bool isThere = true, string absent = "")
        {
            EnsureMutable(balancer);
            if (!isThere)
            {
                throw new CloudFault(422, absent);
            }

            balancer.Change(changed, Draw(_options.ChangeTime), lag);
            return (202, null);
        }
    }

    private CloudBalancer Find(string text) =>
        !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !_balancers.TryGetValue(id, out var balancer)
            ? throw new CloudFault(404, "Load balancer not found.")
            : balancer.Status == "DELETED" ? throw new CloudFault(410, "The loadbalancer is marked as deleted.") : balancer;

    private static void EnsureMutable(CloudBalancer balancer)
    {
        if (balancer.Status != "ACTIVE")
        {
            throw CloudFault.Immutable(balancer.Id, balancer.Status);
        }
    }

    private static JsonObject BodyOf(HttpRequest request, string name)
    {
        try
        {
            return JsonNode.Parse(request.Body)?[name] as JsonObject ?? throw new CloudFault(400, $"The request has no {name}.");
        }
        catch (JsonException)
        {
            throw new CloudFault(400, "The request is not valid JSON.");
        }
    }

    private static T? Optional<T>(JsonObject body, string name)
        where T : struct => body[name] is JsonValue value && value.TryGetValue<T>(out var found) ? found : null;

    private static T Required<T>(JsonObject body, string name)
        where T : struct => Optional<T>(body, name) ?? throw new CloudFault(400, $"Must provide {name}.");

    private static string? Text(JsonObject body, string name) => body[name] is JsonValue value && value.TryGetValue<string>(out var text)
        ? text
        : null;

    private JsonObject List(HttpRequest request)
    {
        var query = Http.ParseForm(request.Query).ToDictionary(field => field.Key, field => field.Value, StringComparer.Ordinal);
        var limit = Math.Min(PageLimit, Number("limit") ?? PageLimit);

        // The marker is inclusive.
        var marker = Number("marker") ?? 0;
        return new JsonObject
        {
            ["loadBalancers"] = new JsonArray([.. _balancers.Values
                .Where(balancer => balancer.Id >= marker && balancer.Status != "DELETED")
                .Take(limit)
                .Select(JsonNode (balancer) => CloudDocuments.Document(balancer, inList: true))]),
        };

        int? Number(string name) => query.TryGetValue(name, out var text)
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value : null;
    }
}
