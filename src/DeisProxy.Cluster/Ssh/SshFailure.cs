using System.Text.RegularExpressions;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Turns what <c>ssh</c> wrote before it ended with status 255 into an error that says what to do.</summary>
internal static partial class SshFailure
{
    /// <summary>The exit status with which ssh reports its own failures; a remote command can end with it too.</summary>
    public const int ExitStatus = 255;

    /// <summary>Code of the one error that must never be passed over in favour of another node.</summary>
    public const string HostKeyChanged = "ssh-host-key-changed";

    /// <summary>Code of the error that no other node can cure.</summary>
    public const string ProgramMissing = "ssh-missing";

    private const string KeyFile = "/etc/ssh/ssh_host_ed25519_key.pub";

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

    /// <summary>Whether ssh said itself that it has failed, as opposed to the remote command ending with 255.</summary>
    public static bool IsRecognised(string standardError) => Recognise(Lines(standardError)) is not null;

    /// <summary>Whether it says why, and not only that a connection ended.</summary>
    public static bool IsDefinite(string standardError) =>
        Recognise(Lines(standardError)) is { } found && !BeforeKeyExchange().IsMatch(found.Line) && !LostLine().IsMatch(found.Line);

    /// <summary>Makes the error.</summary>
    public static DeisProxyException From(NodeAddress node, SshOptions options, int exitStatus, string standardError)
    {
        var lines = Lines(standardError);
        var (kind, line) = Recognise(lines) ?? (Kind.Other, lines.Count > 0 ? lines[^1] : $"it ended with status {exitStatus} and said nothing");
        line = line.TrimEnd('.');
        return kind switch
        {
            Kind.HostKey => HostKey(node, options, lines),
            Kind.Authentication => new DeisProxyException(
                "ssh-auth-refused",
                $"{node} does not let {options.User} in: {line}.",
                options.IdentityFile is { } identity
                    ? $"Check that {identity} is the cluster's private key, without a passphrase or loaded into the agent, and that --ssh-user is right (Deis nodes: core)."
                    : "Load the cluster's key into your agent (ssh-add -l lists what is there; ssh-add KEYFILE adds), or name it with --identity KEYFILE; --ssh-user is core on Deis nodes."),
            Kind.Unreachable => new DeisProxyException(
                "ssh-unreachable",
                $"{node} cannot be reached: {line}.",
                "Check the address, that your network may reach its SSH port (security group, VPN), or go through another machine with --jump.")
            {
                IsTransient = true,
            },
            Kind.Lost => Lost(node, line),
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
                $"The host key of {node} is not known{JumpHint(options)}, so it cannot be told from an impostor.",
                $"Read the fingerprint at a place you trust (on the node: ssh-keygen -lf {KeyFile}; on EC2: aws ec2 get-console-output), compare it with "
                + $"ssh-keyscan {port}{node.Host} | ssh-keygen -lf -, and when they agree connect once with {Manual(node, options)} to accept it.");
        }

        var where = offending.Success ? $" (the old one is in {offending.Groups["file"].Value}, line {offending.Groups["line"].Value})" : "";
        var what = fingerprint.Success ? $", it is now {fingerprint.Value}" : "";
        var host = node.Port is { } p && p != 22 ? $"[{node.Host}]:{p}" : node.Host;
        var file = offending.Success ? $"-f '{offending.Groups["file"].Value}' " : "";
        return new DeisProxyException(
            HostKeyChanged,
            revoked
                ? $"The host key of {node} has been revoked{JumpHint(options)}."
                : $"The host key of {node} has changed{JumpHint(options)}{what}{where}: the node was rebuilt, or somebody is in between.",
            "Find out which before anything else: read the fingerprint at a place you trust "
            + $"(on the node: ssh-keygen -lf {KeyFile}; on EC2: aws ec2 get-console-output). "
            + $"Only when it is the node's own, remove the old entry with ssh-keygen {file}-R '{host}' and accept the new one.");
    }

    private static string JumpHint(SshOptions options) => options.Jump is null ? "" : " (or that of a jump host)";

    private static string Manual(NodeAddress node, SshOptions options)
    {
        var words = new List<string> { "ssh" };
        if (options.ConfigFile is { } config)
        {
            words.AddRange(["-F", config]);
        }

        if (options.IdentityFile is { } identity)
        {
            words.AddRange(["-i", identity]);
        }

        if (options.KnownHostsFile is { } knownHosts)
        {
            words.AddRange(["-o", $"UserKnownHostsFile={knownHosts}"]);
        }

        if (options.Jump is { } jump)
        {
            words.AddRange(["-J", jump]);
        }

        if (node.Port is { } port)
        {
            words.AddRange(["-p", $"{port}"]);
        }

        return ShellQuote.Join([.. words, $"{options.User}@{node.Host}"]);
    }

    /// <summary>
    /// The last line that says something definite. Last, because a banner comes before what ssh says about its own end; definite, because
    /// behind a jump host the inner ssh gives the reason and the outer one only adds that its connection was closed.
    /// </summary>
    private static (Kind Kind, string Line)? Recognise(List<string> lines)
    {
        (Kind, string)? vague = null;
        for (var i = lines.Count - 1; i >= 0; i--)
        {
            var line = lines[i];
            Kind? kind =
                line.StartsWith("Host key verification failed", StringComparison.Ordinal) ? Kind.HostKey
                : AuthenticationLine().IsMatch(line) ? Kind.Authentication
                : UnreachableLine().IsMatch(line) ? Kind.Unreachable
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

    [GeneratedRegex(@"^Offending (?:\S+ )?key (?:for IP )?in (?<file>.+):(?<line>[0-9]+)$", RegexOptions.CultureInvariant | RegexOptions.Multiline, 1000)]
    private static partial Regex Offending();

    [GeneratedRegex(@"(?:SHA256:[A-Za-z0-9+/]{43}|MD5(?::[0-9a-f]{2}){16})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Fingerprint();

    [GeneratedRegex(@"^(?:\S+: )?Permission denied \([^)]*\)|Too many authentication failures|^No more authentication methods", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex AuthenticationLine();

    [GeneratedRegex(@"^ssh: connect to host |^ssh: Could not resolve hostname |^Connection timed out during banner exchange|^Connection to .* timed out", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex UnreachableLine();

    [GeneratedRegex(@"^kex_exchange_identification: |^ssh_exchange_identification: |^banner exchange: |^Unable to negotiate with ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BeforeKeyExchange();

    [GeneratedRegex(@"^Connection (?:to .* )?(?:closed|reset)|^client_loop: |^packet_write_\w+: |^Timeout, server |^Read from remote host |^Received disconnect |^Disconnected from |^mux_client_|^Control master terminated|^Shared connection to .* closed|^ssh_dispatch_run_fatal: ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LostLine();
}
