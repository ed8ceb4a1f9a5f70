using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Web;
using System.Xml.Linq;

namespace DeisProxy.Integration.Tests;

/// <summary>
/// Stands between deis-proxy and moto: writes down what is called, and mends the one thing that moto gets wrong on every read:
/// it reports a listener's InstanceProtocol as its Protocol. The value that was asked for is remembered here and put back.
/// </summary>
internal sealed class RecordingProxy : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly HttpClient _upstream = new();
    private readonly Uri _target;
    private readonly ConcurrentQueue<string> _actions = new();
    private readonly ConcurrentDictionary<(string LoadBalancer, string Port), string> _instanceProtocols = new();
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

    public void Forget() => _actions.Clear();

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
            var answer = Encoding.UTF8.GetBytes(action == "DescribeLoadBalancers" && response.IsSuccessStatusCode ? Mend(text) : text);
            context.Response.StatusCode = (int)response.StatusCode;
            context.Response.ContentType = "text/xml";
            await context.Response.OutputStream.WriteAsync(answer);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone; there is nobody to answer.
            context.Response.Abort();
        }
    }

    private string Mend(string xml)
    {
        var document = XDocument.Parse(xml);
        foreach (var balancer in document.Descendants().Where(e => e.Name.LocalName == "LoadBalancerName").Select(e => e.Parent!))
        {
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

        static XElement Child(XElement parent, string name) => parent.Elements().First(e => e.Name.LocalName == name);
    }
}
