using System.Diagnostics;

namespace DeisProxy.Sandbox;

/// <summary>What an sshd of one's own needs: a host key, the key of who may enter, known_hosts and its configuration, all in one folder.</summary>
public static class SshdFiles
{
    /// <summary>Name of the user's private key, unless another one is given.</summary>
    public const string UserKey = "user_key";

    /// <summary>Name of the file that knows the host key.</summary>
    public const string KnownHosts = "known_hosts";

    /// <summary>Finds a program.</summary>
    /// <returns>Its path; null if it is not installed.</returns>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Concat(["/usr/sbin", "/usr/local/sbin", "/sbin"])
        .Select(folder => Path.Combine(folder, program))
        .FirstOrDefault(File.Exists);

    /// <summary>Makes a key pair: FILE and FILE.pub.</summary>
    public static async Task NewKeyAsync(string file, CancellationToken cancellationToken)
    {
        using var maker = Process.Start(Find("ssh-keygen") ?? "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "sandbox", "-f", file]);
        await maker.WaitForExitAsync(cancellationToken);
    }

    /// <summary>A line for known_hosts that binds ADDRESS:PORT to a key.</summary>
    public static string KnownHostsLine(string address, int port, string keyFile) =>
        $"{(port == 22 ? address : $"[{address}]:{port}")} {string.Join(' ', File.ReadAllText($"{keyFile}.pub").Split(' ').Take(2))}\n";

    /// <summary>Writes the files.</summary>
    /// <param name="userKey">The private key of who may enter; null: a new one.</param>
    /// <param name="more">Lines of sshd_config that come first, so that they count.</param>
    /// <returns>The configuration, as for <c>sshd -f</c>.</returns>
    public static async Task<string> WriteAsync(
        string folder, IReadOnlyList<string> addresses, int port, string? userKey, IEnumerable<string> more, CancellationToken cancellationToken)
    {
        string At(string name) => Path.Combine(folder, name);
        await NewKeyAsync(At("host_key"), cancellationToken);
        if (userKey is null)
        {
            await NewKeyAsync(userKey = At(UserKey), cancellationToken);
        }

        await File.WriteAllTextAsync(
            At(KnownHosts), string.Concat(addresses.Select(address => KnownHostsLine(address, port, At("host_key")))), cancellationToken);
        await File.WriteAllLinesAsync(
            At("sshd_config"),
            [
                .. more, $"Port {port}", .. addresses.Select(address => $"ListenAddress {address}"),
                $"HostKey {At("host_key")}", $"AuthorizedKeysFile {userKey}.pub", "StrictModes no", "UsePAM no", "PasswordAuthentication no",
                "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "PidFile none", "PrintMotd no", "MaxStartups 100",

                // Keeps bash from reading anybody's .bashrc first.
                "SetEnv SHLVL=5",
            ],
            cancellationToken);
        if (Environment.IsPrivilegedProcess)
        {
            // sshd drops its privileges into this folder; normally its service makes it.
            Directory.CreateDirectory("/run/sshd");
        }

        return At("sshd_config");
    }
}
