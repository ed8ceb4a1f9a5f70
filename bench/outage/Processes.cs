using System.Diagnostics;
using System.Globalization;

namespace DeisProxy.Outage;

/// <summary>What runs in this process's own process namespace: on the operator's machine and on all nodes.</summary>
internal static class Processes
{
    /// <summary>Those that let connections go on the nodes, whatever becomes of the operator.</summary>
    public static IReadOnlyList<string> Guards() => [.. Of("sh").Where(line => line.Contains("/script guard ", StringComparison.Ordinal))];

    /// <summary>Everything that deis-proxy has started, on the nodes and here.</summary>
    public static IReadOnlyList<string> OfTool() =>
        [.. Of("sh").Where(line => line.Contains("/run/deis-proxy.", StringComparison.Ordinal)), .. Of("ssh")];

    private static IEnumerable<string> Of(string program)
    {
        foreach (var directory in Directory.EnumerateDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out _)))
        {
            var line = "";
            try
            {
                if (File.ReadAllText(Path.Combine(directory, "comm")).Trim() == program)
                {
                    line = File.ReadAllText(Path.Combine(directory, "cmdline")).Replace('\0', ' ');
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended while we looked.
                Debug.WriteLine(e.Message);
            }

            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }
}
