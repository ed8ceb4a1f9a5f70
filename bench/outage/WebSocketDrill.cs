using System.Diagnostics;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>WebSockets through the load balancer that were open before a change, and echo all through it.</summary>
internal sealed class WebSocketDrill : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly Testbed _bed;
    private readonly HttpListener _application = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;
    private int _accepted;

    private WebSocketDrill(Testbed bed)
    {
        _bed = bed;
        _application.Prefixes.Add($"http://{Testbed.Application}/");
        _application.Start();
        _serving = ServeAsync();
    }

    /// <summary>Runs a setup and a teardown; what is changed is the flip only, because a load balancer in HTTP mode passes no WebSocket.</summary>
    public static async Task<DrillResult> RunAsync(Testbed bed, CancellationToken cancellationToken)
    {
        await bed.ResetAsync();
        await AwsQuery.ElbAsync(
            bed.Aws.Endpoint, "DeleteLoadBalancerListeners", ("LoadBalancerName", bed.LoadBalancer), ("LoadBalancerPorts.member.1", "80"));
        await AwsQuery.ElbAsync(
            bed.Aws.Endpoint,
            "CreateLoadBalancerListeners",
            ("LoadBalancerName", bed.LoadBalancer),
            ("Listeners.member.1.Protocol", "TCP"),
            ("Listeners.member.1.LoadBalancerPort", "80"),
            ("Listeners.member.1.InstanceProtocol", "TCP"),
            ("Listeners.member.1.InstancePort", "80"));
        await bed.SettledAsync();
        await using var drill = new WebSocketDrill(bed);
        var problems = new List<string>();
        var echoing = new List<Task<string>>();
        foreach (var command in new[] { "setup", "teardown" })
        {
            echoing.Add(await drill.OpenAsync(command, problems));
            var tool = await Tool.RunAsync(bed, [command], cancellationToken);
            var manner = (string?)tool.Document?["flipManner"];
            if (tool.ExitCode != 0)
            {
                // Whatever order the nodes allowed on a busy machine: what is open is not to be touched in any.
                problems.Add($"{command} ended with {tool.ExitCode}, {manner}: {tool.Error.Trim()}");
            }

            await bed.SettledAsync();
        }

        await drill._stop.CancelAsync();
        var seen = await Task.WhenAll(echoing);
        if (drill._accepted != echoing.Count)
        {
            problems.Add($"the application has got {drill._accepted} connections");
        }

        return new DrillResult($"websocket ({string.Join("; ", seen)})", RuleSeconds: null, GuardSeconds: null, ExitCode: 0, problems);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _application.Abort();
        await _serving;
        _stop.Dispose();
    }

    /// <summary>Opens one and lets it echo until the end.</summary>
    /// <returns>What came of it, when that is known; there is no second connection.</returns>
    private async Task<Task<string>> OpenAsync(string name, List<string> problems)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{_bed.Balancers[0].Address}/echo"), CancellationToken.None);
        return EchoAsync();

        async Task<string> EchoAsync()
        {
            using var owned = socket;
            var (count, longest) = (0, TimeSpan.Zero);
            var buffer = new byte[64];
            try
            {
                while (!_stop.IsCancellationRequested)
                {
                    var begun = Stopwatch.GetTimestamp();
                    var message = $"{name} {count}";
                    await socket.SendAsync(Encoding.ASCII.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                    var answer = await socket.ReceiveAsync(buffer, CancellationToken.None);
                    if (Encoding.ASCII.GetString(buffer, 0, answer.Count) != message)
                    {
                        problems.Add($"the WebSocket of before {name} did not echo");
                        break;
                    }

                    var took = Stopwatch.GetElapsedTime(begun);
                    longest = took > longest ? took : longest;
                    count++;
                    await Task.Delay(Interval);
                }
            }
            catch (WebSocketException error)
            {
                problems.Add($"the WebSocket of before {name} broke after {count} echoes: {error.Message}");
            }

            return $"open before {name}: {count} echoes, the longest after {longest.TotalMilliseconds:0} ms";
        }
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                _ = AnswerAsync(await _application.GetContextAsync());
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        Interlocked.Increment(ref _accepted);
        var buffer = new byte[64];
        try
        {
            using var socket = (await context.AcceptWebSocketAsync(subProtocol: null)).WebSocket;
            while (await socket.ReceiveAsync(buffer, CancellationToken.None) is { MessageType: not WebSocketMessageType.Close } message)
            {
                await socket.SendAsync(buffer.AsMemory(0, message.Count), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }
        }
        catch (WebSocketException)
        {
            // The client's end tells.
            return;
        }
    }
}
