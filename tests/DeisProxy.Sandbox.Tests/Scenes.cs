using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace DeisProxy.Sandbox.Tests;

/// <summary>What tests of the data plane do again and again.</summary>
internal static class Scenes
{
    public static async Task CreateListenerAsync(
        this RunningSandbox sandbox, string protocol, int port, string instanceProtocol, int instancePort, string? certificate = null)
    {
        var parameters = new List<(string, object)>
        {
            ("LoadBalancerName", sandbox.ElbName), ("Listeners.member.1.Protocol", protocol), ("Listeners.member.1.LoadBalancerPort", port),
            ("Listeners.member.1.InstanceProtocol", instanceProtocol), ("Listeners.member.1.InstancePort", instancePort),
        };
        if (certificate is not null)
        {
            parameters.Add(("Listeners.member.1.SSLCertificateId", certificate));
        }

        (await sandbox.Aws.ElbAsync("CreateLoadBalancerListeners", [.. parameters])).Status.ShouldBe(200);
    }

    public static async Task DeleteListenerAsync(this RunningSandbox sandbox, int port) =>
        (await sandbox.Aws.ElbAsync(
            "DeleteLoadBalancerListeners", ("LoadBalancerName", sandbox.ElbName), ("LoadBalancerPorts.member.1", port))).Status.ShouldBe(200);

    public static async Task SwapAsync(
        this RunningSandbox sandbox, int port, string protocol, string instanceProtocol, int instancePort, string? certificate = null)
    {
        await sandbox.DeleteListenerAsync(port);
        await sandbox.CreateListenerAsync(protocol, port, instanceProtocol, instancePort, certificate);
    }

    public static async Task SendProxyLineAsync(this RunningSandbox sandbox, int instancePort)
    {
        (await sandbox.Aws.ElbAsync(
            "CreateLoadBalancerPolicy",
            ("LoadBalancerName", sandbox.ElbName), ("PolicyName", "proxy"), ("PolicyTypeName", "ProxyProtocolPolicyType"),
            ("PolicyAttributes.member.1.AttributeName", "ProxyProtocol"), ("PolicyAttributes.member.1.AttributeValue", "true"))).Status.ShouldBe(200);
        (await sandbox.Aws.ElbAsync(
            "SetLoadBalancerPoliciesForBackendServer",
            ("LoadBalancerName", sandbox.ElbName), ("InstancePort", instancePort), ("PolicyNames.member.1", "proxy"))).Status.ShouldBe(200);
    }

    public static async Task CheckHealthAsync(this RunningSandbox sandbox, string target) => (await sandbox.Aws.ElbAsync(
        "ConfigureHealthCheck",
        ("LoadBalancerName", sandbox.ElbName), ("HealthCheck.Target", target), ("HealthCheck.Interval", 15), ("HealthCheck.Timeout", 5),
        ("HealthCheck.UnhealthyThreshold", 2), ("HealthCheck.HealthyThreshold", 4))).Status.ShouldBe(200);

    /// <summary>Sets the router's key and lets every router render at once.</summary>
    public static async Task DemandProxyLineAsync(this RunningSandbox sandbox, string? value = "1", bool demanded = true)
    {
        sandbox.Cloud.SetEtcdValue("/deis/router/proxyProtocol", value);
        foreach (var router in sandbox.Cloud.Routers)
        {
            router.Render();
        }

        await Tools.EventuallyAsync(() => sandbox.Cloud.Routers.All(router => router.DemandsProxyLine == demanded), "every router has switched");
    }

    public static int Port(this RunningSandbox sandbox, int loadBalancerPort) => sandbox.Elb.DataPlanePort(loadBalancerPort);

    /// <summary>A header field that the application saw.</summary>
    public static string? Seen(string? answer, string field)
    {
        answer.ShouldNotBeNull();
        using var document = JsonDocument.Parse(answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
        return document.RootElement.GetProperty("headers").TryGetProperty(field, out var value) ? value.GetString() : null;
    }

    public static async Task<string?> SeenAddressAsync(this RunningSandbox sandbox, int loadBalancerPort = 80) =>
        Seen(await Raw.GetAsync(sandbox.Port(loadBalancerPort)), "X-Forwarded-For");

    /// <summary>One echo over a WebSocket; null when the handshake is refused.</summary>
    public static async Task<string?> EchoAsync(int port, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        using var socket = new ClientWebSocket();
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/socket"), limit.Token);
        }
        catch (WebSocketException)
        {
            return null;
        }

        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, limit.Token);
        var buffer = new byte[1024];
        var received = await socket.ReceiveAsync(buffer, limit.Token);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
