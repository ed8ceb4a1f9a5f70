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

/// <summary>
/// The person's end of the program. What is printed may come from a remote machine: control characters never reach the
/// terminal, whoever wrote the text.
/// </summary>
/// <param name="input">Where answers come from.</param>
/// <param name="output">Results.</param>
/// <param name="error">Progress and messages.</param>
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    /// <summary>Whether a person sits there who can answer.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Whether results may be coloured.</summary>
    public bool ColorOutput { get; set; }

    /// <summary>Whether messages may be coloured.</summary>
    public bool ColorError { get; set; }

    /// <summary>The terminal of this process; colour where it goes to a terminal and <c>NO_COLOR</c> (no-color.org) is not set.</summary>
    /// <returns>The terminal.</returns>
    public static Terminal OfProcess()
    {
        var color = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";
        return new Terminal(Console.In, Console.Out, Console.Error)
        {
            IsInteractive = !Console.IsInputRedirected && !Console.IsErrorRedirected,
            ColorOutput = color && !Console.IsOutputRedirected,
            ColorError = color && !Console.IsErrorRedirected,
        };
    }

    /// <summary>Writes a document to the standard output as it is.</summary>
    /// <param name="text">The document, which holds no control characters of others.</param>
    public void WriteDocument(string text) => output.WriteLine(text);

    /// <summary>Writes a line of the result.</summary>
    /// <param name="pieces">Pieces of the line, each with its tone.</param>
    public void Result(params ReadOnlySpan<(string Text, Tone Tone)> pieces) => output.WriteLine(Render(pieces, ColorOutput));

    /// <summary>Writes a line of the result in one tone.</summary>
    /// <param name="text">The line.</param>
    /// <param name="tone">Its tone.</param>
    public void Result(string text, Tone tone = Tone.Plain) => Result((text, tone));

    /// <summary>Writes a line of progress or a message.</summary>
    /// <param name="pieces">Pieces of the line, each with its tone.</param>
    public void Message(params ReadOnlySpan<(string Text, Tone Tone)> pieces) => error.WriteLine(Render(pieces, ColorError));

    /// <summary>Writes a line of progress or a message in one tone.</summary>
    /// <param name="text">The line.</param>
    /// <param name="tone">Its tone.</param>
    public void Message(string text, Tone tone = Tone.Plain) => Message((text, tone));

    /// <summary>Asks a yes-or-no question; anything but a yes is a no.</summary>
    /// <param name="question">The question.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>Whether the answer was yes.</returns>
    public async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken)
    {
        await error.WriteAsync($"{Clean(question)} [y/N] ");
        await error.FlushAsync(cancellationToken);

        // A console read cannot be cancelled; waiting for it can.
        var answer = await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim() is "y" or "Y" or "yes" or "Yes" or "YES";
    }

    /// <summary>A text without control characters; each becomes a replacement character, line breaks and tabs a space.</summary>
    /// <param name="text">The text.</param>
    /// <returns>Text that is safe to print.</returns>
    public static string Clean(string text)
    {
        if (!text.Any(IsUnsafe))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            clean.Append(IsUnsafe(character) ? character is '\n' or '\r' or '\t' ? ' ' : '\uFFFD' : character);
        }

        return clean.ToString();

        // Format characters can turn the direction of writing around and so make a line say something else.
        static bool IsUnsafe(char c) => char.IsControl(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.Format or System.Globalization.UnicodeCategory.LineSeparator;
    }

    private static string Render(ReadOnlySpan<(string Text, Tone Tone)> pieces, bool color)
    {
        var line = new StringBuilder();
        foreach (var (text, tone) in pieces)
        {
            var code = tone switch
            {
                Tone.Dim => "2",
                Tone.Bold => "1",
                Tone.Good => "32",
                Tone.Warning => "33",
                Tone.Bad => "31",
                _ => null,
            };
            line.Append(color && code is not null ? $"\e[{code}m{Clean(text)}\e[0m" : Clean(text));
        }

        return line.ToString();
    }
}
