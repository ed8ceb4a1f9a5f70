using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Sandbox.Tests;

/// <summary>The rules of facts about the real service: its order of checks, what a change of the protocol drops, and its answers.</summary>
public sealed class RackspaceTests
{
    private const string Tcp = """{"loadBalancer":{"protocol":"TCP_CLIENT_FIRST","port":80}}""";
    private const string Connect = """{"healthMonitor":{"type":"CONNECT","delay":10,"timeout":10,"attemptsBeforeDeactivation":3}}""";

    [Fact]
    public async Task Deis_layout_moves_to_tcp_after_its_monitor_has()
    {
        await using var service = await Service.StartAsync();

        (await service.PutAsync("71", Tcp)).ShouldBe((400, "Cannot update port as the loadbalancer has a incompatible Health Monitor type"));
        (await service.PutAsync("71/healthmonitor", Connect)).Status.ShouldBe(202);
        (await service.PutAsync("71", Tcp)).Status.ShouldBe(202);

        service.Web.State.Protocol.ShouldBe("TCP_CLIENT_FIRST");
    }

    [Theory]
    [InlineData("""{"protocol":"TCP_CLIENT_FIRST"}""", "Must provide port for TCP and UDP protocols.")]
    [InlineData("""{"protocol":"TCP_CLIENT_FIRST","port":2222}""", "Port currently assigned")]
    [InlineData("""{"halfClosed":true}""", "Half closed is only available")]
    [InlineData("""{"timeout":1200}""", "Timeout must be between 30 and 120")]
    [InlineData("""{"httpsRedirect":true}""", "HTTPS Redirect is only available")]
    [InlineData("""{"protocol":"GOPHER"}""", "protocol is invalid")]
    [InlineData("""{"nodes":[]}""", "Only name")]
    public async Task A_put_is_refused(string body, string message)
    {
        await using var service = await Service.StartAsync();
        (await service.PutAsync("71/healthmonitor", Connect)).Status.ShouldBe(202);

        var (status, text) = await service.PutAsync("71", $$$"""{"loadBalancer":{{{body}}} }""");

        status.ShouldBe(400);
        text.ShouldContain(message);
    }

    [Fact]
    public async Task Ssl_termination_and_redirect_are_looked_at_even_while_a_change_is_pending()
    {
        await using var service = await Service.StartAsync(CloudBalancerOptions.Web with
        {
            Ssl = new CloudSsl(),
            HttpsRedirect = true,
            Status = "PENDING_UPDATE"
        });

        (await service.PutAsync("71", Tcp)).ShouldBe((400, "Cannot update protocol on a load balancer with ssl termination."));
        (await service.PutAsync("71", """{"loadBalancer":{"timeout":60}}"""))
            .ShouldBe((422, "Load Balancer '71' has a status of 'PENDING_UPDATE' and is considered immutable."));
        (await service.GetAsync("71/ssltermination")).Body.ShouldNotContain("privatekey");
    }

    [Fact]
    public async Task The_virtual_ip_that_is_looked_at_last_decides()
    {
        var options = new RackspaceOptions { RefusesSharedVirtualIp = true };
        await using var shared = await Service.StartAsync(
            options with { LoadBalancers = [CloudBalancerOptions.Web with { Monitor = null }, CloudBalancerOptions.Builder] });
        await using var withOwn = await Service.StartAsync(options with
        {
            LoadBalancers =
            [
                CloudBalancerOptions.Web with { Monitor = null, VirtualIps = [new(500, "2001:db8::80", "IPV6"), CloudBalancerOptions.SharedAddress] },
                CloudBalancerOptions.Builder,
            ],
        });

        (await shared.PutAsync("71", Tcp)).Message.ShouldContain("Please verify shared virtual ips");
        (await withOwn.PutAsync("71", Tcp)).Status.ShouldBe(202);
    }

    [Theory]
    [InlineData("HTTP", "HTTP_COOKIE", "TCP_CLIENT_FIRST", null)]
    [InlineData("HTTPS", "SSL_ID", "TCP_CLIENT_FIRST", null)]
    [InlineData("HTTPS", "SOURCE_IP", "TCP_CLIENT_FIRST", "SOURCE_IP")]
    [InlineData("TCP", "SOURCE_IP", "HTTP", null)]
    public async Task A_change_of_the_protocol_drops_what_does_not_fit(string from, string persistence, string to, string? kept)
    {
        await using var service = await Service.StartAsync(
            CloudBalancerOptions.Web with
            {
                Protocol = from,
                Monitor = null,
                Persistence = persistence,
                Caching = from == "HTTP",
                ErrorPage = "<html>ours</html>"
            });

        (await service.PutAsync("71", $$$"""{"loadBalancer":{"protocol":"{{{to}}}","port":80}}""")).Status.ShouldBe(202);

        service.Web.State.Persistence.ShouldBe(kept);
        service.Web.State.Caching.ShouldBeFalse();
        service.Web.State.ErrorPage.ShouldBe(to == "HTTP" ? "<html>ours</html>" : null);
    }

