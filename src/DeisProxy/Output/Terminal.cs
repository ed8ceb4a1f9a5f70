using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using DeisProxy.Core;

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
internal sealed class Terminal(TextReader input, TextWriter output, TextWriter error)
{
    private const int UsualWidth = 80;

    private readonly Lock _writing = new();
    private ActivityLine? _activity;
    private Task<ConsoleKeyInfo>? _key;
    private bool _isDrawn;

    /// <summary>Whether the standard input is a terminal: then a person sits there, whatever is redirected.</summary>
    public bool HasPerson { get; init; }

    /// <summary>Waits for a key and takes it, without showing it.</summary>
    public Func<ConsoleKeyInfo> ReadKey { get; init; } = () => Console.ReadKey(intercept: true);

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

    /// <summary>Writes a JSON document to the standard output. Control characters are escaped in it by JSON's own rules; here the rest is.</summary>
    public void WriteDocument<T>(T document)
    {
        var json = JsonSerializer.Serialize(document, (JsonTypeInfo<T>)DocumentJson.Contract.GetTypeInfo(typeof(T))!);
        if (!json.EnumerateRunes().Any(IsFormat))
        {
            WriteLine(output, json);
            return;
        }

        var safe = new StringBuilder(json.Length);
        foreach (var rune in json.EnumerateRunes())
        {
            if (IsFormat(rune))
            {
                foreach (var unit in rune.ToString())
                {
                    safe.Append($"\\u{(int)unit:X4}");
                }
            }
            else
            {
                safe.Append(rune);
            }
        }

        WriteLine(output, safe.ToString());

        static bool IsFormat(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format;
    }

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
    public void Error(string message, string remedy) => Notice("error", Tone.Bad, message, remedy);

    /// <summary>Shows a warning.</summary>
    public void Warning(string message, string remedy = "") => Notice("warning", Tone.Warning, message, remedy);

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
            WriteLine(output, Render([(line, index == 0 ? Tone.Bold : Tone.Plain)], ColorOutput));
        }

        return true;
    }

    /// <summary>Asks for a secret; what is typed is not shown.</summary>
    /// <returns>What was typed; null: nobody is there, or there is no more input.</returns>
    public async Task<string?> AskSecretAsync(string question, CancellationToken cancellationToken)
    {
        if (!HasPerson)
        {
            return null;
        }

        Activity(null);
        var terminal = OpenControllingTerminal?.Invoke();
        await using (terminal)
        {
            await (terminal ?? error).WriteAsync(Clean(question));
            await (terminal ?? error).FlushAsync(cancellationToken);
            var answer = await ReadSecretAsync(cancellationToken);
            WriteLine(terminal ?? error, "");
            return answer;
        }
    }

    /// <summary>Asks a yes-or-no question; anything but a yes is a no.</summary>
    /// <exception cref="DeisProxyException"><c>cannot-ask</c>: the person cannot be shown the question.</exception>
    public async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken)
    {
        Activity(null);
        var terminal = OpenControllingTerminal?.Invoke();
        await using (terminal)
        {
            await (terminal ?? error).WriteAsync($"{Clean(question)} [y/N] ");
            await (terminal ?? error).FlushAsync(cancellationToken);
        }

        // A console read cannot be cancelled; waiting for it can.
        var answer = await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim() is "y" or "Y" or "yes" or "Yes" or "YES";
    }

    /// <summary>The terminal itself, whatever the standard streams are connected to.</summary>
    private static StreamWriter OpenTerminal()
    {
        try
        {
            return new StreamWriter(new FileStream(OperatingSystem.IsWindows() ? "CONOUT$" : "/dev/tty", FileMode.Open, FileAccess.Write));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DeisProxyException(
                "cannot-ask",
                "There is no terminal to ask for confirmation or a passphrase.",
                "Use --yes to skip the confirmation; set DEIS_PROXY_SSH_PASSPHRASE to a key's passphrase.",
                refused);
        }
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
            Write(error, Render([(line.Length > columns ? line[..columns] : line, Tone.Dim)], ColorError));
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
            WriteLine(writer, Render(cleaned, color));
            return;
        }

        var hang = LineWrap.Hang(text[..^cleaned[^1].Text.Length], cleaned[^1].Text, width());
        foreach (var range in LineWrap.Break(text, width(), hang))
        {
            WriteLine(writer, (range.Start.Value == 0 ? "" : new string(' ', hang)) + Render(Slice(cleaned, range), color));
        }
    }

    private static (string Text, Tone Tone)[] Slice((string Text, Tone Tone)[] pieces, Range range)
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

    private void Notice(string level, Tone tone, string message, string remedy)
    {
        Message(($"{level}: ", tone), (message, Tone.Plain));
        if (remedy.Length > 0)
        {
            Message($"  {remedy}");
        }

        if (Job is not null)
        {
            WriteLine(error, GitHubActions.Annotation(level, message, remedy));
        }
    }

    private async Task<string?> ReadSecretAsync(CancellationToken cancellationToken)
    {
        var secret = new StringBuilder();
        while (true)
        {
            // Reading a key cannot be cancelled, waiting for it can: a question that was cancelled leaves the key to the next one.
            var key = await (_key ??= Task.Run(ReadKey, CancellationToken.None)).WaitAsync(cancellationToken);
            _key = null;
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return secret.ToString();
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control:
                    return null;
                case ConsoleKey.Backspace:
                    secret.Length = Math.Max(0, secret.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        secret.Append(key.KeyChar);
                    }

                    break;
            }
        }
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
            line.Append(color && code is not null ? $"\e[{code}m{text}\e[0m" : text);
        }

        return line.ToString();
    }
}
