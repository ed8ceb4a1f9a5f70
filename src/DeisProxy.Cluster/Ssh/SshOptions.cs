using System.Text.RegularExpressions;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>What connects to nodes.</summary>
public enum SshClientKind
{
    /// <summary>SSH.NET, unless the host's ssh configuration asks for what it cannot do.</summary>
    Auto,

    /// <summary>SSH.NET.</summary>
    Renci,

    /// <summary>The system's ssh.</summary>
    OpenSsh,
}

/// <summary>How to connect to a node; the meanings are those of the OpenSSH client's own options.</summary>
public sealed partial record SshOptions
{
    /// <summary>What connects to it.</summary>
    public SshClientKind Client { get; init; }

    /// <summary>The user on the node, <c>ssh -l</c>. CoreOS nodes have <c>core</c>.</summary>
    public string User { get; init; } = "core";

    /// <summary>
    /// The private key to use, <c>ssh -i</c>; null: the agent's keys and the user's ssh configuration. When given, only this key
    /// (and those of the ssh configuration) is offered to the node: an agent full of other keys would use up the
    /// server's attempts (MaxAuthTries) before it is its turn. It is offered to jump hosts too, after the agent's keys.
    /// </summary>
    public string? IdentityFile { get; init; }

    /// <summary>An ssh configuration file instead of the user's, <c>ssh -F</c>.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Hosts to go through, as for <c>ssh -J</c>: <c>[user@]host[:port]</c>, several with commas, the first one first.</summary>
    public string? Jump { get; init; }

    /// <summary>A known-hosts file instead of the user's, for the node and for jump hosts.</summary>
    public string? KnownHostsFile { get; init; }

    /// <summary>How long the TCP connection and the key exchange may take; whole seconds, at least one.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long connecting may take in all: <see cref="ConnectTimeout"/> holds for each step of it.</summary>
    internal TimeSpan EntryTime => ConnectTimeout * 3;

    /// <summary>Where to look for programs, in the form of PATH; null: the PATH of this process. For tests.</summary>
    internal string? SearchPath { get; init; }

    /// <summary>Tells ssh the passphrase of keys; null: nobody does.</summary>
    internal AskPass? AskPass { get; init; }

    /// <summary>Checks everything that can be checked without contacting anything.</summary>
    /// <exception cref="DeisProxyException"><c>bad-ssh-user</c>, <c>bad-jump-host</c>, <c>ssh-file-missing</c>.</exception>
    public void Validate()
    {
        if (!UserName().IsMatch(User))
        {
            throw new DeisProxyException(
                "bad-ssh-user",
                $"'{RemoteText.Clean(User, 80)}' is not a user name.",
                "Use letters, digits, '.', '_' and '-', not beginning with '-' or '.'; Deis nodes have the user core.");
        }

        _ = JumpHosts();
        RequireFile("--identity", IdentityFile);
        RequireFile("--ssh-config", ConfigFile);
        RequireFile("--known-hosts", KnownHostsFile);
    }

    /// <summary>The hosts of <see cref="Jump"/>, in the order in which they are passed.</summary>
    internal IReadOnlyList<(string? User, NodeAddress Address)> JumpHosts()
    {
        if (string.IsNullOrEmpty(Jump))
        {
            return [];
        }

        var hosts = new List<(string?, NodeAddress)>();
        foreach (var part in Jump.Split(','))
        {
            var at = part.IndexOf('@', StringComparison.Ordinal);
            var user = at < 0 ? null : part[..at];
            if (NodeAddress.TryParse(part[(at + 1)..]) is not { } address || (user is not null && !UserName().IsMatch(user)))
            {
                throw new DeisProxyException(
                    "bad-jump-host",
                    $"'{RemoteText.Clean(part, 80)}' is not a jump host.",
                    "Write [user@]host[:port], several of them with commas and no spaces.");
            }

            hosts.Add((user, address));
        }

        return hosts;
    }

    /// <summary>Replaces a leading <c>~/</c>, which a shell leaves alone in <c>--identity=~/key</c>.</summary>
    internal static string Expand(string path) => path.StartsWith("~/", StringComparison.Ordinal)
        ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), path[2..])
        : path;

    private static void RequireFile(string option, string? path)
    {
        // ssh only warns about a missing key and then fails with "Permission denied", which leads people astray.
        if (path is null)
        {
            return;
        }

        if (path.AsSpan().IndexOfAny("\"\r\n\0") >= 0 || !File.Exists(Expand(path)))
        {
            throw new DeisProxyException(
                "ssh-file-missing",
                $"{option}: there is no file '{RemoteText.Clean(path)}'.",
                "Check the path.");
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UserName();
}
