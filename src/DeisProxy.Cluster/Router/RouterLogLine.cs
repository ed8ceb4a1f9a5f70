using System.Net;
using System.Text.RegularExpressions;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Cluster.Router;

/// <summary>
/// The lines that a Deis router writes: <c>[INFO] - [time] - address - user - status - "request" - ...</c> for a request, nginx's own
/// message for an error (deis/deis router image, <c>nginx.conf</c> and <c>boot.go</c>; the prefix is the same for both).
/// </summary>
internal static partial class RouterLogLine
{
    /// <summary>Finds in a router's log what it says about one request.</summary>
    /// <returns>What the router saw; null if no line is about the request. A line for the request counts more than an error about it.</returns>
    public static LogSighting? Find(string node, string log, string token)
    {
        LogSighting? error = null;
        foreach (var line in log.Split('\n').Where(l => l.Contains(token, StringComparison.Ordinal)))
        {
            // The address stands before everything that the client wrote, so the first match cannot be the client's invention.
            if (Request().Match(line) is { Success: true } request)
            {
                return new LogSighting(
                    node, IPAddress.TryParse(request.Groups["address"].Value, out var address) ? address : null, BrokenHeader: false);
            }

            // The headers of the request follow on lines of their own.
            if (line.Contains("broken header: \"", StringComparison.Ordinal))
            {
                error = new LogSighting(node, Address: null, BrokenHeader: true);
            }
        }

        return error;
    }

    [GeneratedRegex(
        @"^[^""]*?\[INFO\] - \[[^\]""]{1,40}\] - (?<address>[0-9A-Fa-f.:]{2,45}|-) - ",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Request();
}
