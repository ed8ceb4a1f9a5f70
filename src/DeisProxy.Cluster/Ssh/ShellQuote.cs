using System.Text.RegularExpressions;

namespace DeisProxy.Cluster.Ssh;

/// <summary>Quotes words for a POSIX shell.</summary>
public static partial class ShellQuote
{
    /// <summary>Makes a command line that a POSIX shell takes apart into exactly these words.</summary>
    public static string Join(IReadOnlyList<string> words)
    {
        if (words.Count == 0)
        {
            throw new ArgumentException("There is no command.", nameof(words));
        }

        return string.Join(' ', words.Select(Quote));
    }

    private static string Quote(string word)
    {
        if (word.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("An argument cannot hold a NUL character.", nameof(word));
        }

        return Plain().IsMatch(word) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    // No '=' and no '~': at the start of a word they can mean something (assignment, home directory).
    [GeneratedRegex(@"\A[A-Za-z0-9_./:,@%+-]+\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Plain();
}
