using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using DeisProxy.Core;
using Renci.SshNet;
using Renci.SshNet.Common;
using Renci.SshNet.Security;

namespace DeisProxy.Cluster.Ssh;

/// <summary>A key that can be offered to a node.</summary>
/// <param name="PublicKey">The public key or certificate, encoded.</param>
/// <param name="Sign">Signs data with a signature algorithm; the result is encoded with the algorithm's name.</param>
internal sealed partial record OfferedKey(byte[] PublicKey, Func<string, byte[], byte[]> Sign)
{
    /// <summary>The algorithms to offer it with: one, so that RSA does not use up the server's attempts (MaxAuthTries) threefold.</summary>
    /// <param name="serverVersion">What the server calls itself; OpenSSH has RSA with SHA-2 since 7.2.</param>
    public IEnumerable<string> Algorithms(string? serverVersion)
    {
        var type = KnownHosts.TypeOf(PublicKey);
        if (!type.StartsWith("ssh-rsa", StringComparison.Ordinal))
        {
            return [type];
        }

        var sha2 = type.Replace("ssh-rsa", "rsa-sha2-512", StringComparison.Ordinal);
        var version = OpenSshVersion().Match(serverVersion ?? "");
        return version.Success ? [Version.Parse(version.Groups["version"].ValueSpan) >= new Version(7, 2) ? sha2 : type] : [sha2, type];
    }

