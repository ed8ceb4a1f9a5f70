using System.Globalization;
using System.Text;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Etcd;

/// <summary>etcd's HTTP interface: the v2 keys API, <c>/version</c> and <c>/health</c>.</summary>
internal sealed class EtcdServer(EtcdStore store, TimeProvider time) : IRemoteService
{
    private const string Keys = "/v2/keys";
    private const string ClusterId = "cdf818194e3a8c32";
    private static readonly string[] TrueWords = ["1", "t", "T", "true", "TRUE", "True"];
    private static readonly string[] FalseWords = ["0", "f", "F", "false", "FALSE", "False"];

    public RemoteCall? Identify(HttpRequest request, CallLog log)
    {
        if (!IsKeys(request.Path))
        {
            return request.Path == "/version"
                ? log.Add("etcd", "version", isMutating: false, new Dictionary<string, string>(StringComparer.Ordinal))
                : null;
        }

        Dictionary<string, string> parameters;
        try
        {
            var form = new Form(request);
            parameters = form.All.DistinctBy(field => field.Key, StringComparer.Ordinal)
                .ToDictionary(field => field.Key, field => field.Value, StringComparer.Ordinal);
            parameters["key"] = KeyOf(request);
        }
        catch (FormatException)
        {
            return null;
        }

        return log.Add("etcd", Operation(request.Method, parameters), request.Method is "PUT" or "POST" or "DELETE", parameters);
    }

    public async Task<HttpResponse> HandleAsync(HttpRequest request, RemoteCall? call, FaultRule? fault, CancellationToken cancellationToken)
    {
        try
        {
            var response = await AnswerAsync(request, cancellationToken);
            call?.Outcome = "ok";
            return response;
        }
        catch (EtcdException error)
        {
            call?.Outcome = $"error {error.Code}";
            return Error(error);
        }
    }

    public HttpResponse? Refuse(RemoteCall call, FaultRule rule) => rule.Kind switch
    {
        FaultKind.NoLeader or FaultKind.ServerError => Error(new EtcdException(300, "etcdserver: request timed out", 0)),
        _ => null,
    };

    public HttpResponse Malformed() => HttpResponse.Text(400, "text/plain; charset=utf-8", "400 Bad Request");

    private static bool IsKeys(string path) => path == Keys || path.StartsWith($"{Keys}/", StringComparison.Ordinal);

    private static string KeyOf(HttpRequest request) => EtcdStore.Clean(Uri.UnescapeDataString(request.Path[Keys.Length..]));

    private static string Operation(string method, Dictionary<string, string> parameters)
    {
        var compares = parameters.ContainsKey("prevIndex") || parameters.ContainsKey("prevValue");
        return method switch
        {
            "POST" => "create",
            "DELETE" => compares ? "compareAndDelete" : "delete",
            "PUT" when parameters.TryGetValue("prevExist", out var exists) && FalseWords.Contains(exists, StringComparer.Ordinal) => "create",
            "PUT" when compares => "compareAndSwap",
            "PUT" => parameters.ContainsKey("prevExist") ? "update" : "set",
            _ => parameters.TryGetValue("wait", out var wait) && TrueWords.Contains(wait, StringComparer.Ordinal) ? "watch" : "get",
        };
    }

    private static KeyValuePair<string, string>[] CommonFields() =>
    [
        new("Access-Control-Allow-Headers", "accept, content-type, authorization"),
        new("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE"),
        new("Access-Control-Allow-Origin", "*"),
    ];

    private static HttpResponse Plain(int status, string body, params KeyValuePair<string, string>[] fields) =>
        HttpResponse.Text(status, "text/plain; charset=utf-8", body, [.. CommonFields(), .. fields, new("X-Content-Type-Options", "nosniff")]);

    private static HttpResponse Error(EtcdException error) =>
        HttpResponse.Text(
            error.Status,
            "application/json",
            EtcdJson.Of(error),
            [.. CommonFields(), new("X-Etcd-Cluster-Id", ClusterId), new("X-Etcd-Index", $"{error.Index}")]);

    private static HttpResponse Answer(int status, EtcdEvent change, long index, bool actionOnly = false) => HttpResponse.Text(
        status,
        "application/json",
        EtcdJson.Of(change, actionOnly),
        [
            .. CommonFields(),
            new("X-Etcd-Cluster-Id", ClusterId),
            new("X-Etcd-Index", $"{index}"),
            new("X-Raft-Index", $"{index + 1}"),
            new("X-Raft-Term", "2"),
        ]);

