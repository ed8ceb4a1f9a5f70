using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Outage;

/// <summary>What became of a request.</summary>
/// <param name="Duration">From the connection's first packet to the answer's last byte.</param>
/// <param name="Outcome"><c>ok</c>, or what was seen instead.</param>
/// <param name="Address">The client's address as the application gets to know it; null if it got none.</param>
internal sealed record Request(TimeSpan Start, TimeSpan Duration, string Outcome, string? Address)
{
    public const string Served = "ok";

    /// <summary>No listener: the load balancer accepts connections whatever its routers do.</summary>
    public const string Refused = "refused";

    public bool Failed => Outcome != Served;
}

/// <summary>
/// Clients that do not know of each other: every ten milliseconds a new connection with one request, whether the ones before have been answered or
/// not.
/// </summary>
internal sealed class OpenLoopClient
{
    private const int Port = 80;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private static readonly byte[] Get = "GET / HTTP/1.1\r\nHost: app.example.test\r\nUser-Agent: outage\r\nConnection: close\r\n\r\n"u8.ToArray();

    private readonly ConcurrentQueue<Request> _requests = new();
    private readonly IPAddress _source;
    private readonly IReadOnlyList<IPAddress> _targets;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly TaskCompletionSource _firstProxyLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _sending;
    private volatile bool _stopping;

    /// <summary>Starts to send.</summary>
    public OpenLoopClient(IPAddress source, IReadOnlyList<IPAddress> targets)
    {
        _source = source;
        _targets = targets;
        _sending = SendAsync();
    }

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Ends with the first answer of a router that got a PROXY line and did not expect one.</summary>
    public Task FirstProxyLine => _firstProxyLine.Task;

    /// <summary>Whether every answer to what was begun within the last while tells the client's own address.</summary>
    public bool IsRight(TimeSpan time) => IsSteady(time) && _requests.Where(r => r.Start > Elapsed - time).All(r => r.Address == _source.ToString());

    /// <summary>Whether nothing that was begun within the last while has failed, or is still open though old enough to be late.</summary>
    public bool IsSteady(TimeSpan time)
    {
        var recent = _requests.Where(r => r.Start > Elapsed - time).ToList();
        return recent.Count > time / Interval * 0.8 && recent.TrueForAll(r => !r.Failed);
    }

    /// <summary>Sends no more, and waits for the answers that are due.</summary>
    public async Task<IReadOnlyList<Request>> StopAsync()
    {
        _stopping = true;
        await _sending;
        return [.. _requests.OrderBy(r => r.Start)];
    }

    private async Task SendAsync()
    {
        var open = new List<Task>();
        using var timer = new PeriodicTimer(Interval / 2);
        for (var sent = 0; !_stopping;)
        {
            // When the timer comes late, what was due meanwhile is made up for.
            while (_clock.Elapsed >= sent * Interval)
            {
                open.Add(RequestAsync(_targets[sent++ % _targets.Count]));
            }

            await timer.WaitForNextTickAsync();
        }

        await Task.WhenAll(open);
    }

    private async Task RequestAsync(IPAddress target)
    {
        var start = _clock.Elapsed;
        var (outcome, address) = await AskAsync(target);
        if (outcome == "400")
        {
            _firstProxyLine.TrySetResult();
        }

        _requests.Enqueue(new Request(start, _clock.Elapsed - start, outcome, address));
    }

    private async Task<(string Outcome, string? Address)> AskAsync(IPAddress target)
    {
        using var limit = new CancellationTokenSource(Timeout);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var buffer = new byte[4096];
        var length = 0;
        try
        {
            socket.Bind(new IPEndPoint(_source, 0));
            await socket.ConnectAsync(new IPEndPoint(target, Port), limit.Token);
            await socket.SendAsync(Get, limit.Token);
            int count;
            while (length < buffer.Length && (count = await socket.ReceiveAsync(buffer.AsMemory(length), limit.Token)) > 0)
            {
                length += count;
            }
        }
        catch (OperationCanceledException)
        {
            return ("no answer", null);
        }
        catch (SocketException e) when (length == 0)
        {
            return (e.SocketErrorCode == SocketError.ConnectionRefused ? Request.Refused : "cut", null);
        }
        catch (SocketException)
        {
            // What came before the reset is judged like any other answer.
            return Judge(Encoding.ASCII.GetString(buffer, 0, length));
        }

        return Judge(Encoding.ASCII.GetString(buffer, 0, length));
    }

    /// <summary>Reads the answer of a router, which tells the header X-Forwarded-For that an application would see.</summary>
    private static (string Outcome, string? Address) Judge(string answer)
    {
        const string Header = "\nX-Forwarded-For: ";
        const string End = "\nUpgrade: ";
        if (!answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
        {
            return (answer.Length == 0 ? "cut" : answer.Split(' ', 3) is [_, var status, ..] ? status : "no HTTP", null);
        }

        var at = answer.IndexOf(Header, StringComparison.Ordinal);
        if (at < 0 || !answer.Contains(End, StringComparison.Ordinal))
        {
            return ("cut", null);
        }

        var line = answer[(at + Header.Length)..];
        return (Request.Served, line[..line.IndexOfAny([',', '\n'])].Trim());
    }
}
