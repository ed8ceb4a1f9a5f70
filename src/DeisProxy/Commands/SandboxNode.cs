using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Router;

namespace DeisProxy.Commands;

/// <summary>A real sshd in front of the sandbox, on the address of each of its nodes, with keys made for it alone.</summary>
internal sealed class SandboxNode : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Starts sshd, and takes everything away again when that ends, or when standard input does: when this process is gone, whatever has ended it.
    /// </summary>
    private const string Starter = """
        exec 3<&0 </dev/null >/dev/null 2>&1
        "$1" -D -e -f "$2/sshd_config" 3<&- &
        read -r _ <&3 &
        wait -n
        kill $(jobs -pr)
        rm -rf "$2"
        wait
        """;

    private readonly DirectoryInfo _folder;
    private readonly Process _server;
    private readonly NodeShell _shell;

    private SandboxNode(DirectoryInfo folder, Process server, NodeShell shell, IEnumerable<string> addresses)
    {
        (_folder, _server, _shell) = (folder, server, shell);
        Options =
        [
            .. addresses.SelectMany(address => (string[])["--node", address]), "--ssh-user", Environment.UserName,
            "--identity", PathOf(SshdFiles.UserKey), "--known-hosts", PathOf(SshdFiles.KnownHosts), "--ssh-config", "/dev/null",
        ];
    }

    /// <summary>The options with which deis-proxy enters the nodes.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <summary>Starts it, where sshd and bash are installed and every address of 127.0.0.0/8 is this machine's, as on Linux.</summary>
    /// <returns>It, or null where they are not.</returns>
    public static async Task<SandboxNode?> StartAsync(SandboxCloud sandbox, CancellationToken cancellationToken)
    {
        if (SshdFiles.Find("sshd") is not { } sshd || SshdFiles.Find("ssh-keygen") is null || SshdFiles.Find("bash") is not { } bash
            || FreePort(sandbox.Nodes[^1]) is not { } port)
        {
            return null;
        }

        var folder = Directory.CreateTempSubdirectory("deis-proxy-sandbox-");
        var shell = new NodeShell(sandbox);
        SandboxNode? node = null;
        try
        {
            var script = Path.Combine(folder.FullName, "shell");
            await File.WriteAllTextAsync(script, shell.Script, cancellationToken);

            // The load balancer has an invented address: nothing is to be sent to whoever has it.
            string[] rights = ["PermitOpen 127.0.0.1:*", $"ForceCommand {ShellQuote.Join([bash, script])}"];
            await SshdFiles.WriteAsync(folder.FullName, sandbox.Nodes, port, userKey: null, rights, cancellationToken);
            var start = new ProcessStartInfo(bash, ["-c", Starter, "bash", sshd, folder.FullName])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
            };
            node = new SandboxNode(folder, Process.Start(start)!, shell, sandbox.Nodes.Select(address => $"{address}:{port}"));
            await node.WaitUntilReadyAsync(IPAddress.Parse(sandbox.Nodes[^1]), port, cancellationToken);
            return node;
        }
        catch when (node is not null)
        {
            await node.DisposeAsync();
            throw;
        }
        catch
        {
            await shell.DisposeAsync();
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _shell.DisposeAsync();
        try
        {
            _server.StandardInput.Close();
            using var limit = new CancellationTokenSource(EndLimit);
            await _server.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _server.Kill(entireProcessTree: true);
            await _server.WaitForExitAsync(CancellationToken.None);
        }

        _folder.Refresh();
        if (_folder.Exists)
        {
            _folder.Delete(recursive: true);
        }

        _server.Dispose();
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private async Task WaitUntilReadyAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(Pause, cancellationToken))
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(address, port, cancellationToken);
                return;
            }
            catch (SocketException) when (!_server.HasExited && clock.Elapsed < StartLimit)
            {
                Debug.WriteLine(port);
            }
            catch (SocketException error)
            {
                throw new DeisProxyException(
                    "sshd-failed", "The sandbox's sshd did not start.", "Run the demo instead, which needs none: deis-proxy demo.", error);
            }
        }
    }

    /// <summary>A port of an address; null if the address is not this machine's.</summary>
    private static int? FreePort(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        try
        {
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            return null;
        }
    }
}