    [Theory]
    [InlineData("sessionpersistence", """{"sessionPersistence":{"persistenceType":"SOURCE_IP"}}""", 400)]
    [InlineData("sessionpersistence", """{"sessionPersistence":{"persistenceType":"SSL_ID"}}""", 400)]
    [InlineData("sessionpersistence", """{"sessionPersistence":{"persistenceType":"HTTP_COOKIE"}}""", 202)]
    [InlineData("healthmonitor",
        """{"healthMonitor":{"type":"HTTPS","delay":10,"timeout":10,"attemptsBeforeDeactivation":3,"path":"/","statusRegex":"."}}""", 400)]
    [InlineData("healthmonitor", """{"healthMonitor":{"type":"HTTP","delay":10,"timeout":10,"attemptsBeforeDeactivation":3}}""", 400)]
    [InlineData("healthmonitor", """{"healthMonitor":{"type":"CONNECT","delay":10,"timeout":10,"attemptsBeforeDeactivation":3,"path":"/"}}""", 400)]
    [InlineData("healthmonitor", """{"healthMonitor":{"type":"CONNECT","delay":0,"timeout":10,"attemptsBeforeDeactivation":3}}""", 400)]
    [InlineData("contentcaching", """{"contentCaching":{"enabled":true}}""", 202)]
    [InlineData("errorpage", """{"errorpage":{"content":"<html>ours</html>"}}""", 200)]
    [InlineData("errorpage", """{"errorpage":{"content":""}}""", 400)]
    [InlineData("contentcaching", "no json", 400)]
    public async Task Parts_have_rules_of_their_own(string part, string body, int status)
    {
        await using var service = await Service.StartAsync();

        (await service.PutAsync($"71/{part}", body)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task What_is_gone_already_cannot_be_deleted()
    {
        await using var service = await Service.StartAsync();

        (await service.SendAsync(HttpMethod.Delete, "71/sessionpersistence")).ShouldBe((422, "Session persistence is already deleted."));
        (await service.GetAsync("71/ssltermination")).Status.ShouldBe(404);
        (await service.GetAsync("71/errorpage")).Body.ShouldContain("Service Unavailable");
        (await service.SendAsync(HttpMethod.Delete, "72")).Status.ShouldBe(202);
        (await service.GetAsync("72")).ShouldBe((410, "The loadbalancer is marked as deleted."));
        (await service.GetAsync("7")).ShouldBe((404, "Load balancer not found."));
    }

    [Fact]
    public async Task A_second_load_balancer_needs_a_port_of_its_own()
    {
        await using var service = await Service.StartAsync(new RackspaceOptions { RefusesSharedVirtualIp = true });
        string Body(int port, int ip) => $$"""
            {"loadBalancer":{"name":"ws","port":{{port}},"protocol":"TCP_CLIENT_FIRST","virtualIps":[{"id":{{ip}} }],
             "nodes":[{"address":"{{service.Sandbox.Nodes[0]}}","port":80,"condition":"ENABLED"}] } }
            """;

        (await service.SendAsync(HttpMethod.Post, "", Body(80, 403))).Message.ShouldContain("Port currently assigned");
        (await service.SendAsync(HttpMethod.Post, "", Body(8080, 9))).Message.ShouldContain("Shared virtual ip could not be found");
        (await service.SendAsync(HttpMethod.Post, "", Body(8080, 403))).Status.ShouldBe(202);

        service.Sandbox.Rackspace!.LoadBalancers.Select(b => b.State.Port).ShouldBe([80, 2222, 8080]);
    }

    [Fact]
    public async Task A_change_takes_its_time_and_keeps_others_out()
    {
        var slow = new LagRange(TimeSpan.FromMilliseconds(500), TimeSpan.FromMilliseconds(500));
        await using var service = await Service.StartAsync(new RackspaceOptions { ChangeTime = slow });

        (await service.PutAsync("71", """{"loadBalancer":{"timeout":60}}""")).Status.ShouldBe(202);
        service.Web.Status.ShouldBe("PENDING_UPDATE");
        (await service.PutAsync("71", """{"loadBalancer":{"timeout":90}}""")).Status.ShouldBe(422);
        await Tools.EventuallyAsync(() => Task.FromResult(service.Web.Status == "ACTIVE"), "it becomes ACTIVE");

        service.Web.State.Timeout.ShouldBe(60);
    }

    [Fact]
    public async Task Faults_have_the_shapes_of_the_service()
    {
        await using var service = await Service.StartAsync();
        async Task<(int Status, string Message)> AnswerAsync(FaultKind kind)
        {
            service.Sandbox.Faults.Clear();
            service.Sandbox.Faults.Add(new FaultRule(kind) { Service = "loadbalancers", Delay = TimeSpan.FromSeconds(5) });
            return await service.PutAsync("71", """{"loadBalancer":{"timeout":60}}""");
        }

        var limited = await AnswerAsync(FaultKind.Throttled);
        limited.Status.ShouldBe(413);
        limited.Message.ShouldContain("retryAfter");
        (await AnswerAsync(FaultKind.ServerError)).Status.ShouldBe(500);
        (await AnswerAsync(FaultKind.ExpiredCredentials)).ShouldBe((401, "Invalid authentication token. Please renew"));
    }

    [Fact]
    public async Task Http_mode_reads_requests_and_tcp_mode_passes_a_handshake_on()
    {
        await using var service = await Service.StartAsync(CloudBalancerOptions.Web with { Monitor = null });
        (await HandshakeAsync(service)).ShouldNotContain(" 101 ");

        (await service.PutAsync("71", Tcp)).Status.ShouldBe(202);

        (await HandshakeAsync(service)).ShouldContain(" 101 ");
    }

    private static async Task<string> HandshakeAsync(Service service)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, service.Sandbox.Rackspace!.DataPlanePort("203.0.113.80", 80)!.Value);
        var request = "GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        using var reader = new StreamReader(client.GetStream());
        return await reader.ReadLineAsync() ?? "";
    }

