using DeisProxy.Core;
using DeisProxy.Core.Applying;

namespace DeisProxy;

/// <summary>
/// Keeps a copy of the journal on this machine, in the XDG state directory: <c>$XDG_STATE_HOME/deis-proxy</c>, or
/// <c>~/.local/state/deis-proxy</c>. Only its owner may read it.
/// </summary>
/// <param name="folder">Another folder; null for the usual one.</param>
internal sealed class LocalRecordStore(string scope, string? folder) : IRecordStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc/>
    public Task<string?> ReadAsync(string name, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        try
        {
            return await File.ReadAllTextAsync(FileOf(name), cancellationToken);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    });

    /// <inheritdoc/>
    public Task WriteAsync(string name, string text, CancellationToken cancellationToken) => CallAsync(async () =>
    {
        var file = FileOf(name);
        var parent = Path.GetDirectoryName(file)!;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(parent);
        }
        else
        {
            Directory.CreateDirectory(parent, OwnerOnly | UnixFileMode.UserExecute);
        }

        // Written beside and moved: whoever reads it finds the old text or the new one, never half of it.
        var temporary = $"{file}.{Environment.ProcessId}";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        await using (var writer = new StreamWriter(temporary, options))
        {
            await writer.WriteAsync(text.AsMemory(), cancellationToken);
        }

        File.Move(temporary, file, overwrite: true);
        return null;
    });

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => CallAsync(() =>
    {
        if (File.Exists(FileOf(name)))
        {
            File.Delete(FileOf(name));
        }

        return Task.FromResult<string?>(null);
    });

    /// <summary>A file of the state directory.</summary>
    /// <param name="folder">Another folder; null for the usual one.</param>
    public static string FileOf(string? folder, string scope, string name)
    {
        var safe = string.Concat(scope.Select(c => char.IsAsciiLetterOrDigit(c) || c == '-' ? c : '_'));
        return Path.Combine(folder ?? UsualFolder(), $"{safe}.{name}");
    }

    private string FileOf(string name) => FileOf(folder, scope, $"{name}.json");

    private static string UsualFolder()
    {
        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } given && Path.IsPathFullyQualified(given)
            ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return Path.Combine(state, "deis-proxy");
    }

    private static async Task<string?> CallAsync(Func<Task<string?>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DeisProxyException(
                "local-journal",
                $"Could not use the journal's local copy: {error.Message}",
                "The copy in the cluster's etcd is enough; set XDG_STATE_HOME to use another folder.",
                error);
        }
    }
}
