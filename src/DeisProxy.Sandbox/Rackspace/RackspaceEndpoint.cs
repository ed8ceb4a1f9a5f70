using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>Identity v2.0 and Cloud Load Balancers v1.0 on one port: tokens, the catalog, and which operation a request means.</summary>
internal sealed class RackspaceEndpoint(CloudLoadBalancing balancing, RackspaceOptions options, SandboxOptions sandbox) : IRemoteService
{
    private const string IdentityPath = "/v2.0/tokens";
    private const string Tenant = "123456";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _tokens = new(StringComparer.Ordinal);
    private int _port;

    /// <summary>The port that the catalog names.</summary>
    public void ListensOn(int port) => _port = port;

    /// <summary>Makes every token that was given out worthless.</summary>
    public void ExpireTokens()
    {
        lock (_lock)
        {
            _tokens.Clear();
        }
    }

    public RemoteCall? Identify(HttpRequest request, CallLog log)
    {
        if (request.Path == IdentityPath)
        {
            return log.Add("identity", "Authenticate", isMutating: false, new Dictionary<string, string>(StringComparer.Ordinal));
        }

        return PathOf(request) is not { } path || CloudLoadBalancing.OperationOf(request.Method, path) is not { } operation ? null
            : log.Add("loadbalancers", operation, request.Method != "GET", new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["path"] = request.Target,
                ["body"] = Encoding.UTF8.GetString(request.Body),
            });
    }

    public async Task<HttpResponse> HandleAsync(HttpRequest request, RemoteCall? call, FaultRule? fault, CancellationToken cancellationToken)
    {
        var delay = balancing.Draw(sandbox.ApiDelay);
        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, sandbox.Time, cancellationToken);
        }

        try
        {
            if (request.Path == IdentityPath)
            {
                var response = request.Method == "POST" ? Authenticate(request) : throw new CloudFault(405, "Method Not Allowed");
                call?.Outcome = "ok";
                return response;
            }

            CheckToken(request);
            var path = PathOf(request) ?? throw CloudFault.NotFound();
            var (status, body) = balancing.Handle(request, path, fault?.Delay ?? TimeSpan.Zero);
            call?.Outcome = "ok";
            return CloudFault.Json(status, body);
        }
        catch (CloudFault error)
        {
            call?.Outcome = $"error {error.Status}";
            return error.Response();
        }
    }

    public HttpResponse? Refuse(RemoteCall call, FaultRule rule) => rule.Kind switch
    {
        FaultKind.Throttled => CloudFault.RateLimited(sandbox.Time.GetUtcNow() + rule.Delay),
        FaultKind.ServerError => new CloudFault(500, "An unexpected error has occurred. Please contact support.").Response(),
        FaultKind.AccessDenied => new CloudFault(403, "You are not authorized to perform this action.").Response(),
        FaultKind.ExpiredCredentials => Unauthorized().Response(),
        FaultKind.ServiceError => new CloudFault(rule.Error.Status, rule.Error.Message).Response(),
        _ => null,
    };

    public HttpResponse Malformed() => new CloudFault(400, "Bad Request").Response();

    private static CloudFault Unauthorized() => new(401, "Invalid authentication token. Please renew");

    /// <summary>The path below the account; null if it is none.</summary>
    private static string[]? PathOf(HttpRequest request) =>
        request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["v1.0", Tenant, "loadbalancers", .. var rest] ? rest : null;

    private HttpResponse Authenticate(HttpRequest request)
    {
        JsonNode? credentials;
        try
        {
            credentials = JsonNode.Parse(request.Body)?["auth"]?["RAX-KSKEY:apiKeyCredentials"];
        }
        catch (JsonException)
        {
            credentials = null;
        }

        if (credentials is null)
        {
            return CloudFault.Json(400,
                new JsonObject { ["badRequest"] = new JsonObject { ["code"] = 400, ["message"] = "Invalid json request body" } });
        }

        if (credentials["username"]?.GetValue<string>() != options.Username || credentials["apiKey"]?.GetValue<string>() != options.ApiKey)
        {
            return CloudFault.Json(401, new JsonObject
            {
                ["unauthorized"] = new JsonObject { ["code"] = 401, ["message"] = "Username or api key is invalid." },
            });
        }

        var token = options.Token ?? RandomNumberGenerator.GetHexString(32, lowercase: true);
        lock (_lock)
        {
            _tokens[token] = options.TokenRequests ?? int.MaxValue;
        }

        JsonObject Endpoint(string region, string url) => new() { ["region"] = region, ["tenantId"] = Tenant, ["publicURL"] = url };
        return CloudFault.Json(200, new JsonObject
        {
            ["access"] = new JsonObject
            {
                ["token"] = new JsonObject
                {
                    ["id"] = token,
                    ["expires"] = "2100-01-01T00:00:00.000-06:00",
                    ["tenant"] = new JsonObject { ["id"] = Tenant, ["name"] = Tenant },
                },
                ["serviceCatalog"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = "cloudServersOpenStack",
                        ["type"] = "compute",
                        ["endpoints"] = new JsonArray(Endpoint(options.DefaultRegion, "https://servers.invalid/v2/123456")),
                    },
                    new JsonObject
                    {
                        ["name"] = "cloudLoadBalancers",
                        ["type"] = "rax:load-balancer",
                        ["endpoints"] = new JsonArray(
                            [.. options.Regions.Select(region => Endpoint(region, $"http://127.0.0.1:{_port}/v1.0/{Tenant}"))]),
                    }),
                ["user"] = new JsonObject { ["name"] = options.Username, ["RAX-AUTH:defaultRegion"] = options.DefaultRegion },
            },
        });
    }

    private void CheckToken(HttpRequest request)
    {
        lock (_lock)
        {
            if (request.Fields["X-Auth-Token"] is not { } token || !_tokens.TryGetValue(token, out var left))
            {
                throw Unauthorized();
            }

            if (left == 0)
            {
                _tokens.Remove(token);
                throw Unauthorized();
            }

            _tokens[token] = left - 1;
        }
    }
}
