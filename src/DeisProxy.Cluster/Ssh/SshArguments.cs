using System.Globalization;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>What one call of <c>ssh</c> is for.</summary>
internal abstract record SshPurpose
{
    /// <summary>Open the connection that the others share, and stay in the background.</summary>
    public sealed record Master : SshPurpose;

    /// <summary>Run a command, which reads nothing unless it is talked to.</summary>
    public sealed record Command(IReadOnlyList<string> Arguments, bool IsTalkedTo = false) : SshPurpose;

    /// <summary>Connect standard input and output with an address as the node sees it.</summary>
    public sealed record Stream(string Host, int Port) : SshPurpose;

    /// <summary>Tell the master to end.</summary>
    public sealed record Exit : SshPurpose;
}

/// <summary>The one place where command lines for the OpenSSH client are made.</summary>
internal static class SshArguments
{
    /// <summary>
    /// How long a master outlives the last process that uses it, in seconds. <see cref="OpenSshNode"/> holds a connection to the
    /// control socket as long as it lives, so this only counts once deis-proxy is gone, however it went.
    /// </summary>
    private const int PersistSeconds = 10;

    /// <summary>Builds the arguments of <c>ssh</c>: options, <c>--</c>, the host, and what is to be done there.</summary>
    /// <param name="controlPath">The master's socket; null: a connection of its own.</param>
    public static IReadOnlyList<string> Build(NodeAddress node, SshOptions options, string? controlPath, SshPurpose purpose)
    {
        var hops = options.JumpHosts();
        return
        [
            .. Common(options), "-l", options.User, .. Option("-p", Number(node.Port)), .. Option("-i", options.IdentityFile),
            .. options.IdentityFile is null ? (string[])[] : ["-o", "IdentitiesOnly=yes"],
            .. hops.Count == 0 ? (string[])[] : ["-o", "ProxyCommand=" + ProxyCommand(options, hops)],

            // -S is expanded by ssh like ControlPath: a '%' stands for itself only when doubled.
            "-S", controlPath?.Replace("%", "%%", StringComparison.Ordinal) ?? "none",
            .. purpose switch
            {
                SshPurpose.Master => (string[])["-M", "-f", "-N", "-o", $"ControlPersist={PersistSeconds}"],
                SshPurpose.Command { IsTalkedTo: true } => ["-T", "-o", "ControlMaster=no"],
                SshPurpose.Command => ["-n", "-T", "-o", "ControlMaster=no"],
                SshPurpose.Stream stream => ["-o", "ControlMaster=no", "-W", NodeAddress.Join(InnerHost(stream.Host), stream.Port)],
                SshPurpose.Exit => ["-O", "exit"],
                _ => throw new ArgumentOutOfRangeException(nameof(purpose)),
            },
            "--", node.Host, .. purpose is SshPurpose.Command command ? (string[])[ShellQuote.Join(command.Arguments)] : [],
        ];
    }

    /// <summary>An option and its value, a path or a plain word; nothing if there is no value.</summary>
    public static string[] Option(string name, string? value) => value is null ? [] : [name, SshOptions.Expand(value)];

    /// <summary>A number as an argument.</summary>
    public static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);

    /// <summary>Options that hold for the node and for each host on the way to it.</summary>
    private static string[] Common(SshOptions options)
    {
        // StrictHostKeyChecking=yes is the strictest value there is: an unknown or changed key is an error, whatever the user's
        // configuration says (its ask would prompt, its accept-new would learn the key of whoever answers first).
        // UpdateHostKeys=no: the user's known_hosts is theirs to change.
        // LogLevel: errors are recognized by their text, so a QUIET in the configuration must not swallow it.
        // BatchMode: ssh asks nobody, except the program that knows the passphrase of keys, and that for nothing else.
        // RemoteCommand, forwardings and the like of the configuration are meant for interactive sessions.
        string[] settings =
        [
            .. options.AskPass is null ? (string[])["BatchMode=yes"] : [
                "BatchMode=no", "NumberOfPasswordPrompts=1", "PasswordAuthentication=no", "KbdInteractiveAuthentication=no"],
            "StrictHostKeyChecking=yes", "UpdateHostKeys=no", "LogLevel=INFO",
            $"ConnectTimeout={Number(Math.Max(1, (int)Math.Ceiling(options.ConnectTimeout.TotalSeconds)))}", "ConnectionAttempts=1",
            "ServerAliveInterval=5", "ServerAliveCountMax=3", "TCPKeepAlive=yes",
            "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "RemoteCommand=none", "RequestTTY=no",
            .. options.KnownHostsFile is { } knownHosts ? (string[])[$"UserKnownHostsFile=\"{SshOptions.Expand(knownHosts)}\""] : [],
        ];
        return [.. Option("-F", options.ConfigFile), .. settings.SelectMany(setting => (string[])["-o", setting])];
    }

    /// <summary>
    /// The way through the jump hosts. Written out instead of <c>-J</c>, because <c>-J</c> starts the inner ssh without our options:
    /// it would ask about an unknown key, read another known-hosts file and not know the key of <c>-i</c>.
    /// </summary>
    private static string ProxyCommand(SshOptions options, IReadOnlyList<(string? User, NodeAddress Address)> hops)
    {
        var (user, address) = hops[^1];
        string[] arguments =
        [
            "ssh", .. Common(options), .. Option("-l", user), .. Option("-p", Number(address.Port)), .. Option("-i", options.IdentityFile),
            .. hops.Count > 1 ? (string[])["-o", "ProxyCommand=" + ProxyCommand(options, [.. hops.SkipLast(1)])] : [],
        ];

        // Every '%' above is text to this ssh; only the target of -W is to be filled in by it.
        var fixedPart = ShellQuote.Join([.. arguments, "-S", "none"]).Replace("%", "%%", StringComparison.Ordinal);
        return $"{fixedPart} -W '[%h]:%p' -- {ShellQuote.Join([address.Host])}";
    }

    private static string InnerHost(string host) => NodeAddress.IsHost(host) ? host : throw new DeisProxyException(
        "bad-address",
        $"'{RemoteText.Clean(host, 80)}' is not a host name or an IP address.",
        "Check where it was read from.");
}
