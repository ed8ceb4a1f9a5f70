using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary><c>deis-proxy demo</c> on a terminal of 110 columns, as a picture.</summary>
internal static class DemoPicture
{
    private const int Columns = 110;

    public static async Task<string> DrawAsync()
    {
        using var screen = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(TextReader.Null, screen, screen)
        {
            ColorOutput = true,
            ColorError = true,
            OutputIsTerminal = true,
            OutputWidth = () => Columns,
            ErrorWidth = () => Columns,
        };
        var host = new CommandHost(terminal, (_, _) => throw new InvalidOperationException(), TimeProvider.System);
        (await CommandLine.RunAsync(["demo"], host, CancellationToken.None)).ShouldBe(0, screen.ToString());

        var lines = screen.ToString().TrimEnd('\n').Split('\n').Where(line => !line.StartsWith("\e[2m… ", StringComparison.Ordinal)).ToList();
        return TerminalPicture.Draw(
            Columns, lines.Count, "dotnet run --project src/DeisProxy -- demo", lines.Select((line, row) => TerminalPicture.Line(row, line)));
    }
}
