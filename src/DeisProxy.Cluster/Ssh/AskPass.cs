namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// Tells ssh the passphrase in <see cref="KeyRing.PassphraseVariable"/>: ssh starts this instead of asking a person. The file holds no secret, it
/// reads the variable.
/// </summary>
internal sealed class AskPass : IDisposable
{
    // Another question, such as for the PIN of a hardware key, gets no answer. A server can ask in the same words: since 8.5 ssh tells where such a
    // question comes from.
    private const string Script =
        $"""
        #!/bin/sh
        case $(ssh -V 2>&1) in OpenSSH_8.[5-9]* | OpenSSH_9.* | OpenSSH_[1-9][0-9].*) ;; *) exit 1 ;; esac
        case $1 in "Enter passphrase for "*) printf '%s\n' "${KeyRing.PassphraseVariable}" ;; *) exit 1 ;; esac

        """;

    private readonly Lazy<DirectoryInfo> _directory = new(Write);

    /// <summary>The program, as for SSH_ASKPASS.</summary>
    public string Program => FileIn(_directory.Value);

    /// <summary>Makes one; null if the variable is not set, or where ssh does not start scripts.</summary>
    public static AskPass? OfEnvironment() =>
        OperatingSystem.IsWindows() || string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KeyRing.PassphraseVariable)) ? null : new AskPass();

    public void Dispose()
    {
        if (_directory.IsValueCreated && Directory.Exists(_directory.Value.FullName))
        {
            _directory.Value.Delete(recursive: true);
        }
    }

    private static string FileIn(DirectoryInfo directory) => Path.Combine(directory.FullName, "askpass");

    private static DirectoryInfo Write()
    {
        // mkdtemp: mode 0700.
        var directory = Directory.CreateTempSubdirectory("dp-");
        File.WriteAllText(FileIn(directory), Script);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(FileIn(directory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return directory;
    }
}