    [GeneratedRegex(@"OpenSSH_(?<version>[0-9]{1,3}\.[0-9]{1,3})", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex OpenSshVersion();
}

/// <summary>The keys of this machine's user: those of the agent and those in files. A passphrase is asked for once a file.</summary>
/// <param name="ask">Asks a person for the passphrase of a file; null: there is nobody to ask.</param>
internal sealed class KeyRing(Func<string, CancellationToken, Task<string?>>? ask) : IDisposable
{
    /// <summary>Environment variable with the passphrase of key files, for machines.</summary>
    public const string PassphraseVariable = "DEIS_PROXY_SSH_PASSPHRASE";

    private const int Attempts = 3;

    private readonly ConcurrentDictionary<string, PrivateKeyFile> _opened = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _asking = new(1);

    /// <summary>Whether somebody is being asked for a passphrase.</summary>
    public bool IsAsking => _asking.CurrentCount == 0;

    /// <summary>
    /// Collects what can be offered to a host without asking anybody, in ssh's order: the agent's keys that the configuration names, its others,
    /// then files.
    /// </summary>
    /// <param name="warn">Is told what cannot be used.</param>
    /// <returns>The keys, and the files that need a passphrase first.</returns>
    public async Task<(IReadOnlyList<OfferedKey> Keys, IReadOnlyList<string> Locked)> CollectAsync(
        HostConfiguration host, string? explicitIdentity, Action<string> warn, CancellationToken cancellationToken)
    {
        var agent = await AgentKeysAsync(host.AgentSocket, warn, cancellationToken);
        var (named, files, locked) = (new List<OfferedKey>(), new List<OfferedKey>(), new List<string>());
        foreach (var path in host.IdentityFiles.Distinct(StringComparer.Ordinal).Where(File.Exists))
        {
            try
            {
                var content = await File.ReadAllTextAsync(path, cancellationToken);
                var publicKey = PublicKeyOf(content);
                if (publicKey is null && File.Exists($"{path}.pub"))
                {
                    publicKey = PublicKeyOf(await File.ReadAllTextAsync($"{path}.pub", cancellationToken));
                }

                var held = agent.Where(key => publicKey is not null && key.PublicKey.AsSpan().SequenceEqual(publicKey)).ToList();
                named.AddRange(held);
                if (held.Count > 0 || IsPublic(content))
                {
                    continue;
                }

                files.AddRange(Offers(_opened.TryGetValue(path, out var opened)
                    ? opened
                    : await OpenAsync(path, host, Environment.GetEnvironmentVariable(PassphraseVariable), cancellationToken)));
            }
            catch (SshPassPhraseNullOrEmptyException)
            {
                locked.Add(path);
            }
            catch (Exception error) when (error is not (OperationCanceledException or DeisProxyException))
            {
                // What a parser throws at something that is no key is its own affair.
                if (path == explicitIdentity)
                {
                    throw new DeisProxyException(
                        "ssh-key-unusable",
                        $"{path} cannot be used as a private key: {RemoteText.Clean(error.Message).TrimEnd('.')}.",
                        $"Check the file and, if it has one, its passphrase ({PassphraseVariable}); ssh itself may read it: --ssh-client openssh.",
                        error);
                }

                warn($"{path} is not used: {RemoteText.Clean(error.Message)}");
            }
        }

        var others = host.IdentitiesOnly ? [] : agent.Where(key => !named.Contains(key));
        return ([.. named, .. others, .. files], locked);
    }

    /// <summary>Opens a file whose passphrase is asked for.</summary>
    /// <returns>Its keys; null if nobody tells the passphrase.</returns>
    public async Task<IReadOnlyList<OfferedKey>?> UnlockAsync(string path, HostConfiguration host, CancellationToken cancellationToken)
    {
        if (ask is null)
        {
            return null;
        }

        // One question at a time, and for all nodes only once.
        await _asking.WaitAsync(cancellationToken);
        try
        {
            for (var attempt = 0; attempt < Attempts && !_opened.ContainsKey(path); attempt++)
            {
                var again = attempt == 0 ? "" : " (wrong passphrase)";
                if (await ask($"Passphrase of {path}{again}: ", cancellationToken) is not { Length: > 0 } passphrase)
                {
                    return null;
                }

                try
                {
                    await OpenAsync(path, host, passphrase, cancellationToken);
                }
#pragma warning disable CA1031 // A wrong passphrase shows as whatever the parser stumbles over.
                catch (Exception error) when (error is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    System.Diagnostics.Debug.WriteLine(error.Message);
                }
            }

            return _opened.TryGetValue(path, out var opened) ? Offers(opened) : null;
        }
        finally
        {
            _asking.Release();
        }
    }

    public void Dispose()
    {
        _asking.Dispose();
        foreach (var file in _opened.Values)
        {
            file.Dispose();
        }
    }

    private async Task<PrivateKeyFile> OpenAsync(string path, HostConfiguration host, string? passphrase, CancellationToken cancellationToken)
    {
        var certificate = new[] { $"{path}-cert.pub" }.Concat(host.IdentityFiles.Count == 1 ? host.CertificateFiles : []).FirstOrDefault(File.Exists);

        // Turning a passphrase into a key takes a tenth of a second on purpose.
        var file = await Task.Run(
            () => certificate is null ? new PrivateKeyFile(path, passphrase) : new PrivateKeyFile(path, passphrase, certificate), cancellationToken);
        return _opened.GetOrAdd(path, file);
    }

    private static async Task<IReadOnlyList<OfferedKey>> AgentKeysAsync(string? socket, Action<string> warn, CancellationToken cancellationToken)
    {
        if (socket is null)
        {
            return [];
        }

        var agent = new SshAgent(socket);
        try
        {
            var keys = await agent.ListAsync(cancellationToken);
            return [.. keys.Select(key => new OfferedKey(key, (algorithm, data) => agent.Sign(key, algorithm, data)))];
        }
        catch (IOException error)
        {
            warn($"The ssh agent at {RemoteText.Clean(socket, 100)} cannot be used: {RemoteText.Clean(error.Message).TrimEnd('.')}.");
            return [];
        }
    }

    private static IReadOnlyList<OfferedKey> Offers(PrivateKeyFile file) =>
    [
        .. file.HostKeyAlgorithms.GroupBy(algorithm => Convert.ToBase64String(algorithm.Data), StringComparer.Ordinal)
            .OrderBy(group => group.First() is CertificateHostAlgorithm ? 0 : 1)
            .Select(group => new OfferedKey(group.First().Data, (name, data) =>
            {
                // Several connections use one key at once, and keys are not made for that.
                lock (file)
                {
                    return group.First(algorithm => algorithm.Name == name).Sign(data);
                }
            })),
    ];

    private static bool IsPublic(string content) => content.Split(' ', 2)[0] is var type && (type.StartsWith("ssh-", StringComparison.Ordinal)
        || type.StartsWith("ecdsa-", StringComparison.Ordinal) || type.StartsWith("sk-", StringComparison.Ordinal));

    /// <summary>The public key in a file: of a public key, or in the clear part of an OpenSSH private key.</summary>
    private static byte[]? PublicKeyOf(string content)
    {
        try
        {
            if (IsPublic(content))
            {
                return Convert.FromBase64String(content.Split(' ', 3)[1].Trim());
            }

            const string Begin = "-----BEGIN OPENSSH PRIVATE KEY-----";
            var begin = content.IndexOf(Begin, StringComparison.Ordinal);
            var end = content.IndexOf("-----END", StringComparison.Ordinal);
            if (begin < 0 || end < begin)
            {
                return null;
            }

            // PROTOCOL.key: magic, cipher, kdf, its options, number of keys, public key.
            var data = Convert.FromBase64String(content[(begin + Begin.Length)..end]).AsSpan("openssh-key-v1\0".Length..);
            for (var i = 0; i < 3; i++)
            {
                data = data[(4 + (int)BinaryPrimitives.ReadUInt32BigEndian(data))..];
            }

            return data[4..].Slice(4, (int)BinaryPrimitives.ReadUInt32BigEndian(data[4..])).ToArray();
        }
        catch (Exception error) when (error is FormatException or ArgumentException or IndexOutOfRangeException)
        {
            return null;
        }
    }
}

/// <summary>
/// Public key authentication with keys that are known only by what they can do; it also hands out the session that is authenticated.
/// </summary>
/// <param name="warn">Is told of an agent that does not sign.</param>
internal sealed class PublicKeyMethod(string user, IReadOnlyList<OfferedKey> keys, Action<string> warn) : AuthenticationMethod(user)
{
    public override string Name => "publickey";

    /// <summary>The session, once it is authenticated.</summary>
    public Session? Session { get; private set; }

    public override AuthenticationResult Authenticate(Session session)
    {
        Session = session;
        var rest = keys.ToList();
        while (true)
        {
            OfferedKey? unwilling = null;
            using var method = new PrivateKeyAuthenticationMethod(
                Username,
                [
                    .. rest.Select(key => new Source(
                        [.. key.Algorithms(session.ServerVersion).Select(algorithm => new Offer(algorithm, key, () => unwilling = key))])),
                ]);
            try
            {
                var result = method.Authenticate(session);
                AllowedAuthentications = method.AllowedAuthentications;
                return result;
            }
            catch (IOException error) when (unwilling is not null)
            {
                // The keys before it have been refused.
                rest.RemoveRange(0, rest.IndexOf(unwilling) + 1);
                var why = RemoteText.Clean(error.Message).TrimEnd('.');
                warn($"The ssh agent's key {KnownHosts.Fingerprint(unwilling.PublicKey)} cannot be used: {why}.");
            }
        }
    }

    private sealed record Source(IReadOnlyCollection<HostAlgorithm> HostKeyAlgorithms) : IPrivateKeySource;

    private sealed class Offer(string algorithm, OfferedKey key, Action refused) : HostAlgorithm(algorithm)
    {
        public override byte[] Data => key.PublicKey;

        public override byte[] Sign(byte[] data)
        {
            try
            {
                return key.Sign(Name, data);
            }
            catch (IOException)
            {
                refused();
                throw;
            }
        }

        public override bool VerifySignature(byte[] data, byte[] signature) => throw new NotSupportedException();
    }
}
