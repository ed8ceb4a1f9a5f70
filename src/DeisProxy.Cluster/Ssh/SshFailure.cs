using System.Text.RegularExpressions;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Turns what <c>ssh</c> wrote before it ended with status 255 into an error that says what to do.</summary>
internal static partial class SshFailure
{
    /// <summary>The exit status with which ssh reports its own failures; a remote command can end with it too.</summary>
    public const int ExitStatus = 255;

    /// <summary>Code of the one error that must never be passed over in favor of another node.</summary>
    public const string HostKeyChanged = "ssh-host-key-changed";

    /// <summary>Code of the error that a key of the host has been revoked.</summary>
    public const string HostKeyRevoked = "ssh-host-key-revoked";

    /// <summary>Code of the error that no key lets us in.</summary>
    public const string AuthenticationRefused = "ssh-auth-refused";

    /// <summary>Code of the error that a command's output has no end.</summary>
    public const string OutputTooLongCode = "ssh-output-too-long";

    /// <summary>Code of the error that no other node can cure.</summary>
    public const string ProgramMissing = "ssh-missing";

    private const string Between = "the node was rebuilt, or somebody intercepts the connection";

    private const string Fingerprints =
        "the fingerprint at a place you trust (on the node: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; on EC2: aws ec2 get-console-output)";

    /// <summary>No ssh on this machine.</summary>
    public static DeisProxyException Missing() => new(
        ProgramMissing,
        "There is no ssh program on the PATH.",
        "Install the OpenSSH client (Debian and Ubuntu: openssh-client; Windows: the optional feature OpenSSH Client).");

    /// <summary>The connection was there and is gone.</summary>
    public static DeisProxyException Lost(NodeAddress node, string? detail = null, Exception? innerException = null) => new(
        "ssh-connection-lost",
        $"The SSH connection to {node} was lost{(string.IsNullOrEmpty(detail) ? "" : $": {detail}")}.",
        "Check the node and the network between here and there, then run the same command again.",
        innerException)
    {
        IsTransient = true,
    };

    /// <summary>Whether an error means that somebody may be in between, so that no other node may be taken instead.</summary>
    public static bool IsAlarm(DeisProxyException error) => error.Code is HostKeyChanged or HostKeyRevoked;

    /// <summary>The node cannot be reached.</summary>
    public static DeisProxyException Unreachable(NodeAddress node, string why, Exception? innerException = null) => new(
        "ssh-unreachable",
        $"{node} cannot be reached: {why}.",
        "Check the address, that your network may reach its SSH port (security group, VPN), or go through another machine with --jump.",
        innerException)
    {
        IsTransient = true,
    };

    /// <summary>No key lets us in.</summary>
    public static DeisProxyException Refused(NodeAddress node, string user, string why, SshOptions options, Exception? innerException = null) => new(
        AuthenticationRefused,
        $"{node} does not let {user} in: {why}.",
        options.IdentityFile is { } identity
            ? $"Check that {identity} is the cluster's private key and that --ssh-user is right (Deis nodes: core). "
                + $"If it has a passphrase, set {KeyRing.PassphraseVariable} or load it into the agent (ssh-add)."
            : "Load the cluster's key into your agent (ssh-add -l lists what is there; ssh-add KEYFILE adds), or name it with --identity KEYFILE; "
                + "--ssh-user is core on Deis nodes.",
        innerException);

    /// <summary>The key needs a passphrase that nobody tells.</summary>
    public static DeisProxyException Locked(NodeAddress node, string keyFile) => new(
        AuthenticationRefused,
        $"{node} lets nobody in without a key, and {keyFile} has a passphrase.",
        $"Load the key into your agent (ssh-add {keyFile}), set {KeyRing.PassphraseVariable}, or run the command at a terminal, which asks for it.");

    /// <summary>Something else went wrong.</summary>
    public static DeisProxyException Failed(NodeAddress node, string why, Exception? innerException = null) => new(
        "ssh-failed",
        $"The SSH connection to {node} cannot be made: {why}.",
        "Check that an SSH server answers there; --ssh-client openssh tries the system's ssh instead.",
        innerException);

    /// <summary>The node does not keep to the protocol.</summary>
    public static DeisProxyException Misbehaved(NodeAddress node) => new(
        "ssh-failed",
        $"{node} does not keep to the SSH protocol.",
        "Check what answers there; --ssh-client openssh tries the system's ssh instead.");

