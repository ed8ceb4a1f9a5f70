using System.Reflection;
using System.Text.Json;
using Amazon.Runtime;

namespace AwsSdk.StandIn.Tests;

/// <summary>The stand-in against the models that the official packages are generated from.</summary>
public sealed class ConformanceTests
{
    private static readonly Type[] Holders =
        [typeof(Amazon.ElasticLoadBalancing.Operations), typeof(Amazon.CloudFormation.Operations)];

    public static TheoryData<string> OperationNames => [.. All.Select(operation => operation.Name)];

    private static IEnumerable<Operation> All => Holders.SelectMany(Statics<Operation>);

    [Fact]
    public void Every_operation_asked_for_is_there()
    {
        All.Select(operation => operation.Name).ShouldBe(
            [
                "DescribeLoadBalancers", "DescribeLoadBalancerPolicies", "DescribeInstanceHealth", "DescribeLoadBalancerAttributes",
                "CreateLoadBalancerPolicy", "DeleteLoadBalancerPolicy",
                "SetLoadBalancerPoliciesForBackendServer", "SetLoadBalancerPoliciesOfListener",
                "CreateLoadBalancerListeners", "DeleteLoadBalancerListeners", "SetLoadBalancerListenerSSLCertificate",
                "ConfigureHealthCheck", "ModifyLoadBalancerAttributes",
                "DescribeStacks", "ListStackResources", "GetTemplate",
            ],
            ignoreOrder: true);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Services_are_those_of_the_model(int index)
    {
        Service service = Statics<Service>(Holders[index]).ShouldHaveSingleItem();
        JsonElement metadata = Botocore.Model(service).GetProperty("metadata");

        metadata.GetProperty("apiVersion").GetString().ShouldBe(service.Version);
        metadata.GetProperty("serviceId").GetString().ShouldBe(service.ServiceId);
        metadata.GetProperty("endpointPrefix").GetString().ShouldBe(service.SigningName);
        metadata.GetProperty("signatureVersion").GetString().ShouldBe("v4");
        metadata.TryGetProperty("signingName", out _).ShouldBeFalse("the signing name is the endpoint prefix unless the model says otherwise");
        metadata.GetProperty("protocol").GetString().ShouldBe("query");
    }

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void Members_are_those_of_the_model(string name)
    {
        Operation operation = All.Single(candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal));
        JsonElement model = Botocore.Model(operation.Service);
        JsonElement declared = model.GetProperty("operations").GetProperty(name);

        Problems(model, declared, operation).ShouldBeEmpty();
    }

    [Fact]
    public void A_wrong_name_type_or_nesting_is_found()
    {
        JsonElement model = Botocore.Model(Statics<Service>(Holders[0]).Single());
        List<string> problems = [];

        ModelRecorder.Check(model.GetProperty("shapes"), "Listener", new Wrong(), problems);

        problems.ShouldBe(
            [
                "Listener.Protocols is not in the model", "Listener.InstancePort is integer in the model, string here",
                "Listener.Protocol is string in the model, a list here",
                "Listener.InstanceProtocol is string in the model, a structure here",
                "Listener.SSLCertificateId is an enumeration either in the model or here",
            ]);
    }

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void Errors_are_those_of_the_model(string name)
    {
        Operation operation = All.Single(candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal));
        JsonElement model = Botocore.Model(operation.Service);
        Dictionary<string, string> declared = model.GetProperty("operations").GetProperty(name).TryGetProperty("errors", out JsonElement errors)
            ? errors.EnumerateArray().Select(error => error.GetProperty("shape").GetString()!).ToDictionary(
                shape => model.GetProperty("shapes").GetProperty(shape).GetProperty("error").GetProperty("code").GetString()!,
                ExceptionName,
                StringComparer.Ordinal)
            : [];

        Dictionary<string, string> mapped = operation.Errors.ToDictionary(
            error => error.Code,
            error => error.Make(new("message", Inner: null, ErrorType.Sender, error.Code, "id", System.Net.HttpStatusCode.BadRequest)).GetType().Name,
            StringComparer.Ordinal);

        mapped.ShouldBeSubsetOf(declared);
    }

    [Fact]
    public void Constants_are_those_of_the_model()
    {
        Type[] constants = [.. typeof(Operation).Assembly.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(ConstantClass)))];
        constants.Length.ShouldBe(2);
        foreach (Type type in constants)
        {
            Service service = Statics<Service>(Holders.Single(holder => string.Equals(holder.Namespace, type.Namespace, StringComparison.Ordinal)))
                .Single();
            string[] values = [.. Botocore.Model(service).GetProperty("shapes").GetProperty(type.Name).GetProperty("enum")
                .EnumerateArray().Select(value => value.GetString()!)];
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                string value = ((ConstantClass)field.GetValue(null)!).Value;
                Array.IndexOf(values, value).ShouldBeGreaterThanOrEqualTo(0, $"{type.Name} has no {value}");
                field.Name.ShouldBe(value.Contains('_', StringComparison.Ordinal) ? value : string.Concat(value.Split('-').Select(Capitalized)));
            }
        }
    }

    /// <summary>The official packages call every error an exception, whatever the model's shape ends in.</summary>
    private static string ExceptionName(string shape) =>
        (shape.EndsWith("Fault", StringComparison.Ordinal) ? shape[..^"Fault".Length]
            : shape.EndsWith("Exception", StringComparison.Ordinal) ? shape[..^"Exception".Length]
            : shape) + "Exception";

    private static string Capitalized(string word) => char.ToUpperInvariant(word[0]) + word[1..];

    private static List<string> Problems(JsonElement model, JsonElement declared, Operation operation)
    {
        List<string> problems = [];
        JsonElement shapes = model.GetProperty("shapes");
        string input = declared.GetProperty("input").GetProperty("shape").GetString()!;
        ModelRecorder.Check(shapes, input, operation.NewRequest(), problems);
        if (!declared.TryGetProperty("output", out JsonElement output))
        {
            IShape response = operation.NewResponse();
            problems.AddRange(response.GetType()
                .GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)
                .Select(member => member.Name + " is not in the model"));
            return problems;
        }

        ModelRecorder.Check(shapes, output.GetProperty("shape").GetString()!, operation.NewResponse(), problems);
        if (!string.Equals(output.GetProperty("resultWrapper").GetString(), operation.Name + "Result", StringComparison.Ordinal))
        {
            problems.Add("the response is wrapped in " + output.GetProperty("resultWrapper").GetString());
        }

        return problems;
    }

    private static IEnumerable<T> Statics<T>(Type holder) =>
        holder.GetFields(BindingFlags.Public | BindingFlags.Static).Where(field => field.FieldType == typeof(T)).Select(
            field => (T)field.GetValue(null)!);

    private sealed class Wrong : IShape
    {
        public void Describe(Wire wire)
        {
            string? protocols = null;
            string? instancePort = null;
            List<string>? protocol = null;
            Amazon.ElasticLoadBalancing.Model.Instance? instanceProtocol = null;
            Amazon.CloudFormation.StackStatus? certificate = null;
            wire.Text(protocols, member: "Protocols");
            wire.Text(instancePort, member: "InstancePort");
            wire.Texts(protocol, member: "Protocol");
            wire.Structure(instanceProtocol, member: "InstanceProtocol");
            wire.Constant(certificate, Amazon.CloudFormation.StackStatus.FindValue, member: "SSLCertificateId");
        }
    }
}
