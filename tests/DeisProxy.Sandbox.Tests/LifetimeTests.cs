using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

using DeisProxy.Core;

namespace DeisProxy.Sandbox.Tests;

/// <summary>Looks whether ports are free again, which another test's sandbox might be given meanwhile: nothing runs beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class LifetimeTests
{
    [Fact]
    public async Task It_starts_and_ends_quickly_and_frees_its_ports()
    {
        await using (await SandboxCloud.StartAsync(SandboxOptions.DeisV15))
        {
            // The first start pays for the compiler.
        }

        var started = Stopwatch.StartNew();
        var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisV15);
        started.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        var elb = sandbox.FindLoadBalancer();
        int[] ports = [sandbox.AwsEndpoint.Port, sandbox.EtcdEndpoint.Port, elb.DataPlanePort(80), elb.DataPlanePort(2222), sandbox.Routers[0].Port];

        // Connections of every kind are open when it ends, one of them in the middle of a request.
        sandbox.Faults.Add(new FaultRule(FaultKind.Hang));
        var open = new List<TcpClient>();
        foreach (var port in ports)
        {
            var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.GetStream().WriteAsync("GET /v2/keys HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            open.Add(client);
        }

        var ended = Stopwatch.StartNew();
        await sandbox.DisposeAsync();
        ended.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10));
        foreach (var port in ports)
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
        }

        open.ForEach(client => client.Dispose());
        sandbox.Defects.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_port_in_use_is_said_and_nothing_is_left()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var taken = ((IPEndPoint)listener.LocalEndpoint).Port;
        var etcd = Tools.FreePort();
        var error = await Should.ThrowAsync<DeisProxyException>(
            () => SandboxCloud.StartAsync(SandboxOptions.DeisV15 with { AwsPort = taken, EtcdPort = etcd }));
        error.Code.ShouldBe("port-in-use");
        error.Message.ShouldContain($"127.0.0.1:{taken}");
        (await Raw.GetAsync(etcd)).ShouldBeNull();
    }

    [Fact]
    public async Task An_interrupted_start_leaves_nothing()
    {
        var etcd = Tools.FreePort();
        using var interrupted = new CancellationTokenSource();
        await interrupted.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(
            () => SandboxCloud.StartAsync(SandboxOptions.DeisV15 with { EtcdPort = etcd }, interrupted.Token));
        (await Raw.GetAsync(etcd)).ShouldBeNull();
    }
}