    /// <summary>A command's output has no end.</summary>
    public static DeisProxyException OutputTooLong(int maximum) => new(
        OutputTooLongCode,
        $"A command on a node wrote more than {maximum / (1024 * 1024)} MB.",
        "Check what it does there; nothing that deis-proxy runs writes that much.");

    /// <summary>The host's key is not what is known of it.</summary>
    /// <param name="entry">The line that knows another key, or that revokes this one.</param>
    public static DeisProxyException HostKey(
        NodeAddress node, HostConfiguration host, KnownHosts.Verdict verdict, KnownHosts.Entry? entry, byte[] key)
    {
        var fingerprint = $"{KnownHosts.Fingerprint(key)} ({KnownHosts.TypeOf(key)})";
        var name = host.HostKeyAlias ?? (host.Port == 22 ? host.Host : $"[{host.Host}]:{host.Port}");
        var line = entry is null ? "" : $"{entry.File}, line {entry.Line}";
        return verdict switch
        {
            KnownHosts.Verdict.Revoked => new DeisProxyException(
                HostKeyRevoked,
                $"The host key of {node}, {fingerprint}, has been revoked ({line}).",
                "Do not connect to this node. Find out why the key was revoked, and have the node make new ones."),
            KnownHosts.Verdict.Changed => new DeisProxyException(
                HostKeyChanged,
                $"The host key of {node} has changed, it is now {fingerprint} (the old one is in {line}): {Between}.",
                $"Find out which before anything else: read {Fingerprints}. {RemoveOld($"-f '{entry!.File}' ", name)}"),
            _ => new DeisProxyException(
                "ssh-host-key-unknown",
                $"The host key of {node}, {fingerprint}, is not known, so this node cannot be told from an impostor.",
                $"Read {Fingerprints}. If it is the same, add this line to {(host.KnownHostsFiles is [var first, ..] ? first : "known_hosts")}: "
                + $"{name} {KnownHosts.TypeOf(key)} {Convert.ToBase64String(key)}"),
        };
    }

    /// <summary>Whether ssh said itself that it has failed, as opposed to the remote command ending with 255.</summary>
    public static bool IsRecognized(string standardError) => Recognize(Lines(standardError)) is not null;

    /// <summary>Whether it says why, and not only that a connection ended.</summary>
    public static bool IsDefinite(string standardError) =>
        Recognize(Lines(standardError)) is { } found && !BeforeKeyExchange().IsMatch(found.Line) && !LostLine().IsMatch(found.Line);

    /// <summary>Makes the error.</summary>
    /// <param name="isEntering">Whether there was no connection yet that could have been lost.</param>
    public static DeisProxyException From(NodeAddress node, SshOptions options, int exitStatus, string standardError, bool isEntering = false)
    {
        var lines = Lines(standardError);
        var (kind, line) = Recognize(lines) ?? (Kind.Other, lines.Count > 0 ? lines[^1] : $"it ended with status {exitStatus} and said nothing");
        line = line.TrimEnd('.');
        return kind switch
        {
            Kind.HostKey => HostKey(node, options, lines),
            Kind.Authentication => Refused(node, options.User, line, options),
            Kind.Lost when !isEntering => Lost(node, line),
            Kind.Unreachable or Kind.Lost => Unreachable(node, line),
            _ => new DeisProxyException(
                "ssh-failed",
                $"ssh to {node} failed: {line}.",
                $"Try the same by hand to see more: {Manual(node, options)} -v"),
        };
    }

    private enum Kind
    {
        Other,
        HostKey,
        Authentication,
        Unreachable,
        Lost,
    }

