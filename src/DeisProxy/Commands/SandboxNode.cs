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

    /// <summary>
    /// Starts sshd, and takes everything away again when its standard input ends: when this process is gone, whatever has ended it.
    /// </summary>
    private const string Starter =
        """exec 3<&0 </dev/null; { read -r _ <&3; kill $$; rm -rf "$2"; } >/dev/null 2>&1 & exec "$1" -D -e -f "$2/sshd_config" 3<&-""";

    private readonly DirectoryInfo _folder;
    private readonly Process _server;
    private readonly NodeShell _shell;

    private SandboxNode(DirectoryInfo folder, Process server, NodeShell shell, IEnumerable<string> addresses)
    {
        (_folder, _server, _shell) = (folder, server, shell);
        Options =
        [
            .. addresses.SelectMany(address => (string[])["--node", address]), "--ssh-user", Environment.UserName,
            "--identity", PathOf("user_key"), "--known-hosts", PathOf("known_hosts"), "--ssh-config", "/dev/null",
        ];
    }

    /// <summary>The options with which deis-proxy enters the nodes.</summary>
    public IReadOnlyList<string> Options { get; }

    /// <summary>Starts it, where sshd and bash are installed.</summary>
    /// <returns>It, or null where they are not.</returns>
    public static async Task<SandboxNode?> StartAsync(SandboxCloud sandbox, CancellationToken cancellationToken)
    {
        if (Find("sshd") is not { } sshd || Find("ssh-keygen") is not { } keygen || Find("bash") is not { } bash)
        {
            return null;
        }

        var folder = Directory.CreateTempSubdirectory("deis-proxy-sandbox-");
        var shell = new NodeShell(sandbox);
        var port = FreePort();
        string At(string name) => Path.Combine(folder.FullName, name);
        try
        {
            foreach (var name in new[] { "host_key", "user_key" })
            {
                using var maker = Start(keygen, ["-q", "-t", "ed25519", "-N", "", "-C", "sandbox", "-f", At(name)]);
                await maker.WaitForExitAsync(cancellationToken);
            }

            await File.WriteAllTextAsync(At("shell"), shell.Script, cancellationToken);
            var names = string.Join(',', sandbox.Nodes.Select(node => $"[{node}]:{port}"));
            await File.WriteAllTextAsync(
                At("known_hosts"), $"{names} {await File.ReadAllTextAsync(At("host_key.pub"), cancellationToken)}", cancellationToken);
            await File.WriteAllLinesAsync(
                At("sshd_config"),
                [
                    $"Port {port}", .. sandbox.Nodes.Select(node => $"ListenAddress {node}"), $"HostKey {At("host_key")}",
                    $"AuthorizedKeysFile {At("user_key.pub")}", "StrictModes no",
                    "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "PidFile none",
                    // The load balancer has an invented address: nothing is to be sent to whoever has it.
                    "PermitOpen 127.0.0.1:*", "MaxStartups 100",
                    // SHLVL keeps bash from reading anybody's .bashrc first.
                    "SetEnv SHLVL=5", $"ForceCommand {ShellQuote.Join([bash, At("shell")])}",
                ],
                cancellationToken);
            if (Environment.IsPrivilegedProcess)
            {
                // sshd drops its privileges into this folder; normally its service makes it.
                Directory.CreateDirectory("/run/sshd");
            }

            var server = Start("/bin/sh", ["-c", Starter, "sh", sshd, folder.FullName]);
            var node = new SandboxNode(folder, server, shell, sandbox.Nodes.Select(address => $"{address}:{port}"));
            await node.WaitUntilReadyAsync(IPAddress.Parse(sandbox.Nodes[^1]), port, cancellationToken);
            return node;
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
        await EndAsync();
        await _shell.DisposeAsync();
        _folder.Delete(recursive: true);

        // Its input ends only now, when there is nothing left to be taken away.
        _server.Dispose();
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private async Task WaitUntilReadyAsync(IPAddress address, int port, CancellationToken cancellationToken)
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
                    await client.ConnectAsync(address, port, limit.Token);
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
