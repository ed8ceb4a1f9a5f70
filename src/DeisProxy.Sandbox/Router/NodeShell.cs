using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

using DeisProxy.Cluster.Ssh;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>
/// Lets a real sshd give its commands to the nodes of a sandbox: none of them is run on this machine, where a router of that name, or iptables,
/// might be somebody else's.
/// </summary>
public sealed partial class NodeShell : IAsyncDisposable
{
    /// <summary>Says that nothing more is typed: bash cannot close its half of a connection.</summary>
    private const string EndOfInput = "\u0004";

    /// <summary>How long bash may take to go.</summary>
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(1);

    /// <summary>How long a command may take for what it says after the last that was typed.</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(10);

    private readonly SandboxCloud _sandbox;
    private readonly TcpServer _server;

    /// <summary>Begins to listen on a port of 127.0.0.1.</summary>
    public NodeShell(SandboxCloud sandbox)
    {
        ArgumentNullException.ThrowIfNull(sandbox);
        _sandbox = sandbox;
        _server = TcpServer.Start(0, ServeAsync, sandbox.Defect);
    }

    /// <summary>
    /// What sshd is to run with bash instead of each command (<c>ForceCommand</c>). It says the node's address and the command, then whatever is
    /// typed, and is answered with the exit status and the output.
    /// </summary>
    public string Script => $$"""
        exec 3<>/dev/tcp/127.0.0.1/{{_server.Port}} 4<&0 || exit 1
        read -r _ _ node _ <<<"$SSH_CONNECTION"
        printf '%s\0' "$node" "$SSH_ORIGINAL_COMMAND" >&3
        { cat; printf '\4\n'; } <&4 >&3 2>/dev/null &
        read -r status <&3
        cat <&3
        kill $! 2>/dev/null
        exit "${status:-1}"

        """;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        using var reader = new StreamReader(stream);
        await using var node = await _sandbox.ConnectNodeAsync(await ReadTextAsync(reader, cancellationToken), cancellationToken);
        var words = WordsOf(await ReadTextAsync(reader, cancellationToken));
        if (!NodeCommands.IsTalkedTo(words))
        {
            var result = await node.RunAsync(words, cancellationToken);
            await WriteAsync(stream, $"{result.ExitCode}\n{result.StandardOutput}{result.StandardError}", cancellationToken);
            await EndAsync(socket, stream, cancellationToken);
            return;
        }

        await using var session = await node.StartAsync(words, cancellationToken);
        await WriteAsync(stream, "0\n", cancellationToken);
        var copying = session.CopyToAsync(stream, cancellationToken);
        if (await Task.WhenAny(TypeAsync(reader, session, cancellationToken), copying) != copying)
        {
            (session as NodeStream)?.EndInput();
            await Task.WhenAny(copying, Task.Delay(LastWords, cancellationToken));
        }

        await EndAsync(socket, stream, cancellationToken);
    }

    /// <summary>Closes the connection so that nothing is lost: closed on unread input, it would be reset, and bash would see an error.</summary>
    private static async Task EndAsync(Socket socket, NetworkStream stream, CancellationToken cancellationToken)
    {
        socket.Shutdown(SocketShutdown.Send);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(EndLimit);
        var rest = new byte[1024];
        try
        {
            while (await stream.ReadAsync(rest, limit.Token) > 0)
            {
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            Debug.WriteLine(gone.Message);
        }
    }

    /// <summary>Takes a command line apart as a shell does that is told no more than what <see cref="ShellQuote"/> writes.</summary>
    private static List<string> WordsOf(string command) =>
        [.. Word().Matches(command).Where(word => word.Value != "</dev/null").Select(word => Quoted().Replace(word.Value, "${text}"))];

    private static async Task TypeAsync(StreamReader reader, Stream session, CancellationToken cancellationToken)
    {
        while (await reader.ReadLineAsync(cancellationToken) is { } line && line != EndOfInput)
        {
            await WriteAsync(session, $"{line}\n", cancellationToken);
        }
    }

    private static async Task<string> ReadTextAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        var one = new char[1];
        while (await reader.ReadAsync(one, cancellationToken) == 1 && one[0] != '\0')
        {
            text.Append(one[0]);
        }

        return text.ToString();
    }

    [GeneratedRegex(@"('[^']*'|\\.|[^\s'\\])+", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"'(?<text>[^']*)'|\\(?<text>.)", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();

    private static ValueTask WriteAsync(Stream stream, string text, CancellationToken cancellationToken) =>
        stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
}
