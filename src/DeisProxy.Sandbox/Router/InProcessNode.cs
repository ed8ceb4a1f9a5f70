using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Sandbox.Router;

/// <summary>
/// A node of the sandbox without SSH: the same narrow port as the production transport, in the process. Connections see the network as
/// the node does; commands come from a small table (<see cref="SandboxCloud.NodeCommands"/>).
/// </summary>
public sealed class InProcessNode : INode
{
    private readonly SandboxCloud _sandbox;
    private readonly ConcurrentDictionary<Stream, byte> _streams = new();
    private readonly CancellationTokenSource _ended = new();
    private volatile bool _lost;

    internal InProcessNode(SandboxCloud sandbox, string name, string address)
    {
        _sandbox = sandbox;
        Name = name;
        Address = address;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The node's private address.</summary>
    public string Address { get; }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        CommandResult? result = null;
        await CallAsync(
            "run",
            isMutating: true,
            ("command", string.Join(' ', arguments)),
            async () => result = await _sandbox.NodeCommands.RunAsync(Address, arguments, cancellationToken),
            cancellationToken);
        return result!;
    }

    /// <inheritdoc/>
    public async Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        Stream? ours = null;
        var breaksOff = false;
        await CallAsync(
            "start",
            isMutating: false,
            ("command", string.Join(' ', arguments)),
            async () =>
            {
                var (refusal, answer, end) = await _sandbox.NodeCommands.StartAsync(Address, arguments);
                (ours, var theirs) = await PairAsync(cancellationToken);
                _ = TalkAsync(theirs, refusal, answer, end);
            },
            cancellationToken,
            () => Task.FromResult(breaksOff = true));
        return Add(ours!, breaksOff);
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken)
    {
        Stream? stream = null;
        var breaksOff = false;
        await CallAsync(
            "open-stream",
            isMutating: false,
            ("address", $"{host}:{port}"),
            async () => stream = await ConnectAsync(host, port, cancellationToken),
            cancellationToken,
            () => Task.FromResult(breaksOff = true));
        return Add(stream!, breaksOff);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        foreach (var stream in _streams.Keys)
        {
            await stream.DisposeAsync();
        }
    }

    /// <summary>Logs the connection itself; the node may refuse it.</summary>
    internal Task EnterAsync(CancellationToken cancellationToken)
    {
        if (_sandbox.Faults.Holds(FaultKind.NodeRefuses, Address))
        {
            throw new DeisProxyException(
                "ssh-unreachable",
                $"{Name} cannot be reached: connect to host {Name} port 22: Connection refused.",
                "Check that the node runs and admits SSH from here, or name another one with --node.")
            {
                IsTransient = true,
            };
        }

        return CallAsync("connect", isMutating: false, ("node", Address), () => Task.CompletedTask, cancellationToken);
    }

    /// <summary>The connection to the node is lost, and with it everything that goes through it.</summary>
    internal async Task CutAsync()
    {
        _lost = true;
        await DisposeAsync();
    }

    /// <summary>Why a stream ends, if it is because the connection to the node is lost.</summary>
    internal IOException? WhyEnded() => _lost && Lost() is var lost ? new IOException(lost.Message, lost) : null;

    private NodeStream Add(Stream stream, bool breaksOff)
    {
        var added = new NodeStream(this, stream, breaksOff);
        _streams[added] = 0;
        return added;
    }

    /// <summary>Logs a call and lets it fail as a fault wants it.</summary>
    private async Task CallAsync(
        string operation, bool isMutating, (string Name, string Value) parameter, Func<Task> action, CancellationToken cancellationToken,
        Func<Task<bool>>? breakOff = null)
    {
        if (_lost)
        {
            throw Lost();
        }

        var parameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["node"] = Address, [parameter.Name] = parameter.Value };
        var call = _sandbox.CallLog.Add("ssh", operation, isMutating, parameters);
        var fault = _sandbox.Faults.Match(call);
        if (fault is null or { Kind: FaultKind.CloseAfter or FaultKind.HangAfter or FaultKind.CutAnswer })
        {
            try
            {
                await action();
                call.Outcome = "ok";
            }
            catch (Exception error) when (error is IOException or DeisProxyException)
            {
                call.Outcome = $"error {(error as DeisProxyException)?.Code ?? "refused"}";
                throw;
            }
        }

        if (fault is null)
        {
            return;
        }

        call.Outcome =
            fault.Kind is FaultKind.CloseAfter or FaultKind.HangAfter or FaultKind.CutAnswer ? $"fault {fault.Kind} (done)" : $"fault {fault.Kind}";
        if (fault.Kind is FaultKind.Hang or FaultKind.HangAfter)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        if (fault.Kind == FaultKind.CutAnswer && breakOff is not null && await breakOff())
        {
            return;
        }

        await CutAsync();
        throw Lost();
    }

    /// <summary>The command's end of a session: every line is a call of its own, and the session's end is one, too, to the command.</summary>
    private async Task TalkAsync(Stream stream, string? refusal, Func<string, Task<string>> answer, Action end)
    {
        try
        {
            await using var owned = stream;
            using var reader = new StreamReader(stream);
            if (refusal is not null)
            {
                // Read what was said first: a socket that is closed with something unread may take its own last words back.
                _ = await reader.ReadLineAsync();
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{refusal}\n"));
                return;
            }

            while (await reader.ReadLineAsync() is { } line)
            {
                var said = "";
                await CallAsync(
                    "say",
                    isMutating: true,
                    ("line", line),
                    async () => said = await answer(line),
                    _ended.Token,
                    async () =>
                    {
                        await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(said[..(said.Length / 2)]));
                        return false;
                    });
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"{said}\n"));
            }
        }
        catch (Exception error) when (error is IOException or DeisProxyException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is lost; the other side sees that by itself.
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
        finally
        {
            end();
        }
    }

    private static async Task<(Stream Ours, Stream Theirs)> PairAsync(CancellationToken cancellationToken)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var ours = new TcpClient { NoDelay = true };
        await ours.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellationToken);
        return (ours.GetStream(), new NetworkStream(await listener.AcceptSocketAsync(cancellationToken), ownsSocket: true));
    }

    private DeisProxyException Lost() => new(
        "ssh-connection-lost",
        $"The SSH connection to {Name} was lost: Connection closed by remote host.",
        "Check the network to the node and run the command again.")
    {
        IsTransient = true,
    };

    private async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var network = _sandbox.Network;
        var toSelf = host is "127.0.0.1" or "localhost";
        try
        {
            return (toSelf, port) switch
            {
                (true, 4001 or 2379) => await network.ConnectLoopbackAsync(Address, _sandbox.EtcdEndpoint.Port, cancellationToken),
                (true, _) when network.IsOwn(port) || port == _sandbox.EtcdEndpoint.Port =>
                    await network.ConnectLoopbackAsync(Address, port, cancellationToken),
                // The name of a load balancer leads to its ports, wherever it is asked for.
                _ when _sandbox.LoadBalancers.FirstOrDefault(b => b.DnsName == host) is { } balancer =>
                    await network.ConnectLoopbackAsync(Address, balancer.DataPlanePort(port), cancellationToken),
                _ => await network.ConnectAsync(Address, toSelf ? Address : host, port, cancellationToken),
            };
        }
        catch (SocketException error)
        {
            throw new IOException($"channel 0: open failed: connect failed: {error.Message}", error);
        }
    }
}
