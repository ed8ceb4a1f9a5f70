using System.Diagnostics;
using System.Globalization;
using System.Text;
using DeisProxy.Output;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary><c>deis-proxy setup</c> on a terminal of 100 columns, as a picture that moves as the terminal did.</summary>
internal static class SetupRecording
{
    private const int Columns = 100;

    /// <summary>How long the end is shown before it begins again.</summary>
    private const double Rest = 5;

    private const string Erase = "\r\e[2K";

    public static async Task<string> DrawAsync()
    {
        // AWS answers in a tenth of a second, and routers read etcd every five; nobody wants to watch all of that.
        await using var scene = await Scene.StartAsItIsAsync(SandboxOptions.DeisV15 with
        {
            RouterInterval = TimeSpan.FromSeconds(2),
            ApiDelay = new LagRange(TimeSpan.FromMilliseconds(80), TimeSpan.FromMilliseconds(200)),
        });
        using var screen = new Screen();
        using var person = new Answer(() =>
        {
            // Reads the plan for a while.
            Thread.Sleep(1500);
            screen.Write("y\n");
            return "y";
        });
        var terminal = new Terminal(person, screen, screen)
        {
            HasPerson = true,
            ColorOutput = true,
            ColorError = true,
            OutputIsTerminal = true,
            OutputWidth = () => Columns,
            ErrorWidth = () => Columns,
            CanRedraw = true,
        };
        (await scene.RunAsync(terminal, ["setup"], CancellationToken.None)).ShouldBe(0);

        var texts = Texts(screen.Written);
        var end = texts.Max(text => text.From) + Rest;
        return TerminalPicture.Draw(
            Columns, texts.Max(text => text.Row) + 1, "deis-proxy setup", texts.Select(Moving),
            string.Create(CultureInfo.InvariantCulture, $"<set id=\"t\" attributeName=\"x\" to=\"0\" begin=\"0s;t.end\" dur=\"{end:F1}s\"/>"));
    }

    /// <summary>What stays is shown where nothing can move; what passes is not.</summary>
    private static string Moving((int Row, string Text, double From, double? To) text) => text.To is { } to
        ? TerminalPicture.Line(text.Row, text.Text, " opacity=\"0\"", string.Create(
            CultureInfo.InvariantCulture,
            $"<set attributeName=\"opacity\" to=\"1\" begin=\"t.begin+{text.From:F2}s\" dur=\"{Math.Max(0.01, to - text.From):F2}s\"/>"))
        : TerminalPicture.Line(text.Row, text.Text, "", string.Create(
            CultureInfo.InvariantCulture, $"<set attributeName=\"opacity\" to=\"0\" begin=\"t.begin\" dur=\"{Math.Max(0.01, text.From):F2}s\"/>"));

    /// <summary>Each text that was on a line, with the seconds at which it came and, if it did not stay, went.</summary>
    private static List<(int Row, string Text, double From, double? To)> Texts(IEnumerable<(double At, string Text)> written)
    {
        var texts = new List<(int, string, double, double?)>();
        var (row, line, since) = (0, "", 0d);
        foreach (var (at, text) in written)
        {
            foreach (var (index, part) in text.Split('\n').Index())
            {
                if (index > 0)
                {
                    Leave(null);
                    (row, line) = (row + 1, "");
                }

                if (part.Length > 0)
                {
                    var next = part.StartsWith(Erase, StringComparison.Ordinal) ? part[Erase.Length..] : line + part;
                    Leave(at);
                    (line, since) = (next, at);
                }
            }
        }

        return texts;

        void Leave(double? at)
        {
            if (line.Length > 0)
            {
                texts.Add((row, line, since, at));
            }
        }
    }

    /// <summary>Notes when what is written.</summary>
    private sealed class Screen : TextWriter
    {
        private readonly long _begun = Stopwatch.GetTimestamp();
        private readonly List<(double At, string Text)> _written = [];

        public override Encoding Encoding => Encoding.UTF8;

        public override string NewLine => "\n";

        public IReadOnlyList<(double At, string Text)> Written => _written;

        public override void Write(char value) => Write($"{value}");

        public override void Write(string? value)
        {
            lock (_written)
            {
                _written.Add((Stopwatch.GetElapsedTime(_begun).TotalSeconds, value ?? ""));
            }
        }

        public override Task WriteAsync(string? value)
        {
            Write(value);
            return Task.CompletedTask;
        }
    }
}
