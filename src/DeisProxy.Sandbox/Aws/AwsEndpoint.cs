using System.Text;
using System.Xml.Linq;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Aws;

/// <summary>
/// One endpoint for all services: the credential scope of the signature, else the API version, says which one is meant.
/// A signature must be there, as on AWS; it is not checked, because the sandbox knows nobody's secret.
/// </summary>
internal sealed class AwsEndpoint : IRemoteService
{
    private readonly CloudState _cloud;
    private readonly IReadOnlyList<AwsService> _services;
    private readonly IReadOnlyList<AwsService> _elsewhere;

    public AwsEndpoint(CloudState cloud)
    {
        _cloud = cloud;
        _services = ServicesOf(cloud);

        // The account has nothing in other regions.
        _elsewhere = ServicesOf(new CloudState(cloud.Options with
        {
            Region = "",
            StackStatus = "DELETE_COMPLETE",
            Nodes = 0,
            LoadBalancers = [],
            TerminatedInstance = false,
        }));
    }

    public IReadOnlyList<AwsService> Services => _services;

    public RemoteCall? Identify(HttpRequest request, CallLog log)
    {
        try
        {
            var parameters = Parameters(request);
            return parameters.TryGetValue("Action", out var action)
                ? log.Add(Route(request, parameters).Name, action, IsMutating(action), parameters)
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public async Task<HttpResponse> HandleAsync(HttpRequest request, RemoteCall? call, FaultRule? fault, CancellationToken cancellationToken)
    {
        TimeSpan delay;
        lock (_cloud.Sync)
        {
            delay = _cloud.Options.ApiDelay.Draw(_cloud.Random);
        }

        if (delay > TimeSpan.Zero)
        {
            await Task.Delay(delay, _cloud.Options.Time, cancellationToken);
        }

        var service = _services[0];
        try
        {
            var parameters = Parameters(request);
            service = Route(request, parameters);
            var result = Invoke(service, request, parameters, fault?.Delay ?? TimeSpan.Zero);
            call?.Outcome = "ok";
            return Respond(200, service.Success(parameters["Action"], result, NewId()));
        }
        catch (QueryException error)
        {
            call?.Outcome = $"error {error.Code}";
            return Respond(error.Status, service.Error(error, NewId()));
        }
        catch (FormatException)
        {
            return Malformed();
        }
    }

    public HttpResponse? Refuse(RemoteCall call, FaultRule rule)
    {
        var service = _services.First(candidate => candidate.Name == call.Service);
        var named = rule.Kind == FaultKind.ServiceError ? new QueryException(rule.Error.Code, rule.Error.Message, rule.Error.Status) : null;
        return (named ?? service.Fault(rule.Kind, call.Operation)) is { } error ? Respond(error.Status, service.Error(error, NewId())) : null;
    }

    public HttpResponse Malformed() =>
        Respond(404, _services[0].Error(new QueryException("MalformedQueryString", "The query string contains a syntax error.", 404), NewId()));

    private static IReadOnlyList<AwsService> ServicesOf(CloudState cloud) =>
        [new ElasticLoadBalancing(cloud), new CloudFormation(cloud), new Ec2(cloud)];

    private static bool IsMutating(string action) =>
        !((string[])["Describe", "List", "Get"]).Any(prefix => action.StartsWith(prefix, StringComparison.Ordinal));

    private static Dictionary<string, string> Parameters(HttpRequest request)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Http.ParseForm(request.Query).Concat(Http.ParseForm(Encoding.UTF8.GetString(request.Body))))
        {
            parameters[name] = value;
        }

        return parameters;
    }

    private static string? Scope(HttpRequest request, Dictionary<string, string> parameters)
    {
        const string Credential = "Credential=";
        var authorization = request.Fields["Authorization"];
        var at = authorization?.IndexOf(Credential, StringComparison.Ordinal) ?? -1;
        return at >= 0 ? authorization![(at + Credential.Length)..].Split(',')[0] : parameters.GetValueOrDefault("X-Amz-Credential");
    }

    private AwsService Route(HttpRequest request, Dictionary<string, string> parameters)
    {
        var scope = Scope(request, parameters)?.Split('/');
        var version = parameters.GetValueOrDefault("Version");
        var services = scope is [_, _, var region, ..] && region != _cloud.Options.Region ? _elsewhere : _services;
        return services.FirstOrDefault(service => scope is [.., var name, "aws4_request"] && name == service.Name)
            ?? services.FirstOrDefault(service => version is not null && service.Versions.Contains(version, StringComparer.Ordinal))
            ?? services[0];
    }

    private object?[] Invoke(AwsService service, HttpRequest request, Dictionary<string, string> parameters, TimeSpan extraLag)
    {
        var scope = Scope(request, parameters);
        if (scope is null)
        {
            throw new QueryException("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
        }

        if (scope.Split('/') is not [_, _, _, _, "aws4_request"])
        {
            throw new QueryException(
                "IncompleteSignature", "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term", 400);
        }

        var action = parameters.GetValueOrDefault("Action");
        var version = parameters.GetValueOrDefault("Version") ?? service.Versions[0];
        if (action is null
            || !service.Versions.Contains(version, StringComparer.Ordinal)
            || !service.Operations.TryGetValue(action, out var operation))
        {
            throw service.UnknownOperation(action, version);
        }

        lock (_cloud.Sync)
        {
            return operation(new QueryRequest(action, parameters, extraLag));
        }
    }

    private static string NewId() => Guid.NewGuid().ToString();

    private static HttpResponse Respond(int status, XElement document) => HttpResponse.Text(
        status,
        "text/xml",
        document.ToString(SaveOptions.DisableFormatting),
        new KeyValuePair<string, string>("x-amzn-RequestId", RequestId(document)));

    private static string RequestId(XElement document) =>
        document.Descendants().Last(element => element.Name.LocalName is "RequestId" or "RequestID" or "requestId").Value;
}
