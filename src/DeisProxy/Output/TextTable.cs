using System.Text;

namespace DeisProxy.Output;

/// <summary>A table of text for a terminal: cells that are too long go on in the next line.</summary>
internal static class TextTable
{
    private const int Gap = 2;

    /// <summary>Narrower columns are no easier to read than lines.</summary>
    private const int LeastWidth = 24;

    /// <summary>The lines of a table; null where the terminal is too narrow for it. The first column is never broken.</summary>
    public static List<string>? Lines(IReadOnlyList<string[]> rows, int width)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var share = (width - widths[0] - (Gap * (widths.Length - 1))) / (widths.Length - 1);
        if (widths.Sum() + (Gap * (widths.Length - 1)) > width)
        {
            if (share < LeastWidth)
            {
                return null;
            }

            // What a short column leaves goes to the long ones.
            var spare = widths.Skip(1).Sum(wanted => Math.Max(0, share - wanted));
            var many = widths.Skip(1).Count(wanted => wanted > share);
            widths = [widths[0], .. widths.Skip(1).Select(wanted => wanted <= share ? wanted : share + (spare / many))];
        }

        var lines = new List<string>();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, column) => LineWrap.Break(cell, widths[column], hang: 0).Select(range => cell[range]).ToList()).ToList();
            for (var line = 0; line < cells.Max(cell => cell.Count); line++)
            {
                var text = new StringBuilder();
                foreach (var (column, cell) in cells.Index())
                {
                    text.Append((cell.ElementAtOrDefault(line) ?? "").PadRight(widths[column] + Gap));
                }

                lines.Add(text.ToString().TrimEnd());
            }
        }

        return lines;
    }
}