    private async Task<HttpResponse> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.Method == "OPTIONS")
        {
            return new HttpResponse(200, new HttpFields(CommonFields()), []);
        }

        if (!IsKeys(request.Path))
        {
            return request.Path switch
            {
                "/version" => HttpResponse.Text(200, "application/json", """{"etcdserver":"2.3.8","etcdcluster":"2.3.0"}""", CommonFields()),
                "/health" => HttpResponse.Text(200, "text/plain; charset=utf-8", """{"health":"true"}""", CommonFields()),
                _ => Plain(404, "404 page not found\n"),
            };
        }

        if (request.Method is not ("HEAD" or "GET" or "PUT" or "POST" or "DELETE"))
        {
            return Plain(405, "Method Not Allowed\n", new KeyValuePair<string, string>("Allow", "HEAD,GET,PUT,POST,DELETE"));
        }

        return await KeysAsync(request, cancellationToken);
    }

    private async Task<HttpResponse> KeysAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        Form form;
        try
        {
            form = new Form(request);
        }
        catch (FormatException error)
        {
            throw new EtcdException(210, error.Message, 0);
        }

        var query = Parse(form, request);
        if (request.Method is "GET" or "HEAD")
        {
            if (query.Wait)
            {
                var (waiting, began) = store.Watch(query.Write.Path, query.Recursive, query.WaitIndex, cancellationToken);
                return Answer(200, await waiting, began);
            }

            var (read, at) = store.Get(query.Write.Path, query.Recursive);
            return Answer(200, read, at) with { HeadOnly = request.Method == "HEAD" };
        }

        var (change, index) = request.Method switch
        {
            "PUT" => store.Put(query.Write),
            "POST" => store.CreateInOrder(query.Write),
            _ => store.Delete(query.Write, query.Recursive),
        };
        return Answer(change.IsCreated ? 201 : 200, change, index, actionOnly: query.NoValue && request.Method != "DELETE");
    }

    // The order in which etcd looks at the fields decides which error a request with several faults gets.
    private KeysQuery Parse(Form form, HttpRequest request)
    {
        var previousIndex = form.Number("prevIndex", 203) ?? 0;
        var waitIndex = form.Number("waitIndex", 203) ?? 0;
        var recursive = form.Flag("recursive");
        _ = form.Flag("sorted");
        var wait = form.Flag("wait");
        var directory = form.Flag("dir");
        _ = form.Flag("quorum");
        _ = form.Flag("stream");
        if (wait && request.Method != "GET")
        {
            throw new EtcdException(209, "\"wait\" can only be used with GET requests", 0);
        }

        if (form["prevValue"] is "")
        {
            throw new EtcdException(201, "\"prevValue\" cannot be empty", 0);
        }

        var noValue = form.Flag("noValueOnSuccess");
        var ttl = form["ttl"] is { Length: > 0 } ? form.Number("ttl", 202) : null;
        bool? exists = form["prevExist"] is null ? null : form.Flag("prevExist", "invalid value for prevExist");
        var refresh = form["refresh"] is not null && form.Flag("refresh", "invalid value for refresh");
        if (refresh && form["value"] is { Length: > 0 })
        {
            throw new EtcdException(211, "A value was provided on a refresh", 0);
        }

        if (refresh && ttl is null)
        {
            throw new EtcdException(212, "No TTL value set", 0);
        }

        var write = new EtcdWrite(KeyOf(request))
        {
            Value = form["value"] ?? "",
            Directory = directory,
            Expires = ttl is null ? null : time.GetUtcNow() + TimeSpan.FromSeconds(Math.Min(ttl.Value, int.MaxValue)),
            Refresh = refresh,
            PreviousIndex = previousIndex,
            PreviousValue = form["prevValue"] ?? "",
            PreviousExists = exists,
        };
        return new KeysQuery(write, recursive, wait, waitIndex, noValue);
    }

    private sealed record KeysQuery(EtcdWrite Write, bool Recursive, bool Wait, long WaitIndex, bool NoValue);

    /// <summary>The form as Go's ParseForm sees it: the body's fields first, and only of a body that says it is a form.</summary>
    private sealed class Form
    {
        public Form(HttpRequest request)
        {
            var isForm = request.Method is "PUT" or "POST"
                && request.Fields["Content-Type"]?.Split(';')[0]
                .Trim().Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) == true;
            All = [.. isForm ? Http.ParseForm(Encoding.UTF8.GetString(request.Body)) : [], .. Http.ParseForm(request.Query)];
        }

        public List<KeyValuePair<string, string>> All { get; }

        public string? this[string name] => All.Find(field => field.Key == name).Value;

        public long? Number(string name, int code)
        {
            if (this[name] is not { } text)
            {
                return null;
            }

            return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                ? (long)Math.Min(value, long.MaxValue)
                : throw new EtcdException(code, $"invalid value for \"{name}\"", 0);
        }

        public bool Flag(string name, string? cause = null) => this[name] switch
        {
            null => false,
            var text when TrueWords.Contains(text, StringComparer.Ordinal) => true,
            var text when FalseWords.Contains(text, StringComparer.Ordinal) => false,
            _ => throw new EtcdException(209, cause ?? $"invalid value for \"{name}\"", 0),
        };
    }
}
