using System.Xml.Linq;

namespace DeisProxy.Sandbox.Aws;

/// <summary>One service of the Query family: its operations, and how it writes answers and errors.</summary>
internal abstract class AwsService(string name, IReadOnlyList<string> versions, string xmlNamespace)
{
    /// <summary>The name in a credential scope.</summary>
    public string Name { get; } = name;

    public IReadOnlyList<string> Versions { get; } = versions;

    public abstract IReadOnlyDictionary<string, Func<QueryRequest, object?[]>> Operations { get; }

    protected XNamespace Namespace { get; } = xmlNamespace;

    public virtual XElement Success(string operation, object?[] result, string requestId) => Xml.InNamespace(
        Xml.Of($"{operation}Response", Xml.Of($"{operation}Result", result), Xml.Of("ResponseMetadata", Xml.Of("RequestId", requestId))),
        Namespace);

    public virtual XElement Error(QueryException error, string requestId) => Xml.InNamespace(
        Xml.Of(
            "ErrorResponse",
            Xml.Of(
                "Error", Xml.Of("Type", error.Status >= 500 ? "Receiver" : "Sender"), Xml.Of("Code", error.Code), Xml.Of("Message", error.Message)),
            Xml.Of("RequestId", requestId)),
        Namespace);

    public virtual QueryException UnknownOperation(string? operation, string version) => operation is null
        ? new("MissingAction", "The request is missing an action or a required parameter.")
        : new("InvalidAction", $"Could not find operation {operation} for version {version}");

    public virtual QueryException? Fault(FaultKind kind, string operation) => kind switch
    {
        FaultKind.Throttled => new("Throttling", "Rate exceeded"),
        FaultKind.ServerError => new("InternalFailure", "An internal failure has occurred", 500),
        FaultKind.AccessDenied => new(
            "AccessDenied",
            $"User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform: {Name}:{operation} "
            + $"because no identity-based policy allows the {Name}:{operation} action",
            403),
        FaultKind.ExpiredCredentials => new("ExpiredToken", "The security token included in the request is expired", 403),
        _ => null,
    };
}
