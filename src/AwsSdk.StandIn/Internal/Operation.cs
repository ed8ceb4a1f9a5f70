using System.Net;
using System.Xml;
using System.Xml.Linq;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;

namespace AwsSdk.StandIn;

/// <summary>One operation: writes its request, reads its response and its errors.</summary>
internal abstract class Operation(Service service, string name, DeclaredError[] errors)
    : XmlResponseUnmarshaller, IMarshaller<IRequest, AmazonWebServiceRequest>
{
    private static readonly XmlReaderSettings Xml = new() { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };

    public string Name => name;

    public Service Service => service;

    public IReadOnlyList<DeclaredError> Errors => errors;

    public InvokeOptions Options => new() { RequestMarshaller = this, ResponseUnmarshaller = this };

    public abstract IShape NewRequest();

    public abstract IShape NewResponse();

    public IRequest Marshall(AmazonWebServiceRequest input)
    {
        DefaultRequest request = new(input, "Amazon." + service.ServiceId.Replace(" ", "", StringComparison.Ordinal)) { HttpMethod = "POST" };
        request.Parameters.Add("Action", name);
        request.Parameters.Add("Version", service.Version);
        ((IShape)input).Describe(new RequestWriter(request.Parameters));
        return request;
    }

    public override AmazonWebServiceResponse Unmarshall(XmlUnmarshallerContext context)
    {
        try
        {
            using XmlReader reader = XmlReader.Create(context.Stream, Xml);
            return Read(XElement.Load(reader));
        }
        catch (Exception exception) when (exception is XmlException or FormatException or OverflowException)
        {
            throw new AmazonUnmarshallingException(requestId: "", lastKnownLocation: name, exception, context.ResponseData.StatusCode);
        }
    }

    public override AmazonServiceException UnmarshallException(XmlUnmarshallerContext context, Exception innerException, HttpStatusCode statusCode)
    {
        ErrorResponse document = XmlErrorResponseUnmarshaller.GetInstance().Unmarshall(context);
        ServiceError error = new(document.Message, innerException, document.Type, document.Code, document.RequestId, statusCode);
        DeclaredError? declared = Array.Find(errors, candidate => string.Equals(candidate.Code, error.Code, StringComparison.Ordinal));
        return declared is null ? service.UnknownError(error) : declared.Make(error);
    }

    private AmazonWebServiceResponse Read(XElement root)
    {
        XNamespace xmlns = root.Name.Namespace;
        IShape response = NewResponse();
        if (root.Element(xmlns + (name + "Result")) is { } result)
        {
            response.Describe(new ResponseReader(result));
        }

        AmazonWebServiceResponse answer = (AmazonWebServiceResponse)response;
        answer.ResponseMetadata = new ResponseMetadata { RequestId = root.Element(xmlns + "ResponseMetadata")?.Element(xmlns + "RequestId")?.Value };
        return answer;
    }
}

/// <inheritdoc cref="Operation"/>
internal sealed class Operation<TRequest, TResponse>(Service service, string name, params DeclaredError[] errors)
    : Operation(service, name, errors)
    where TRequest : AmazonWebServiceRequest, IShape, new()
    where TResponse : AmazonWebServiceResponse, IShape, new()
{
    public override IShape NewRequest() => new TRequest();

    public override IShape NewResponse() => new TResponse();
}
