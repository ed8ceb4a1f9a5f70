using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>
/// Lets another process into the sandbox's nodes, as an sshd would: when that process ends, however it does, its sessions and
/// connections end.
/// </summary>
internal sealed class NodeRelay : IAsyncDisposable
{
    private readonly SandboxCloud _sandbox;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<string, INode> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _serving = new();
    private readonly Task _accepting;

    public NodeRelay(SandboxCloud sandbox)
    {
        _sandbox = sandbox;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving.Keys);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var serving = ServeAsync(await _listener.AcceptTcpClientAsync(_ended.Token));
                _serving[serving] = 0;
            }
        }
        catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // The relay has ended.
            return;
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var owned = client;
        client.NoDelay = true;
        var stream = client.GetStream();
        try
        {
            var request = await RelayMessage.ReadAsync<RelayRequest>(stream, _ended.Token);
            await ServeAsync(request, stream);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other process has ended, or the connection to the node is lost.
            return;
        }
    }

    private async Task ServeAsync(RelayRequest request, NetworkStream stream)
    {
        INode? entered = null;
        Stream? opened = null;
        try
        {
            RelayAnswer answer;
            try
            {
                var node = request.Id.Length > 0 ? _nodes[request.Id] : null;
                switch (request.Operation)
                {
                    case "enter":
                        entered = await _sandbox.ConnectNodeAsync(request.Host, _ended.Token);
                        answer = new RelayAnswer { Id = Guid.NewGuid().ToString("N") };
                        _nodes[answer.Id] = entered;
                        break;
                    case "run":
                        answer = new RelayAnswer { Result = await node!.RunAsync(request.Arguments, _ended.Token) };
                        break;
                    case "start":
                        opened = await node!.StartAsync(request.Arguments, _ended.Token);
                        answer = new RelayAnswer();
                        break;
                    default:
                        opened = await node!.OpenStreamAsync(request.Host, request.Port, _ended.Token);
                        answer = new RelayAnswer();
                        break;
                }
            }
            catch (DeisProxyException error)
            {
                answer = new RelayAnswer { Code = error.Code, Message = error.Message, Remedy = error.Remedy, IsTransient = error.IsTransient };
            }
            catch (IOException error)
            {
                answer = new RelayAnswer { Message = error.Message };
            }

            await RelayMessage.WriteAsync(stream, answer, _ended.Token);
            if (opened is not null)
            {
                await CopyBothAsync(stream, opened);
            }
            else if (entered is not null)
            {
                // The other process keeps this connection for as long as it is in the node.
                _ = await stream.ReadAsync(new byte[1], _ended.Token);
            }
        }
        finally
        {
            if (opened is not null)
            {
                await opened.DisposeAsync();
            }

            if (entered is not null)
            {
                await entered.DisposeAsync();
            }
        }
    }

    private async Task CopyBothAsync(NetworkStream stream, Stream opened)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        Task[] copies = [stream.CopyToAsync(opened, either.Token), opened.CopyToAsync(stream, either.Token)];
        await Task.WhenAny(copies);
        await either.CancelAsync();
        await Task.WhenAll(copies);
    }
}

/// <summary>A node in the sandbox of another process.</summary>
internal sealed class RelayedNode : INode
{
    private readonly int _relay;
    private readonly string _id;
    private readonly TcpClient _stay;

    private RelayedNode(int relay, string name, string id, TcpClient stay) => (_relay, Name, _id, _stay) = (relay, name, id, stay);

    public string Name { get; }

    public static async Task<INode> EnterAsync(int relay, string node, CancellationToken cancellationToken)
    {
        var (client, answer) = await AskAsync(relay, new RelayRequest { Operation = "enter", Host = node }, cancellationToken);
        return new RelayedNode(relay, node, answer.Id, client);
    }

    public async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var (client, answer) = await AskAsync(_relay, new RelayRequest { Operation = "run", Id = _id, Arguments = arguments }, cancellationToken);
        client.Dispose();
        return answer.Result!;
    }

    public async Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        (await AskAsync(_relay, new RelayRequest { Operation = "start", Id = _id, Arguments = arguments }, cancellationToken)).Client.GetStream();

    public async Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
        (await AskAsync(_relay, new RelayRequest { Operation = "open-stream", Id = _id, Host = host, Port = port }, cancellationToken)).Client
            .GetStream();

    public ValueTask DisposeAsync()
    {
        _stay.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<(TcpClient Client, RelayAnswer Answer)> AskAsync(int relay, RelayRequest request, CancellationToken cancellationToken)
    {
        var client = new TcpClient { NoDelay = true };
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, relay, cancellationToken);
            await RelayMessage.WriteAsync(client.GetStream(), request, cancellationToken);
            var answer = await RelayMessage.ReadAsync<RelayAnswer>(client.GetStream(), cancellationToken);
            return answer.Message is null
                ? (client, answer)
                : throw (answer.Code is null
                    ? new IOException(answer.Message)
                    : new DeisProxyException(answer.Code, answer.Message, answer.Remedy!) { IsTransient = answer.IsTransient });
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }
}

internal sealed record RelayRequest
{
    public required string Operation { get; init; }

    public string Id { get; init; } = "";

    public string Host { get; init; } = "";

    public int Port { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];
}

internal sealed record RelayAnswer
{
    public string Id { get; init; } = "";

    public CommandResult? Result { get; init; }

    public string? Code { get; init; }

    public string? Message { get; init; }

    public string? Remedy { get; init; }

    public bool IsTransient { get; init; }
}

/// <summary>A length and as many bytes of JSON.</summary>
internal static class RelayMessage
{
    public static async Task WriteAsync<T>(Stream stream, T message, CancellationToken cancellationToken)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(message);
        var bytes = new byte[4 + text.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, text.Length);
        text.CopyTo(bytes, 4);
        await stream.WriteAsync(bytes, cancellationToken);
    }

    public static async Task<T> ReadAsync<T>(Stream stream, CancellationToken cancellationToken)
    {
        var length = new byte[4];
        await stream.ReadExactlyAsync(length, cancellationToken);
        var text = new byte[BinaryPrimitives.ReadInt32LittleEndian(length)];
        await stream.ReadExactlyAsync(text, cancellationToken);
        return JsonSerializer.Deserialize<T>(text)!;
    }
}
