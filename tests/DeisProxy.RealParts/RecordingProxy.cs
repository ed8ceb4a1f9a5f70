using System.Collections.Concurrent;
using System.Collections.Specialized;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Web;
using System.Xml.Linq;

namespace DeisProxy.RealParts;

/// <summary>
/// Stands between deis-proxy and moto: writes down what is called, and mends what moto gets wrong in what it answers.
/// It reports a listener's InstanceProtocol as its Protocol: the value that was asked for is remembered here and put back.
/// The policies that CloudFormation makes have no attributes in it: those of Deis's template are put back.
/// It makes a second listener on a port where AWS would find the first; so that is looked for here, for one call at a time.
/// It does not say which network a load balancer is in. Its DNS names lack AWS's number and the prefix of internal load balancers. It lists a stack's
/// resources on one page; AWS gives 100.
/// </summary>
public sealed class RecordingProxy : IAsyncDisposable
{
    private const int PageSize = 100;

    private readonly HttpListener _listener = new();
    private readonly HttpClient _upstream = new();
    private readonly Uri _target;
    private readonly ConcurrentQueue<AwsCall> _calls = new();
    private readonly ConcurrentDictionary<(string LoadBalancer, string Port), string> _instanceProtocols = new();
    private readonly ConcurrentDictionary<string, (HttpStatusCode Status, string Code, string Message)> _refused = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _listeners = new(1);
    private readonly Task _serving;

    /// <summary>Starts it.</summary>
    /// <param name="port">Port of 127.0.0.1 to listen on.</param>
    public RecordingProxy(Uri target, int port)
    {
        _target = target;
        Endpoint = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Endpoint.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    /// <summary>How long AWS takes for a call: half of it before the call takes effect, half after.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Is told of every call that succeeded and changed something, as soon as it is in effect in moto.</summary>
    public Action<string>? Changed { get; set; }

    /// <summary>Private and public addresses of the instances, in the order of their ids; moto makes its own up.</summary>
    public IReadOnlyList<(string Private, string Public)> InstanceAddresses { get; set; } = [];

    public IReadOnlyList<AwsCall> Calls => [.. _calls];

    public IReadOnlyList<string> Actions => [.. _calls.Select(call => call.Action)];

    public IReadOnlyList<string> Changes => [.. Actions.Where(IsChange)];

    /// <summary>The DNS name of a load balancer, with AWS's number in it.</summary>
    public static string DnsName(string loadBalancer) => $"{loadBalancer}-1234567890.us-east-1.elb.amazonaws.com";

    /// <summary>A load balancer as it is at this moment, without delay and not written down.</summary>
    public async Task<XDocument> ReadLoadBalancerAsync(string name) =>
        XDocument.Parse(
            await MendAsync((await AwsQuery.ElbAsync(_target, "DescribeLoadBalancers", ("LoadBalancerNames.member.1", name))).ToString()));

    /// <summary>Forgets what was called, and refuses nothing any more.</summary>
    public void Forget()
    {
        _calls.Clear();
        _refused.Clear();
    }

    /// <summary>Answers an action with an error of AWS that moto never gives.</summary>
    public void Refuse(string action, HttpStatusCode status, string code, string message) => _refused[action] = (status, code, message);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
        _listeners.Dispose();
        _upstream.Dispose();
    }

    private async Task ServeAsync()
    {
        var running = new List<Task>();
        while (_listener.IsListening)
        {
            try
            {
                running.Add(AnswerAsync(await _listener.GetContextAsync()));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                break;
            }
        }

        await Task.WhenAll(running);
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.InputStream);
            var body = await reader.ReadToEndAsync();
            var form = HttpUtility.ParseQueryString(body);
            var action = form["Action"] ?? "";
            var call = new AwsCall(action, Stopwatch.GetTimestamp());
            _calls.Enqueue(call);
            if (_refused.TryGetValue(action, out var refusal))
            {
                await WriteAsync(context, refusal.Status, Error(refusal.Code, refusal.Message));
                return;
            }

            await Task.Delay(Delay / 2);
            var (status, text) = await CallAsync(action, form, body, context.Request.Headers);
            var succeeded = (int)status is >= 200 and < 300;
            if (succeeded && IsChange(action))
            {
                Changed?.Invoke(action);
            }