    private static DeisProxyException HostKey(NodeAddress node, SshOptions options, List<string> lines)
    {
        // ssh writes these lines before it has authenticated, so they are its own words and no banner's.
        var text = string.Join('\n', lines);
        var offending = Offending().Match(text);
        var fingerprint = Fingerprint().Match(text);
        var revoked = text.Contains("REVOKED HOST KEY", StringComparison.Ordinal);
        if (!revoked && !offending.Success && !text.Contains("IDENTIFICATION HAS CHANGED", StringComparison.Ordinal))
        {
            var port = node.Port is { } number ? $"-p {number} " : "";
            return new DeisProxyException(
                "ssh-host-key-unknown",
                $"The host key of {node} is not known{JumpHint(options)}, so this node cannot be told from an impostor.",
                $"Read {Fingerprints}. Compare it with ssh-keyscan {port}{node.Host} | ssh-keygen -lf -, "
                + $"and if they agree, connect once with {Manual(node, options)} to accept it.");
        }

        var where = offending.Success ? $" (the old one is in {offending.Groups["file"].Value}, line {offending.Groups["line"].Value})" : "";
        var what = fingerprint.Success ? $", it is now {fingerprint.Value}" : "";
        var host = node.Port is { } p && p != 22 ? $"[{node.Host}]:{p}" : node.Host;
        var file = offending.Success ? $"-f '{offending.Groups["file"].Value}' " : "";
        return new DeisProxyException(
            revoked ? HostKeyRevoked : HostKeyChanged,
            revoked
                ? $"The host key of {node} has been revoked{JumpHint(options)}."
                : $"The host key of {node} has changed{JumpHint(options)}{what}{where}: {Between}.",
            $"Find out which before anything else: read {Fingerprints}. {RemoveOld(file, host)}");
    }

    private static string RemoveOld(string file, string host) =>
        $"Only if the new key is the node's own, remove the old entry with ssh-keygen {file}-R '{host}' and accept the new key.";

    private static string JumpHint(SshOptions options) => options.Jump is null ? "" : " (or that of a jump host)";

    private static string Manual(NodeAddress node, SshOptions options) => ShellQuote.Join(
    [
        "ssh", .. SshArguments.Option("-F", options.ConfigFile), .. SshArguments.Option("-i", options.IdentityFile),
        .. SshArguments.Option("-o", options.KnownHostsFile is { } file ? $"UserKnownHostsFile={file}" : null),
        .. SshArguments.Option("-J", options.Jump), .. SshArguments.Option("-p", SshArguments.Number(node.Port)),
        $"{options.User}@{node.Host}",
    ]);

    /// <summary>
    /// The last line that says something definite. Last, because a banner comes before what ssh says about its own end; definite, because
    /// behind a jump host the inner ssh gives the reason and the outer one only adds that its connection was closed.
    /// </summary>
    private static (Kind Kind, string Line)? Recognize(List<string> lines)
    {
        (Kind, string)? vague = null;
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            var line = lines[i];
            Kind? kind =
                line.StartsWith("Host key verification failed", StringComparison.Ordinal) ? Kind.HostKey
                : AuthenticationLine().IsMatch(line) ? Kind.Authentication
                : UnreachableLine().IsMatch(line) ? Kind.Unreachable
                : line.StartsWith("Unable to negotiate with ", StringComparison.Ordinal) ? Kind.Other
                : null;
            if (kind is { } definite)
            {
                return (definite, line);
            }

            // A connection that ends before the key exchange was never there to be lost.
            vague = BeforeKeyExchange().IsMatch(line) ? (Kind.Unreachable, line) : vague ?? (LostLine().IsMatch(line) ? (Kind.Lost, line) : null);
        }

        return vague;
    }

    private static List<string> Lines(string standardError) =>
        [.. standardError.Split('\n').Select(line => RemoteText.Clean(line)).Where(line => line.Length > 0)];

    [GeneratedRegex(
        @"^Offending (?:\S+ )?key (?:for IP )?in (?<file>.+):(?<line>[0-9]+)$", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Offending();

    [GeneratedRegex(@"(?:SHA256:[A-Za-z0-9+/]{43}|MD5(?::[0-9a-f]{2}){16})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Fingerprint();

    [GeneratedRegex(
        @"^(?:\S+: )?Permission denied \([^)]*\)|Too many authentication failures|^No more authentication methods",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex AuthenticationLine();

    [GeneratedRegex(
        @"^ssh: connect to host |^ssh: Could not resolve hostname |^Connection timed out during banner exchange|^Connection to .* timed out",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex UnreachableLine();

    [GeneratedRegex(
        @"^kex_exchange_identification: |^ssh_exchange_identification: |^banner exchange: ",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex BeforeKeyExchange();

    [GeneratedRegex(
        @"^Connection (?:to .* )?(?:closed|reset)|^client_loop: |^packet_write_\w+: |^Timeout, server |^Read from remote host |^Received disconnect "
        + @"|^Disconnected from |^mux_client_|^Control master terminated|^Shared connection to .* closed|^ssh_dispatch_run_fatal: ",
        RegexOptions.CultureInvariant,
        1000)]
    private static partial Regex LostLine();
}
