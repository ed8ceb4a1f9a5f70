using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Web;
using System.Xml.Linq;

namespace DeisProxy.Integration.Tests;

/// <summary>
/// Stands between deis-proxy and moto: writes down what is called, and mends what moto gets wrong in what it answers.
/// It reports a listener's InstanceProtocol as its Protocol: the value that was asked for is remembered here and put back.
/// The policies that CloudFormation makes have no attributes in it: those of Deis's template are put back.
/// Its DNS names lack AWS's number and the prefix of internal load balancers. It lists a stack's resources on one page; AWS gives 100.
/// </summary>
public sealed class RecordingProxy : IAsyncDisposable
{
    private const int PageSize = 100;

    private readonly HttpListener _listener = new();
    private readonly HttpClient _upstream = new();
    private readonly Uri _target;
    private readonly ConcurrentQueue<string> _actions = new();
    private readonly ConcurrentDictionary<(string LoadBalancer, string Port), string> _instanceProtocols = new();
    private readonly ConcurrentDictionary<string, (HttpStatusCode Status, string Code, string Message)> _refused = new(StringComparer.Ordinal);
    private readonly Task _serving;

    public RecordingProxy(Uri target, int port)
    {
        _target = target;
        Endpoint = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Endpoint.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri Endpoint { get; }

    public IReadOnlyList<string> Actions => [.. _actions];

    public IReadOnlyList<string> Changes => [.. _actions.Where(a => !a.StartsWith("Describe", StringComparison.Ordinal) && !a.StartsWith("List", StringComparison.Ordinal) && !a.StartsWith("Get", StringComparison.Ordinal))];

    /// <summary>Forgets what was called, and refuses nothing any more.</summary>
    public void Forget()
    {
        _actions.Clear();
        _refused.Clear();
    }

    /// <summary>Answers an action with an error of AWS that moto never gives.</summary>
    public void Refuse(string action, HttpStatusCode status, string code, string message) => _refused[action] = (status, code, message);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
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
            _actions.Enqueue(action);
            for (var i = 1; action == "CreateLoadBalancerListeners" && form[$"Listeners.member.{i}.LoadBalancerPort"] is { } port; i++)
            {
                _instanceProtocols[(form["LoadBalancerName"]!, port)] = form[$"Listeners.member.{i}.InstanceProtocol"]!;
            }

            if (_refused.TryGetValue(action, out var refusal))
            {
                await WriteAsync(context, refusal.Status, $"<ErrorResponse><Error><Type>Sender</Type><Code>{refusal.Code}</Code><Message>{refusal.Message}</Message></Error><RequestId>0</RequestId></ErrorResponse>");
                return;
            }

            using var request = new HttpRequestMessage(HttpMethod.Post, _target) { Content = new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded") };
            foreach (var name in new[] { "Authorization", "X-Amz-Date", "X-Amz-Security-Token" })
            {
                if (context.Request.Headers[name] is { } value)
                {
                    request.Headers.TryAddWithoutValidation(name, value);
                }
            }

            using var response = await _upstream.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            await WriteAsync(context, response.StatusCode, (action, response.IsSuccessStatusCode) switch
            {
                ("DescribeLoadBalancers", true) => Mend(text),
                ("DescribeLoadBalancerPolicies", true) => MendPolicies(text),
                ("ListStackResources", true) => Page(text, int.Parse(form["NextToken"] ?? "0", CultureInfo.InvariantCulture)),
                _ => text,
            });
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone; there is nobody to answer.
            context.Response.Abort();
        }
    }

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
                attributes.ReplaceNodes(new XElement(space + "member", new XElement(space + "AttributeName", "ProxyProtocol"), new XElement(space + "AttributeValue", "true")));
            }
        }

        return document.ToString();
    }

    private static XElement Child(XElement parent, string name) => parent.Elements().First(e => e.Name.LocalName == name);

    private string Mend(string xml)
    {
        var document = XDocument.Parse(xml);
        foreach (var balancer in document.Descendants().Where(e => e.Name.LocalName == "LoadBalancerName").Select(e => e.Parent!))
        {
            if (balancer.Elements().FirstOrDefault(e => e.Name.LocalName == "DNSName") is { } dns)
            {
                var isInternal = balancer.Elements().Any(e => e.Name.LocalName == "Scheme" && e.Value == "internal");
                dns.Value = $"{(isInternal ? "internal-" : "")}{Child(balancer, "LoadBalancerName").Value}-1234567890.us-east-1.elb.amazonaws.com";
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
