using System.Text;

namespace DeisProxy.Output;

/// <summary>How a piece of text is set off, where the terminal can.</summary>
internal enum Tone
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>Set back.</summary>
    Dim,

    /// <summary>Set off.</summary>
    Bold,

    /// <summary>All is well.</summary>
    Good,

    /// <summary>Worth a look.</summary>
    Warning,

    /// <summary>Something is wrong.</summary>
    Bad,
}

/// <summary>Pieces of a line, each in its tone.</summary>
internal static class TonedText
{
    /// <summary>The line as a terminal takes it.</summary>
    public static string Render(ReadOnlySpan<(string Text, Tone Tone)> pieces, bool color)
    {
        var line = new StringBuilder();
        foreach (var (text, tone) in pieces)
        {
            var code = tone switch
            {
                Tone.Dim => "2",
                Tone.Bold => "1",
                Tone.Good => "32",

                // Magenta, as gcc has it: yellow cannot be read on a light background.
                Tone.Warning => "35",
                Tone.Bad => "31",
                _ => null,
            };
            line.Append(color && code is not null ? $"\e[{code}m{text}\e[0m" : text);
        }

        return line.ToString();
    }

    /// <summary>A part of the line.</summary>
    public static (string Text, Tone Tone)[] Slice((string Text, Tone Tone)[] pieces, Range range)
    {
        var (from, position) = (range.Start.Value, 0);
        var slice = new List<(string, Tone)>();
        foreach (var (text, tone) in pieces)
        {
            var (begin, end) = (Math.Max(from - position, 0), Math.Min(range.End.Value - position, text.Length));
            if (begin < end)
            {
                slice.Add((text[begin..end], tone));
            }

            position += text.Length;
        }

        return [.. slice];
    }
}
