using System.Collections.Concurrent;
using System.IO.Enumeration;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Finds out how to connect to hosts, with the user's ssh configuration as the ssh program reads it.</summary>
/// <param name="warn">Is told when a configuration that names the host cannot be read.</param>
internal sealed class ConfigurationReader(SshOptions options, Action<string> warn) : IDisposable
{
    /// <summary>How long an answer for another host is waited for, which may hold for all.</summary>
    private static readonly TimeSpan TurnTime = TimeSpan.FromSeconds(1);

    /// <summary>What ssh prints without any configuration, by where it is looked for; that changes with its version only.</summary>
    private static readonly ConcurrentDictionary<string, Task<CommandResult>> Defaults = new(StringComparer.Ordinal);

    // What ssh prints for any host, by its arguments.
    private readonly ConcurrentDictionary<string, string> _common = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1);
    private bool _isSpecific;

    /// <summary>Finds out how to connect to a host.</summary>
    /// <param name="user">The user there; null leaves it to the configuration.</param>
    /// <param name="jump">Position among the jump hosts, from 0; null: it is none, and <see cref="SshOptions.Jump"/> applies.</param>
    public async Task<HostConfiguration> ResolveAsync(NodeAddress address, string? user, int? jump, CancellationToken cancellationToken)
    {
        if (SshProcess.IsInstalled(options.SearchPath))
        {
            // ssh prints the algorithms in any case, and the user's own are those that differ.
            var defaults = Defaults.GetOrAdd(
                options.SearchPath ?? "",
                static (_, options) => SshProcess.RunAsync(["-G", "-F", "none", "--", "localhost"], options, CancellationToken.None),
                options);
            var printed = await PrintedAsync(address, user, cancellationToken);
            return HostConfiguration.Read(printed, (await defaults.WaitAsync(cancellationToken)).StandardOutput, address, user, jump, options);
        }

        var config = SshOptions.Expand(options.ConfigFile ?? "~/.ssh/config");
        if ((await LinesAsync(config, cancellationToken) ?? []).Any(line => Names(line, address.Host)))
        {
            warn($"{config} may say how to connect to {address.Host}, but it is not read: there is no ssh program to read it.");
        }

        return HostConfiguration.WithoutSsh(address, user, jump, options);
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>What <c>ssh -G</c> prints for a host: asked once for all hosts, if the configuration says the same about each.</summary>
    private async Task<string> PrintedAsync(NodeAddress address, string? user, CancellationToken cancellationToken)
    {
        // -G prints the configuration as it holds for this host, Match and Include and all, and connects nowhere; -v tells which files it has read.
        string[] arguments =
        [
            "-v", "-G", .. SshArguments.Option("-F", options.ConfigFile), .. SshArguments.Option("-l", user),
            .. SshArguments.Option("-p", SshArguments.Number(address.Port)), .. SshArguments.Option("-i", options.IdentityFile),
        ];
        var key = string.Join('\0', arguments);
        arguments = [.. arguments, "--", address.Host];
        var isTurn = await _turn.WaitAsync(TurnTime, cancellationToken);
        try
        {
            if (_common.TryGetValue(key, out var common))
            {
                return common;
            }

            if (isTurn && !_isSpecific)
            {
                var first = await AskAsync(address, arguments, cancellationToken);
                _isSpecific = !await HoldsForAllAsync(first.StandardError, cancellationToken);
                return _isSpecific ? first.StandardOutput : _common[key] = WithoutName(first.StandardOutput, address.Host);
            }
        }
        finally
        {
            if (isTurn)
            {
                _turn.Release();
            }
        }

        return (await AskAsync(address, arguments, cancellationToken)).StandardOutput;
    }

    private async Task<CommandResult> AskAsync(NodeAddress address, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var result = await SshProcess.RunAsync(arguments, options, cancellationToken);
        return result.ExitCode == 0 ? result : throw new DeisProxyException(
            "ssh-failed",
            $"ssh cannot read its configuration for {address}: {RemoteText.Clean(result.StandardError.TrimEnd().Split('\n')[^1])}.",
            "Fix the file that it names, or use another one with --ssh-config.");
    }

    /// <summary>Whether all files that ssh says it has read say the same about each host, as far as that is plain.</summary>
    private static async Task<bool> HoldsForAllAsync(string said, CancellationToken cancellationToken)
    {
        const string Reading = "debug1: Reading configuration data ";
        const int LongestName = 200;
        if (!said.StartsWith("OpenSSH_", StringComparison.Ordinal))
        {
            return false;
        }

        foreach (var line in said.Split('\n').Where(line => line.StartsWith(Reading, StringComparison.Ordinal)))
        {
            // ssh cuts a longer name.
            var file = line[Reading.Length..].TrimEnd();
            if (file.Length >= LongestName || await LinesAsync(file, cancellationToken) is not { } lines || lines.Any(IsSpecific))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a line may mean something else for another host.</summary>
    private static bool IsSpecific(string line)
    {
        var words = Words(line);
        return words.Length > 0 && words[0].ToUpperInvariant() switch
        {
            ['#', ..] => false,
            "HOST" => words is not [_, "*"],
            "MATCH" or "HOSTNAME" => true,

            // Tokens are filled in, names are looked up, and ssh takes Ho"st" for Host.
            var other => other.StartsWith("CANONICAL", StringComparison.Ordinal) || other.Contains('"', StringComparison.Ordinal)
                || line.Contains('%', StringComparison.Ordinal),
        };
    }

    /// <summary>Whether a line begins what is said about a host and not about all.</summary>
    private static bool Names(string line, string host) => Words(line) is { Length: > 1 } words && words[0].ToUpperInvariant() switch
    {
        "HOST" => words[1..].Any(pattern => pattern != "*" && FileSystemName.MatchesSimpleExpression(pattern, host)),
        "MATCH" or "INCLUDE" => true,
        _ => false,
    };

    private static string[] Words(string line) => line.Split([' ', '\t', '\r', '\f', '='], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Leaves out a HostName that is the host's own, which other hosts do not have.</summary>
    private static string WithoutName(string printed, string host) => string.Join(
        '\n', printed.Split('\n').Where(line => !line.TrimEnd().Equals($"hostname {host}", StringComparison.OrdinalIgnoreCase)));

    private static async Task<string[]?> LinesAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return (await File.ReadAllTextAsync(file, cancellationToken)).Split('\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
