using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.Tests;

/// <summary>An endpoint on loopback that stands for everything there is to contact: it keeps what it is asked, and refuses it.</summary>
internal sealed class Recorder : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _serving;
    private readonly Func<string, string> _answer;

    /// <summary>Starts it.</summary>
    /// <param name="answer">What is answered to a request, by its head; null: an error of AWS.</param>
    public Recorder(Func<string, string>? answer = null, IPAddress? address = null)
    {
        _answer = answer ?? (_ => Refusal);
        _listener = new TcpListener(address ?? IPAddress.Loopback, 0);
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>An error that no client repeats a request after.</summary>
    public static string Refusal => Http(
        "400 Bad Request", "<ErrorResponse><Error><Code>ValidationError</Code><Message>Recorded.</Message></Error></ErrorResponse>");

    /// <summary>The first line of each request.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Url => $"http://127.0.0.1:{Port}";

    public static string Http(string status, string body, string headers = "") =>
        $"HTTP/1.1 {status}\r\nContent-Type: text/xml\r\n{headers}Connection: close\r\n"
            + $"Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _serving;
        _ended.Dispose();
    }

    private async Task ServeAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_ended.Token)));
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        using var _ = client;
        try
        {
            var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
            var head = new StringBuilder();
            var length = 0;
            while (await reader.ReadLineAsync(_ended.Token) is { Length: > 0 } line)
            {
                head.Append(line).Append('\n');
                length = line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase) ? int.Parse(line.Split(':')[1]) : length;
            }

            // What is not read when a connection is closed resets it.
            var body = new char[length];
            if (length > 0)
            {
                await reader.ReadBlockAsync(body, _ended.Token);
            }

            Requests.Enqueue(head.ToString().Split('\n')[0]);
            await stream.WriteAsync(Encoding.UTF8.GetBytes(_answer(head.ToString() + new string(body))), _ended.Token);
        }
        catch (Exception end) when (end is IOException or OperationCanceledException)
        {
            // It has heard enough.
        }
    }
}

/// <summary>Every connection that this process begins, and every name that it looks up, but for those of loopback.</summary>
internal sealed class Contacts : EventListener
{
    private readonly ConcurrentQueue<string> _seen = new();

    public IReadOnlyCollection<string> Outside => _seen;

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name is "System.Net.Sockets" or "System.Net.NameResolution")
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData is { EventName: "ConnectStart" or "ResolutionStart", Payload: [string to, ..] }
            && !to.Contains("127,0,0,1,", StringComparison.Ordinal)
                && !to.Contains(",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,0,0,0,0}", StringComparison.Ordinal)
            && !to.StartsWith("Unix", StringComparison.Ordinal) && to is not ("localhost" or "127.0.0.1" or "::1"))
        {
            _seen.Enqueue(to);
        }
    }
}
