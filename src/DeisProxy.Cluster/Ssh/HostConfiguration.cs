using System.Globalization;
using System.Text.RegularExpressions;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>How to connect to one host: the options and, where there is an ssh program to read it, the user's ssh configuration.</summary>
internal sealed partial record HostConfiguration
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required string User { get; init; }

    /// <summary>The name in known_hosts instead of the host's; null: the host's.</summary>
    public string? HostKeyAlias { get; init; }

    public required IReadOnlyList<string> KnownHostsFiles { get; init; }

    /// <summary>Files with private keys, in the order in which they are offered; not all need to be there.</summary>
    public required IReadOnlyList<string> IdentityFiles { get; init; }

    /// <summary>Certificates that the configuration names, beside those that lie next to their keys.</summary>
    public IReadOnlyList<string> CertificateFiles { get; init; } = [];

    /// <summary>Whether of the agent's keys only those of <see cref="IdentityFiles"/> are offered.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The agent's socket; null: there is none.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>Hosts to go through, in this order.</summary>
    public required IReadOnlyList<(string? User, NodeAddress Address)> Jumps { get; init; }

    /// <summary>The algorithms that the configuration chooses, by the option that chooses them; none where it leaves them as they are.</summary>
    public ILookup<string, string> Algorithms { get; init; } = Array.Empty<string>().ToLookup(name => name);

    /// <summary>What the configuration asks for that SSH.NET cannot do; null: nothing.</summary>
    public string? NeedsOpenSsh { get; init; }

    private static readonly string[] DefaultIdentities = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];

    private static string Home => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    /// <summary>How to connect to a host where there is no ssh program to read the user's configuration.</summary>
    public static HostConfiguration WithoutSsh(NodeAddress address, string? user, int? jump, SshOptions options) => new()
    {
        Host = address.Host,
        Port = address.Port ?? 22,
        User = user ?? Environment.UserName,
        KnownHostsFiles =
        [
            .. UserKnownHosts(options, ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]), "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2",
        ],
        IdentityFiles = [.. (options.IdentityFile is { } identity ? [identity] : DefaultIdentities).Select(SshOptions.Expand)],
        IdentitiesOnly = options.IdentityFile is not null,
        AgentSocket = EnvironmentSocket(),
        Jumps = jump is null ? options.JumpHosts() : [],
    };

    /// <summary>Reads what <c>ssh -G</c> prints.</summary>
    /// <param name="ordinary">What it prints without any configuration.</param>
    /// <param name="user">The user there; null leaves it to the configuration.</param>
    /// <param name="jump">Position among the jump hosts, from 0; null: it is none, and <see cref="SshOptions.Jump"/> applies.</param>
    internal static HostConfiguration Read(
        string printed, string ordinary, NodeAddress address, string? user, int? jump, SshOptions options)
    {
        var (values, usual) = (Values(printed), Values(ordinary));
        var algorithms = RenciTransport.Algorithms.Select(known => known.Key)
            .Where(option => usual.Contains(option) && !values[option].SequenceEqual(usual[option], StringComparer.Ordinal))
            .SelectMany(option => values[option].SelectMany(list => list.Split(',')), (option, name) => (option, name))
            .ToLookup(pair => pair.option, pair => pair.name, StringComparer.OrdinalIgnoreCase);
        var unknown = algorithms.FirstOrDefault(option => !option.Intersect(RenciTransport.Algorithms[option.Key], StringComparer.Ordinal).Any());
        string? One(string name) => values[name].FirstOrDefault(value => value != "none");
        string Fill(string text) => SshOptions.Expand(text)
            .Replace("%d", Home, StringComparison.Ordinal)
            .Replace("%h", One("hostname") ?? address.Host, StringComparison.Ordinal)
            .Replace("%u", Environment.UserName, StringComparison.Ordinal);
        IEnumerable<string> Files(string name) => (One(name) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Fill);

        var identities = values["identityfile"].Where(value => value != "none").Select(Fill).ToList();

        // As for ssh -J, the first jump host is reached as its configuration says, the others by the one before.
        var jumps = jump > 0 ? [] : jump is null && options.JumpHosts() is { Count: > 0 } given ? given : Jump(One("proxyjump"), options);
        var socket = One("identityagent") switch
        {
            null when values["identityagent"].Any() => null,
            null or "SSH_AUTH_SOCK" => EnvironmentSocket(),
            ['$', .. var variable] => Environment.GetEnvironmentVariable(variable.Trim('{', '}')),
            var path => Fill(path),
        };
        return new HostConfiguration
        {
            Host = One("hostname") ?? address.Host,
            Port = ushort.TryParse(One("port"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
                : address.Port ?? 22,
            User = One("user") ?? user ?? Environment.UserName,
            HostKeyAlias = One("hostkeyalias"),
            KnownHostsFiles = [.. UserKnownHosts(options, Files("userknownhostsfile")), .. Files("globalknownhostsfile")],
            IdentityFiles = identities,
            CertificateFiles = [.. values["certificatefile"].Where(value => value != "none").Select(Fill)],
            IdentitiesOnly = options.IdentityFile is not null || One("identitiesonly") == "yes",
            AgentSocket = socket,
            Jumps = jumps ?? [],
            Algorithms = algorithms,
            NeedsOpenSsh =
                jumps is null || (jump is not null && jumps.Count > 0) ? "ProxyJump"
                : jumps.Count == 0 && jump is null or 0 && One("proxycommand") is not null ? "ProxyCommand"
                : One("pkcs11provider") is not null ? "PKCS11Provider"
                : One("knownhostscommand") is not null ? "KnownHostsCommand"
                : One("revokedhostkeys") is not null ? "RevokedHostKeys"
                : unknown is not null ? $"{unknown.Key} {string.Join(',', unknown)}"
                : identities.Find(file => file.EndsWith("_sk", StringComparison.Ordinal) && File.Exists(file)) is { } fido ? $"the FIDO key {fido}"
                : One("gssapiauthentication") == "yes" && socket is null && !identities.Exists(File.Exists) ? "GSSAPIAuthentication"
                : null,
        };
    }

    private static ILookup<string, string> Values(string printed) => printed.Split('\n')
        .Select(line => line.TrimEnd('\r').Split(' ', 2))
        .Where(pair => pair.Length == 2)
        .ToLookup(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);

    private static IEnumerable<string> UserKnownHosts(SshOptions options, IEnumerable<string> otherwise) =>
        (options.KnownHostsFile is { } file ? [file] : otherwise).Select(SshOptions.Expand);

    private static string? EnvironmentSocket() => Environment.GetEnvironmentVariable("SSH_AUTH_SOCK") is { Length: > 0 } socket ? socket : null;

    /// <summary>The jump hosts that ssh -G prints; null: what it prints is more than a list of hosts and users.</summary>
    private static IReadOnlyList<(string? User, NodeAddress Address)>? Jump(string? jump, SshOptions options)
    {
        try
        {
            // It prints brackets around IPv4 addresses too.
            return jump is null ? [] : (options with { Jump = BracketsWithoutColon().Replace(jump, "${host}") }).JumpHosts();
        }
        catch (DeisProxyException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\[(?<host>[^\[\]:]+)\]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex BracketsWithoutColon();
}