            await Task.Delay(Delay / 2);
            call.Ended = Stopwatch.GetTimestamp();
            await WriteAsync(context, status, (action, succeeded) switch
            {
                ("DescribeLoadBalancers", true) => await MendAsync(text),
                ("DescribeLoadBalancerPolicies", true) => MendPolicies(text),
                ("DescribeInstances", true) => MendInstances(text),
                ("ListStackResources", true) => Page(text, int.Parse(form["NextToken"] ?? "0", CultureInfo.InvariantCulture)),
                _ => text,
            });
        }
        catch (Exception e)
            when (e is HttpListenerException or HttpRequestException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone; there is nobody to answer.
            context.Response.Abort();
        }
    }

    private async Task<(HttpStatusCode Status, string Text)> CallAsync(
        string action, NameValueCollection form, string body, NameValueCollection headers)
    {
        if (action is not ("CreateLoadBalancerListeners" or "DeleteLoadBalancerListeners"))
        {
            return await ForwardAsync(body, headers);
        }

        await _listeners.WaitAsync();
        try
        {
            return action == "CreateLoadBalancerListeners" ? await CreateListenersAsync(form, body, headers) : await ForwardAsync(body, headers);
        }
        finally
        {
            _listeners.Release();
        }
    }

    private async Task<(HttpStatusCode Status, string Text)> CreateListenersAsync(NameValueCollection form, string body, NameValueCollection headers)
    {
        const string Done = "<CreateLoadBalancerListenersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/\">"
            + "<CreateLoadBalancerListenersResult/></CreateLoadBalancerListenersResponse>";
        string[] fields = ["Protocol", "InstanceProtocol", "InstancePort", "SSLCertificateId"];
        var name = form["LoadBalancerName"]!;
        var present = (await ReadLoadBalancerAsync(name)).Descendants().Where(e => e.Name.LocalName == "Listener").ToList();
        var isNew = false;
        for (var i = 1; form[$"Listeners.member.{i}.LoadBalancerPort"] is { } port; i++)
        {
            if (present.Find(listener => Child(listener, "LoadBalancerPort").Value == port) is not { } old)
            {
                isNew = true;
                _instanceProtocols[(name, port)] = form[$"Listeners.member.{i}.InstanceProtocol"] ?? form[$"Listeners.member.{i}.Protocol"]!;
            }
            else if (fields.Any(field => !string.Equals(
                form[$"Listeners.member.{i}.{field}"] ?? "",
                old.Elements().FirstOrDefault(e => e.Name.LocalName == field)?.Value ?? "",
                StringComparison.OrdinalIgnoreCase)))
            {
                return (HttpStatusCode.BadRequest, Error(
                    "DuplicateListener",
                    $"A listener already exists for {name} with LoadBalancerPort {port}, but with a different InstancePort, Protocol, or "
                        + "SSLCertificateId"));
            }
        }

        return isNew ? await ForwardAsync(body, headers) : (HttpStatusCode.OK, Done);
    }

    private async Task<(HttpStatusCode Status, string Text)> ForwardAsync(string body, NameValueCollection headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _target)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        foreach (var name in new[] { "Authorization", "X-Amz-Date", "X-Amz-Security-Token" })
        {
            if (headers[name] is { } value)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        using var response = await _upstream.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static string Error(string code, string message) =>
        $"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>";

    private static bool IsChange(string action) =>
        !action.StartsWith("Describe", StringComparison.Ordinal) && !action
            .StartsWith("List", StringComparison.Ordinal) && !action.StartsWith("Get", StringComparison.Ordinal);

    private static async Task WriteAsync(HttpListenerContext context, HttpStatusCode status, string xml)
    {
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = "text/xml";
        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(xml));
        context.Response.Close();
    }

    private static string Page(string xml, int from)
    {
        var document = XDocument.Parse(xml);
        var list = document.Descendants().Single(e => e.Name.LocalName == "StackResourceSummaries");
        var all = list.Elements().ToList();
        list.ReplaceNodes(all.Skip(from).Take(PageSize));
        if (from + PageSize < all.Count)
        {
            list.AddAfterSelf(new XElement(list.Name.Namespace + "NextToken", from + PageSize));
        }

        return document.ToString();
    }

    private static string MendPolicies(string xml)
    {
        var document = XDocument.Parse(xml);
        foreach (var type in document.Descendants().Where(e => e.Name.LocalName == "PolicyTypeName" && e.Value == "ProxyProtocolPolicyType"))
        {
            var attributes = Child(type.Parent!, "PolicyAttributeDescriptions");
            if (!attributes.Descendants().Any(e => e.Name.LocalName == "AttributeName"))
            {
                var space = attributes.Name.Namespace;
                attributes.ReplaceNodes(new XElement(
                    space + "member", new XElement(space + "AttributeName", "ProxyProtocol"), new XElement(space + "AttributeValue", "true")));
            }
        }

        return document.ToString();
    }

    private string MendInstances(string xml)
    {
        var document = XDocument.Parse(xml);
        var instances = document.Descendants().Where(e => e.Name.LocalName == "item" && e.Elements().Any(c => c.Name.LocalName == "instanceState"))
            .OrderBy(e => Child(e, "instanceId").Value, StringComparer.Ordinal);
        foreach (var (instance, addresses) in instances.Zip(InstanceAddresses))
        {
            instance.Elements().Where(e => e.Name.LocalName is "privateIpAddress" or "ipAddress").Remove();
            instance.Add(
                new XElement(instance.Name.Namespace + "privateIpAddress", addresses.Private),
                new XElement(instance.Name.Namespace + "ipAddress", addresses.Public));
        }

        return document.ToString();
    }

    private static XElement Child(XElement parent, string name) => parent.Elements().First(e => e.Name.LocalName == name);

    private async Task<string> MendAsync(string xml)
    {
        var document = XDocument.Parse(xml);
        foreach (var balancer in document.Descendants().Where(e => e.Name.LocalName == "LoadBalancerName").Select(e => e.Parent!))
        {
            if (balancer.Elements().FirstOrDefault(e => e.Name.LocalName == "DNSName") is { } dns)
            {
                var isInternal = balancer.Elements().Any(e => e.Name.LocalName == "Scheme" && e.Value == "internal");
                dns.Value = $"{(isInternal ? "internal-" : "")}{DnsName(Child(balancer, "LoadBalancerName").Value)}";
            }

            if (balancer.Descendants().FirstOrDefault(e => e.Name.LocalName == "InstanceId") is { } instance)
            {
                var instances = await AwsQuery.CallAsync(_target, "ec2", "DescribeInstances", "2016-11-15", ("InstanceId.1", instance.Value));
                balancer.Add(instances.Descendants().Where(e => e.Name.LocalName == "vpcId").Take(1)
                    .Select(e => new XElement(balancer.Name.Namespace + "VPCId", e.Value)));
            }

            foreach (var listener in balancer.Descendants().Where(e => e.Name.LocalName == "Listener"))
            {
                var key = (Child(balancer, "LoadBalancerName").Value, Child(listener, "LoadBalancerPort").Value);
                if (_instanceProtocols.TryGetValue(key, out var asked))
                {
                    Child(listener, "InstanceProtocol").Value = asked;
                }
            }
        }

        return document.ToString();
    }
}
