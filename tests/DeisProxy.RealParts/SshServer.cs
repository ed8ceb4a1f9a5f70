using System.Diagnostics;
using System.Net.Sockets;

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
    private RealProcess _process;

    private SshServer(TemporaryDirectory directory, RealProcess process, SshPlace place)
    {
        _directory = directory;
        _process = process;
        _place = place;
    }

    public int Port => _place.Port;

    /// <summary>HOST:PORT, as for <c>--node</c>.</summary>
    public string Address => $"{_place.Addresses[0]}:{Port}";

    public string User { get; } = Environment.UserName;

    public string IdentityFile => _place.IdentityFile ?? _directory["user_key"];

    /// <summary>Knows the server's key.</summary>
    public string KnownHostsFile => _directory["known_hosts"];

    /// <summary>SHA256:... of the server's key.</summary>
    public string Fingerprint { get; private set; } = "";

    public string Output => _process.Output;

    /// <summary>Process id of the server itself, which does not serve connections.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts it.</summary>
    /// <param name="configuration">More lines for sshd_config, such as <c>MaxSessions 2</c>.</param>
    public static Task<SshServer> StartAsync(params string[] configuration) =>
        RealProcess.OnFreePortAsync(port => StartAsync(new SshPlace(null, ["127.0.0.1"], port), configuration));

    internal static async Task<SshServer> StartAsync(SshPlace place, params string[] configuration)
    {
        var directory = new TemporaryDirectory();
        SshServer? server = null;
        try
        {
            await NewKeyAsync(directory["host_key"]);
            if (place.IdentityFile is null)
            {
                await NewKeyAsync(directory["user_key"]);
            }

            await File.WriteAllTextAsync(
                directory["known_hosts"],
                string.Concat(place.Addresses.Select(address => KnownHostsLine(place.Port, directory["host_key"], address))));
            await File.WriteAllLinesAsync(directory["sshd_config"],
            [
                // sshd takes the first value of an option.
                .. configuration,
                $"Port {place.Port}", .. place.Addresses.Select(address => $"ListenAddress {address}"),
                $"HostKey {directory["host_key"]}", $"AuthorizedKeysFile {place.IdentityFile ?? directory["user_key"]}.pub",
                "StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password",
                "PidFile none", "PrintMotd no", "MaxStartups 100",

                // Keeps bash from reading the .bashrc of whoever runs the tests before each command.
                "SetEnv SHLVL=5",
            ]);

            // sshd drops its privileges into this directory; normally its service makes it.
            Directory.CreateDirectory("/run/sshd");
            server = new SshServer(directory, Start(directory, place), place)
            {
                Fingerprint = (await RealProcess.RunAsync(KeyGenerator(), "-lf", directory["host_key"] + ".pub")).Split(' ')[1],
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
    public static Task NewKeyAsync(string file) => RealProcess.RunAsync(KeyGenerator(), "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file);

    /// <summary>A line for known_hosts that binds ADDRESS:PORT to a key.</summary>
    public static string KnownHostsLine(int port, string keyFile, string address = "127.0.0.1") =>
        $"{(port == 22 ? address : $"[{address}]:{port}")} {string.Join(' ', File.ReadAllText(keyFile + ".pub").Split(' ').Take(2))}\n";

    /// <summary>Kills the processes that serve the connections which exist now; new ones are accepted.</summary>
    public void CutConnections()
    {
        foreach (var id in _process.Children())
        {
            try
            {
                using var connection = Process.GetProcessById(id);
                connection.Kill();
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
        _process = Start(_directory, _place);
        await ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _directory.Dispose();
    }

    private static string KeyGenerator() => RealProcess.Find("ssh-keygen", "install the Debian package openssh-client");

    private static RealProcess Start(TemporaryDirectory directory, SshPlace place)
    {
        string[] command = [RealProcess.Find("sshd", "install the Debian package openssh-server"), "-D", "-e", "-f", directory["sshd_config"]];

        // A machine of its own has a /run of its own, in which the sessions' programs meet no files of another machine's.
        return place.Network is null ? RealProcess.Start(command[0], command[1..]) : RealProcess.StartIn(
            place.Network,
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
}
