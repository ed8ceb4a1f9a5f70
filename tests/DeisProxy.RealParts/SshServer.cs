using System.Diagnostics;
using System.Net.Sockets;
using DeisProxy.Sandbox;

namespace DeisProxy.RealParts;

/// <summary>Where an sshd listens.</summary>
/// <param name="Network">The namespace that is its machine; null: this process's own.</param>
/// <param name="IdentityFile">Who may enter; null: a new key.</param>
internal sealed record SshPlace(NetworkNamespace? Network, IReadOnlyList<string> Addresses, int Port, string? IdentityFile = null);

/// <summary>
/// A real sshd, as a rule on a free port of 127.0.0.1, with keys of its own; who may enter is the user that runs the tests.
/// </summary>
public sealed class SshServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory;
    private readonly SshPlace _place;
    private readonly string _configuration;
    private RealProcess _process;

    private SshServer(TemporaryDirectory directory, string configuration, SshPlace place)
    {
        (_directory, _configuration, _place) = (directory, configuration, place);
        _process = Start();
    }

    public int Port => _place.Port;

    /// <summary>HOST:PORT, as for <c>--node</c>.</summary>
    public string Address => $"{_place.Addresses[0]}:{Port}";

    public string User { get; } = Environment.UserName;

    public string IdentityFile => _place.IdentityFile ?? _directory[SshdFiles.UserKey];

    /// <summary>Knows the server's key.</summary>
    public string KnownHostsFile => _directory[SshdFiles.KnownHosts];

    /// <summary>SHA256:... of the server's key.</summary>
    public string Fingerprint { get; private set; } = "";

    public string Output => _process.Output;

    /// <summary>Process id of the server itself, which does not serve connections.</summary>
    public int ProcessId => _process.Id;

    /// <summary>What it and its connections that have ended took of the processors.</summary>
    public TimeSpan ProcessorTime => _process.ProcessorTime();

    /// <summary>How many connections it serves at this moment.</summary>
    public int Connections => RealProcess.ChildrenOf(_process.Id).Count;

    /// <summary>Waits until it serves nobody any more.</summary>
    public Task RestAsync() => _process.WaitUntilAsync(() => Task.FromResult(Connections == 0), RealProcess.StartLimit);

    /// <summary>Starts it.</summary>
    /// <param name="configuration">More lines for sshd_config, such as <c>MaxSessions 2</c>.</param>
    public static Task<SshServer> StartAsync(params string[] configuration) =>
        RealProcess.OnFreePortAsync(port => StartAsync(new SshPlace(null, ["127.0.0.1"], port), configuration));

    internal static async Task<SshServer> StartAsync(SshPlace place, params string[] configuration)
    {
        EnsureKeyMaker();
        var directory = new TemporaryDirectory();
        SshServer? server = null;
        try
        {
            var file = await SshdFiles.WriteAsync(directory.Path, place.Addresses, place.Port, place.IdentityFile, configuration, default);
            server = new SshServer(directory, file, place)
            {
                Fingerprint = (await RealProcess.RunAsync("ssh-keygen", "-lf", directory["host_key"] + ".pub")).Split(' ')[1],
            };
            await server.ReadyAsync();
            return server;
        }
        catch
        {
            if (server is not null)
            {
                await server.DisposeAsync();
            }

            directory.Dispose();
            throw;
        }
    }

    /// <summary>Makes a key pair: FILE and FILE.pub.</summary>
    public static Task NewKeyAsync(string file)
    {
        EnsureKeyMaker();
        return SshdFiles.NewKeyAsync(file, CancellationToken.None);
    }

    /// <summary>A line for known_hosts that binds ADDRESS:PORT to a key.</summary>
    public static string KnownHostsLine(int port, string keyFile, string address = "127.0.0.1") =>
        SshdFiles.KnownHostsLine(address, port, keyFile);

    /// <summary>Kills the processes that serve the connections which exist now; new ones are accepted, and the commands go on.</summary>
    public void CutConnections()
    {
        // All are known before the first one ends: whose parent is gone is nobody's child any more.
        var serving = new List<int>(RealProcess.ChildrenOf(_process.Id));
        for (var i = 0; i < serving.Count; i++)
        {
            serving.AddRange(RealProcess.ChildrenOf(serving[i]));
        }

        foreach (var id in serving)
        {
            try
            {
                using var connection = Process.GetProcessById(id);
                if (connection.ProcessName.StartsWith("sshd", StringComparison.Ordinal))
                {
                    connection.Kill();
                }
            }
            catch (Exception e) when (e is ArgumentException or InvalidOperationException)
            {
                // It has ended while we looked.
                Debug.WriteLine(e.Message);
            }
        }
    }

    /// <summary>Stops it and every connection. <see cref="RestartAsync"/> brings it back on the same port.</summary>
    public ValueTask StopAsync() => _process.DisposeAsync();

    public async Task RestartAsync()
    {
        _process = Start();
        await ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    private RealProcess Start()
    {
        string[] command = [RealProcess.Find("sshd", "install the Debian package openssh-server"), "-D", "-e", "-f", _configuration];

        // A machine of its own has a /run of its own, in which the sessions' programs meet no files of another machine's.
        return _place.Network is null ? RealProcess.Start(command[0], command[1..]) : RealProcess.StartIn(
            _place.Network,
            RealProcess.Find("unshare", "install the Debian package util-linux"),
            ["--mount", "sh", "-c", "mount -t tmpfs run /run && mkdir /run/sshd && exec \"$@\"", "sh", .. command]);
    }

    private Task ReadyAsync() => _process.WaitUntilAsync(
        async () =>
        {
            // Its banner is enough: not every configuration under test lets the system's own ssh in.
            using var client = new TcpClient();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            try
            {
                await client.ConnectAsync(_place.Addresses[0], Port, limit.Token);
                var banner = new byte[4];
                await client.GetStream().ReadExactlyAsync(banner, limit.Token);
                return banner.AsSpan().SequenceEqual("SSH-"u8);
            }
            catch (Exception e) when (e is SocketException or IOException or OperationCanceledException)
            {
                // Refused, or on a busy machine late or cut off: why it never works the server's own output says.
                Debug.WriteLine(e.Message);
                return false;
            }
        },
        RealProcess.StartLimit);

    /// <summary>A missing ssh-keygen is named like any other missing part.</summary>
    private static void EnsureKeyMaker() => RealProcess.Find("ssh-keygen", "install openssh-client");
}
