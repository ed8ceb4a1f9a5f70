using System.Globalization;
using System.Text;

namespace DeisProxy.Output;

/// <summary>
/// The person's end of the program. What is printed may come from a remote machine: control characters never reach the
/// terminal, whoever wrote the text.
/// </summary>
internal sealed partial class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    private const int UsualWidth = 80;

    private readonly Lock _writing = new();
    private ActivityLine? _activity;
    private bool _isDrawn;

    /// <summary>Whether the standard input is a terminal: then a person sits there, whatever is redirected.</summary>
    public bool HasPerson { get; init; }

    /// <summary>Opens what the person reads where messages are redirected; null where messages reach the terminal.</summary>
    public Func<TextWriter>? OpenControllingTerminal { get; init; }

    /// <summary>Whether results go to a terminal and not to a file or another program.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Columns of the terminal that results go to; null where they go to a file or another program, which breaks no lines.</summary>
    public Func<int>? OutputWidth { get; init; }

    /// <summary>Columns of the terminal that messages go to; null where there is none.</summary>
    public Func<int>? ErrorWidth { get; init; }

    /// <summary>Whether a line of messages can be written over.</summary>
    public bool CanRedraw { get; init; }

    /// <summary>Whether what is under way is shown.</summary>
    public bool ShowsActivity { get; set; }

    /// <summary>Whether results may be colored.</summary>
    public bool ColorOutput { get; set; }

    /// <summary>Whether messages may be colored.</summary>
    public bool ColorError { get; set; }

    /// <summary>Whether details are wanted.</summary>
    public bool IsVerbose { get; set; }

    /// <summary>The job of GitHub Actions that the program runs in; null elsewhere.</summary>
    public GitHubActions? Job { get; init; }

    /// <summary>Why results could not be written; null: they were, or their reader, such as <c>head</c>, has read enough.</summary>
    public string? ResultsLost { get; private set; }

    /// <summary>The terminal of this process; color where it goes to a terminal and <c>NO_COLOR</c> (no-color.org) is not set.</summary>
    public static Terminal OfProcess()
    {
        var isDumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        var color = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && !isDumb;
        return new Terminal(Console.In, Console.Out, Console.Error)
        {
            HasPerson = !Console.IsInputRedirected,
            OpenControllingTerminal = Console.IsErrorRedirected ? OpenTerminal : null,
            OutputIsTerminal = !Console.IsOutputRedirected,
            Job = GitHubActions.OfProcess(),
            ColorOutput = color && !Console.IsOutputRedirected,
            ColorError = color && !Console.IsErrorRedirected,
            OutputWidth = Console.IsOutputRedirected ? null : Columns,
            ErrorWidth = Console.IsErrorRedirected ? null : Columns,
            CanRedraw = !Console.IsErrorRedirected && !isDumb,
        };
    }

    /// <summary>Writes a JSON document to the standard output.</summary>
    public void WriteDocument<T>(T document) => WriteLine(output, DocumentJson.Text(document));

    /// <summary>
    /// Writes a text that a file or another program will read, byte for byte and without a line break at its end. Only where a
    /// person reads it at the terminal do control characters become visible ones, as everywhere else.
    /// </summary>
    public void WriteText(string text)
    {
        if (OutputIsTerminal)
        {
            foreach (var line in text.Split('\n'))
            {
                WriteLine(output, Clean(line.TrimEnd('\r')));
            }
        }
        else
        {
            Write(output, text);
        }
    }

    /// <summary>Writes a line of the result.</summary>
    public void Result(params ReadOnlySpan<(string Text, Tone Tone)> pieces) => WriteLines(output, pieces, ColorOutput, OutputWidth);

    /// <summary>Writes a line of the result in one tone.</summary>
    public void Result(string text, Tone tone = Tone.Plain) => Result((text, tone));

    /// <summary>Writes a line of progress or a message.</summary>
    public void Message(params ReadOnlySpan<(string Text, Tone Tone)> pieces) => WriteLines(error, pieces, ColorError, ErrorWidth);

    /// <summary>Writes a line of progress or a message in one tone.</summary>
    public void Message(string text, Tone tone = Tone.Plain) => Message((text, tone));

    /// <summary>Shows an error: what happened, then what to do about it.</summary>
    /// <param name="code">Under which docs/errors.md has it; null if it does not.</param>
    public void Error(string message, string remedy, string? code = null) => Notice("error", Tone.Bad, message, remedy, code);

    /// <summary>Shows a warning.</summary>
    /// <param name="code">Under which docs/errors.md has it; null if it does not.</param>
    public void Warning(string message, string remedy = "", string? code = null) => Notice("warning", Tone.Warning, message, remedy, code);

    /// <summary>Writes a message, if details are wanted.</summary>
    public void Detail(string text)
    {
        if (IsVerbose)
        {
            Message(text, Tone.Dim);
        }
    }

    /// <summary>Shows what is under way until something else is, or nothing: null.</summary>
    public void Activity(string? text)
    {
        if (ShowsActivity && (text is not null || _activity is not null))
        {
            _activity ??= new ActivityLine(CanRedraw ? Draw : null, line => Message(line, Tone.Dim), TimeProvider.System);
            _activity.Set(text is null ? null : Clean(text));
            Erase();
        }
    }

    /// <summary>Writes results as a table on a terminal that is wide enough for it.</summary>
    /// <returns>Whether it did.</returns>
    public bool ResultTable(string[] head, IReadOnlyList<string[]> rows)
    {
        if (OutputWidth is null || TextTable.Lines([head, .. rows.Select(row => row.Select(Clean).ToArray())], OutputWidth()) is not { } lines)
        {
            return false;
        }

        foreach (var (index, line) in lines.Index())
        {
            WriteLine(output, TonedText.Render([(line, index == 0 ? Tone.Bold : Tone.Plain)], ColorOutput));
        }

        return true;
    }

    /// <summary>
    /// A text without characters that steer a terminal or that XML cannot hold; each becomes a replacement character, line breaks and tabs a space.
    /// </summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);

        // Half a surrogate pair is enumerated as the replacement character.
        foreach (var rune in text.EnumerateRunes())
        {
            clean.Append(rune.Value is '\n' or '\r' or '\t' ? new Rune(' ') : IsUnsafe(rune) ? Rune.ReplacementChar : rune);
        }

        return clean.ToString();

        // Format characters can turn the direction of writing around and so make a line say something else.
        static bool IsUnsafe(Rune rune) => rune.Value is 0xFFFE or 0xFFFF || Rune.GetUnicodeCategory(rune) is
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
    }

    /// <summary>A terminal that has gone away must not end what is under way: bringing a port back matters more than telling of it.</summary>
    private void WriteLine(TextWriter writer, string line) => Write(writer, $"{line}{writer.NewLine}");

    private void Write(TextWriter writer, string text)
    {
        lock (_writing)
        {
            try
            {
                Erase();
                writer.Write(text);
            }
            catch (IOException failure)
            {
                ResultsLost ??= writer == output ? failure.Message : null;
            }
        }
    }

    private void Draw(string line)
    {
        lock (_writing)
        {
            var columns = (ErrorWidth?.Invoke() ?? UsualWidth) - 1;
            Write(error, TonedText.Render([(line.Length > columns ? line[..columns] : line, Tone.Dim)], ColorError));
            _isDrawn = true;
        }
    }

    private void Erase()
    {
        lock (_writing)
        {
            if (_isDrawn)
            {
                _isDrawn = false;
                Write(error, "\r\e[2K");
            }
        }
    }

    private void WriteLines(TextWriter writer, ReadOnlySpan<(string Text, Tone Tone)> pieces, bool color, Func<int>? width)
    {
        var cleaned = new (string Text, Tone Tone)[pieces.Length];
        for (var i = 0; i < pieces.Length; i++)
        {
            cleaned[i] = (Clean(pieces[i].Text), pieces[i].Tone);
        }

        var text = string.Concat(cleaned.Select(piece => piece.Text));
        if (width is null || text.Length <= width())
        {
            WriteLine(writer, TonedText.Render(cleaned, color));
            return;
        }

        var hang = LineWrap.Hang(text[..^cleaned[^1].Text.Length], cleaned[^1].Text, width());
        foreach (var range in LineWrap.Break(text, width(), hang))
        {
            WriteLine(writer, (range.Start.Value == 0 ? "" : new string(' ', hang)) + TonedText.Render(TonedText.Slice(cleaned, range), color));
        }
    }

    private static int Columns()
    {
        try
        {
            return Console.WindowWidth is var width and > 0 ? width : UsualWidth;
        }
        catch (IOException)
        {
            return UsualWidth;
        }
    }

    private void Notice(string level, Tone tone, string message, string remedy, string? code)
    {
        Message(($"{level}: ", tone), ($"{message}{(code is null ? "" : $" [{code}]")}", Tone.Plain));
        if (remedy.Length > 0)
        {
            Message($"  {remedy}");
        }

        if (Job is not null)
        {
            WriteLine(error, GitHubActions.Annotation(level, message, remedy));
        }
    }
}