    /// <summary>A client that sends just what it is told.</summary>
    private sealed class Service : IAsyncDisposable
    {
        private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
        private string _endpoint = "";

        private Service(SandboxCloud sandbox) => Sandbox = sandbox;

        public SandboxCloud Sandbox { get; }

        public CloudBalancer Web => Sandbox.Rackspace!.LoadBalancers.First(b => b.Id == 71);

        public static Task<Service> StartAsync(CloudBalancerOptions web) => StartAsync(new RackspaceOptions { LoadBalancers = [web] });

        public static async Task<Service> StartAsync(RackspaceOptions? options = null)
        {
            options ??= new RackspaceOptions();
            var service = new Service(await SandboxCloud.StartAsync(SandboxOptions.DeisOnRackspace with { Rackspace = options }));
            using var response = await service._http.PostAsync(new Uri(service.Sandbox.Rackspace!.AuthUrl, "tokens"),
                JsonContent.Create(JsonNode.Parse(
                $$"""{"auth":{"RAX-KSKEY:apiKeyCredentials":{"username":"{{options.Username}}","apiKey":"{{options.ApiKey}}"} } }""")));
            var access = (await response.Content.ReadFromJsonAsync<JsonNode>())!["access"]!;
            service._http.DefaultRequestHeaders.Add("X-Auth-Token", access["token"]!["id"]!.GetValue<string>());
            var entry = access["serviceCatalog"]!.AsArray().Single(e => e!["name"]!.GetValue<string>() == "cloudLoadBalancers")!;
            service._endpoint = $"{entry["endpoints"]![0]!["publicURL"]}/loadbalancers/";
            return service;
        }

        public Task<(int Status, string Message)> PutAsync(string path, string body) => SendAsync(HttpMethod.Put, path, body);

        public async Task<(int Status, string Body)> GetAsync(string path) => await SendAsync(HttpMethod.Get, path);

        /// <summary>The status, and the error's message or else the whole body.</summary>
        public async Task<(int Status, string Message)> SendAsync(HttpMethod method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(method, (_endpoint + path).TrimEnd('/'));
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await _http.SendAsync(request);
            var text = await response.Content.ReadAsStringAsync();
            var json = text.Length == 0 ? null : JsonNode.Parse(text);
            return ((int)response.StatusCode, (string?)json?["validationErrors"]?["messages"]?[0] ?? (string?)json?["message"] ?? text);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await Sandbox.DisposeAsync();
            Sandbox.Defects.ShouldBeEmpty();
        }
    }
}
