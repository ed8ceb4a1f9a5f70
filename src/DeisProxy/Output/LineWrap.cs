using System.Text.RegularExpressions;

namespace DeisProxy.Output;

/// <summary>
/// Breaks a line at words for a narrow terminal; what follows is indented. A command is never broken: pasted, its first line would run alone,
/// perhaps on another cluster. The terminal itself continues what is too long. (Spectre.Console breaks such a word.)
/// </summary>
internal static partial class LineWrap
{
    /// <summary>The pieces of a text, each a line.</summary>
    /// <param name="hang">Columns that the lines after the first are indented by; the ranges do not include them.</param>
    public static IEnumerable<Range> Break(string text, int width, int hang)
    {
        var (start, command) = (0, CommandIn(text));
        for (var room = width; text.Length - start > room; room = width - hang)
        {
            int end;
            var word = text.Length - text[start..].TrimStart().Length;
            if (command <= Math.Max(start + room, word))
            {
                // The command is on a line of its own, with what follows it.
                if (string.IsNullOrWhiteSpace(text[start..Math.Max(start, command)]))
                {
                    break;
                }

                end = command - 1;
            }
            else
            {
                end = text.LastIndexOf(' ', start + room, room + 1);
                end = end >= 0 && !string.IsNullOrWhiteSpace(text[start..end]) ? end : text.IndexOf(' ', Math.Max(start + room, word));
                if (end < 0)
                {
                    break;
                }
            }

            yield return start..end;
            start = end + 1;
        }

        yield return start..text.Length;
    }

    /// <summary>How far lines after the first are indented: below the last of several pieces, else a little more than the first line.</summary>
    public static int Hang(string before, string last, int width)
    {
        var indent = before.Length + last.Length - $"{before}{last}".TrimStart().Length;
        return Math.Min(
            before.Length > 0 && before.Length <= width / 2 ? before.Length + last.Length - last.TrimStart().Length : indent + 2, width / 2);
    }

    /// <summary>Where the first command of a text begins, its path and quotes included; behind its end if there is none.</summary>
    private static int CommandIn(string text) => Command().Match(text) switch
    {
        { Success: false } => int.MaxValue,
        { Index: 0 } => 0,
        var command => text.LastIndexOf(' ', command.Index - 1) + 1,
    };

    /// <summary>The programs that messages tell people to run.</summary>
    [GeneratedRegex(
        @"((?<!\S)'[^']*|\S*)deis-proxy(\.dll)?'? (setup|verify|teardown|template|demo|sandbox|completion)\b"
            + @"|(?<![\w-])(ssh-keygen|ssh-keyscan|ssh-add|aws|etcdctl|deisctl|apt-get|export|dotnet|sudo) |\bssh -",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();
}
