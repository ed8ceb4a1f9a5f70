using System.Buffers.Binary;
using System.IO.Enumeration;
using System.Security.Cryptography;
using System.Text;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>What known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) say about one host.</summary>
internal sealed class KnownHosts
{
    private readonly List<Entry> _keys = [];
    private readonly List<Entry> _authorities = [];
    private readonly List<Entry> _revoked = [];

    /// <summary>A line about the host.</summary>
    /// <param name="Line">Number of the line, from 1.</param>
    public sealed record Entry(string File, int Line, byte[] Key)
    {
        /// <summary>The key's type, such as <c>ssh-ed25519</c>.</summary>
        public string Type => TypeOf(Key);

        /// <summary>Whether the line names the host without its port.</summary>
        public bool IsFallback { get; init; }
    }

    /// <summary>What is known of a key.</summary>
    public enum Verdict
    {
        Known,
        Unknown,
        Changed,
        Revoked,
    }

    /// <summary>Types of the keys that are known.</summary>
    public IEnumerable<string> Types => _keys.Select(entry => entry.Type).Distinct(StringComparer.Ordinal);

    /// <summary>Whether certificates can make a key known.</summary>
    public bool HasAuthorities => _authorities.Count > 0;

    /// <summary>Reads what files say about a host; files that are not there or cannot be read say nothing.</summary>
    /// <param name="name">Host name or address, or its HostKeyAlias.</param>
    /// <param name="port">TCP port; null for a name that is taken as it is.</param>
    /// <param name="required">The file that must be readable if it is there; null: none.</param>
    /// <exception cref="DeisProxyException"><c>ssh-file-unreadable</c>.</exception>
    public static async Task<KnownHosts> LoadAsync(
        IEnumerable<string> files, string name, int? port, string? required, CancellationToken cancellationToken)
    {
        var lowered = name.ToLowerInvariant();
        var known = new KnownHosts();
        foreach (var file in files.Where(file => file == required || File.Exists(file)))
        {
            string[] lines;
            try
            {
                lines = await File.ReadAllLinesAsync(file, cancellationToken);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                if (file == required && error is not (FileNotFoundException or DirectoryNotFoundException))
                {
                    throw new DeisProxyException(
                        "ssh-file-unreadable",
                        $"--known-hosts: {RemoteText.Clean(file)} cannot be read: {RemoteText.Clean(error.Message).TrimEnd('.')}.",
                        "Check who may read the file.",
                        error);
                }

                continue;
            }

            for (var i = 0; i < lines.Length; i++)
            {
                known.Add(lines[i], file, i + 1, port is null or 22 ? lowered : $"[{lowered}]:{port}", port is null or 22 ? null : lowered);
            }
        }

        known.DropFallbacks();
        return known;
    }

    /// <summary>Judges a key that the host has proved to have.</summary>
    /// <param name="authority">The key that has signed the host's certificate; null: there is no certificate.</param>
    /// <returns>The verdict, and the line that it rests on, if there is one.</returns>
    public (Verdict Verdict, Entry? Entry) Judge(byte[] key, byte[]? authority)
    {
        if (_revoked.Find(entry => entry.Key.AsSpan().SequenceEqual(key) || entry.Key.AsSpan().SequenceEqual(authority)) is { } revoked)
        {
            return (Verdict.Revoked, revoked);
        }

        if (_keys.Find(entry => entry.Key.AsSpan().SequenceEqual(key)) is { } same)
        {
            return (Verdict.Known, same);
        }

        if (authority is not null && _authorities.Find(entry => entry.Key.AsSpan().SequenceEqual(authority)) is { } signer)
        {
            return (Verdict.Known, signer);
        }

        // A known host without its known key: one of another type is no excuse.
        var named = _keys.FindAll(entry => !entry.IsFallback);
        var other = named.Find(entry => entry.Type == TypeOf(key)) ?? named.FirstOrDefault();
        return other is null ? (Verdict.Unknown, null) : (Verdict.Changed, other);
    }

    /// <summary>The type in a public key's encoding; empty if it is none.</summary>
    public static string TypeOf(ReadOnlySpan<byte> key) =>
        key.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(key) is var length && length <= key.Length - 4
            ? Encoding.ASCII.GetString(key.Slice(4, (int)length))
            : "";

    /// <summary>The fingerprint of a public key as ssh-keygen writes it.</summary>
    public static string Fingerprint(byte[] key) => $"SHA256:{Convert.ToBase64String(SHA256.HashData(key)).TrimEnd('=')}";

    /// <summary>As ssh, asks for the host without its port only if nothing is known of it with the port.</summary>
    private void DropFallbacks()
    {
        var isKeyNamed = _keys.Exists(entry => !entry.IsFallback);
        if (isKeyNamed)
        {
            _keys.RemoveAll(entry => entry.IsFallback);
        }

        if (isKeyNamed || _authorities.Exists(entry => !entry.IsFallback))
        {
            _authorities.RemoveAll(entry => entry.IsFallback);
        }
    }

    private void Add(string line, string file, int number, string name, string? nameWithoutPort)
    {
        var fields = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 0 || fields[0].StartsWith('#'))
        {
            return;
        }

        var marker = fields[0].StartsWith('@') ? fields[0] : null;
        if (marker is not null)
        {
            fields = fields[1..];
        }

        if (fields.Length < 3 || !TryDecode(fields[2], out var key) || TypeOf(key) != fields[1])
        {
            return;
        }

        var matches = Matches(fields[0], name);

        // ssh takes a key that is known without the port for one with a port, but only one that fits.
        var isFallback = !matches && nameWithoutPort is not null && Matches(fields[0], nameWithoutPort);
        if (!matches && !isFallback)
        {
            return;
        }

        var list = marker switch
        {
            null => _keys,
            "@cert-authority" => _authorities,
            "@revoked" => _revoked,
            _ => null,
        };
        list?.Add(new Entry(file, number, key) { IsFallback = isFallback });
    }

    private static bool Matches(string patterns, string name)
    {
        if (patterns.StartsWith("|1|", StringComparison.Ordinal))
        {
            var parts = patterns.Split('|');
            return parts.Length == 4 && TryDecode(parts[2], out var salt) && TryDecode(parts[3], out var hash)
                && Hash(salt, name).AsSpan().SequenceEqual(hash);
        }

        var matches = false;
        foreach (var pattern in patterns.ToLowerInvariant().Split(','))
        {
            if (pattern.StartsWith('!'))
            {
                if (FileSystemName.MatchesSimpleExpression(pattern.AsSpan(1), name))
                {
                    return false;
                }
            }
            else
            {
                matches |= FileSystemName.MatchesSimpleExpression(pattern, name);
            }
        }

        return matches;
    }

#pragma warning disable CA5350 // The file format has HMAC-SHA1; it hides names, it does not authenticate.
    private static byte[] Hash(byte[] salt, string name) => HMACSHA1.HashData(salt, Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350

    private static bool TryDecode(string text, out byte[] bytes)
    {
        bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var count))
        {
            bytes = [];
            return false;
        }

        Array.Resize(ref bytes, count);
        return true;
    }
}
