using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using DeisProxy.Core;

namespace DeisProxy.Commands;

/// <summary>A real sshd in front of the sandbox, as the node that the cluster is entered by, with keys made for it alone.</summary>
internal sealed class SandboxNode : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);

    private readonly DirectoryInfo _folder;
    private readonly Process _server;

    private SandboxNode(DirectoryInfo folder, Process server, int port)
    {
        (_folder, _server) = (folder, server);
        Address = $"127.0.0.1:{port}";
    }

    /// <summary>Where it listens, as for <c>--node</c>.</summary>
    public string Address { get; }

    /// <summary>The options with which deis-proxy enters it.</summary>
    public string Options =>
        $"--ssh-user {Environment.UserName} --identity {PathOf("user_key")} --known-hosts {PathOf("known_hosts")} --ssh-config /dev/null";

    /// <summary>Starts it, where an sshd is installed.</summary>
    /// <returns>The node, or null where none is installed.</returns>
    public static async Task<SandboxNode?> StartAsync(CancellationToken cancellationToken)
    {
        if (Find("sshd") is not { } sshd || Find("ssh-keygen") is not { } keygen)
        {
            return null;
        }

        var folder = Directory.CreateTempSubdirectory("deis-proxy-sandbox-");
        var port = FreePort();
        string At(string name) => Path.Combine(folder.FullName, name);
        try
        {
            foreach (var name in new[] { "host_key", "user_key" })
            {
                using var maker = Start(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "sandbox", "-f", At(name)]);
                await maker.WaitForExitAsync(cancellationToken);
            }

            await File.WriteAllTextAsync(
                At("known_hosts"), $"[127.0.0.1]:{port} {await File.ReadAllTextAsync(At("host_key.pub"), cancellationToken)}", cancellationToken);
            await File.WriteAllLinesAsync(
                At("sshd_config"),
                [
                    $"Port {port}", "ListenAddress 127.0.0.1", $"HostKey {At("host_key")}", $"AuthorizedKeysFile {At("user_key.pub")}", "StrictModes no",
                    "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "PidFile none",
                    // The nodes and the load balancer have invented addresses: nothing is to be sent to whoever has them.
                    "PermitOpen 127.0.0.1:*",
                ],
                cancellationToken);
            if (Environment.IsPrivilegedProcess)
            {
                // sshd drops its privileges into this folder; normally its service makes it.
                Directory.CreateDirectory("/run/sshd");
            }

            var node = new SandboxNode(folder, Start(sshd, ["-D", "-e", "-f", At("sshd_config")]), port);
            await node.WaitUntilReadyAsync(port, cancellationToken);
            return node;
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _folder.Delete(recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private async Task WaitUntilReadyAsync(int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartLimit);
        try
        {
            while (true)
            {
                try
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(IPAddress.Loopback, port, limit.Token);
                    return;
                }
                catch (SocketException) when (!_server.HasExited)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(20), limit.Token);
                }
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            await EndAsync();
            cancellationToken.ThrowIfCancellationRequested();
            throw new DeisProxyException(
                "sshd-failed", "The sandbox's sshd did not start.", "Run the demo instead, which needs none: deis-proxy demo.", error);
        }
    }

    private async Task EndAsync()
    {
        if (!_server.HasExited)
        {
            _server.Kill(entireProcessTree: true);
            await _server.WaitForExitAsync(CancellationToken.None);
        }

        _server.Dispose();
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(["/usr/sbin", "/usr/local/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
