namespace DeisProxy.Output;

/// <summary>
/// Breaks a line at words for a narrow terminal; what follows is indented. A command is never broken: pasted, its first line would run alone,
/// perhaps on another cluster. The terminal itself continues what is too long. (Spectre.Console breaks such a word.)
/// </summary>
internal static class LineWrap
{
    private const string Command = "deis-proxy ";

    /// <summary>The pieces of a text, each a line.</summary>
    /// <param name="hang">Columns that the lines after the first are indented by; the ranges do not include them.</param>
    public static IEnumerable<Range> Break(string text, int width, int hang)
    {
        var start = 0;
        for (var room = width; text.Length - start > room; room = width - hang)
        {
            var command = text.IndexOf(Command, start, StringComparison.Ordinal);
            var end = text.LastIndexOf(' ', start + room, room + 1);
            if (start == 0 && end >= 0 && string.IsNullOrWhiteSpace(text[..end]))
            {
                end = -1;
            }

            if (command >= 0 && (end < 0 || command <= end))
            {
                // On a line of its own, to its end.
                end = command > start && !string.IsNullOrWhiteSpace(text[start..command]) ? command - 1 : -1;
                if (end < 0)
                {
                    break;
                }
            }

            end = end < 0 ? text.IndexOf(' ', Math.Min(text.Length, start + room)) : end;
            if (end < 0)
            {
                break;
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
        return before.Length > 0 && before.Length <= width / 2
            ? before.Length + last.Length - last.TrimStart().Length
            : Math.Min(indent + 2, width / 2);
    }
}
