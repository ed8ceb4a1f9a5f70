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
        var commands = Command().Matches(text).Select(found => (Begin: found.Index, End: found.Index + found.Length)).ToList();
        var start = 0;
        for (var room = width; text.Length - start > room; room = width - hang)
        {
            // The last space that there is room for, else the first one.
            int? end = null;
            for (var i = text.Length - text[start..].TrimStart().Length; i < text.Length && (end is null || i <= start + room); i++)
            {
                end = text[i] == ' ' && !commands.Exists(command => command.Begin < i && i < command.End) ? i : end;
            }

            if (end is not { } space)
            {
                break;
            }

            yield return start..space;
            start = space + 1;
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

    /// <summary>
    /// The commands that messages tell people to run: deis-proxy's with its options and their values, others to the end of the sentence or clause.
    /// </summary>
    [GeneratedRegex(
        @"((?<!\S)'[^']*|[^\s']*)deis-proxy(\.dll)?'? (setup|verify|teardown|template|demo|sandbox|completion)\b( -\S+( (?!-)('[^']*'|[^\s'])+)?)*"
            + @"|(?<![\w-])((ssh-keygen|ssh-keyscan|ssh-add|aws|etcdctl|deisctl|apt-get|export|dotnet|sudo) |ssh -)"
            + @"('[^']*'|[^']|')*?(?=[;,.)]+( |$)|$)",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Command();
}
