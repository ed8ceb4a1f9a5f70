using System.Globalization;
using System.Security.Cryptography;
using DeisProxy.Core.Elb;

namespace DeisProxy.Cluster.Router;

/// <summary>The program that holds connections on a node: hold.sh beside this file, which tells how it is talked to.</summary>
internal static class HoldScript
{
    private static readonly string Text = Read();

    /// <summary>The command that starts it, to be run as root.</summary>
    public static IReadOnlyList<string> Command(IEnumerable<int> ports) =>
    [
        "sh", "-c", Text, "sh", Text,
        RandomNumberGenerator.GetHexString(8, lowercase: true),
        RandomNumberGenerator.GetInt32(1, 64).ToString(CultureInfo.InvariantCulture),
        .. ports.Select(port => port.ToString(CultureInfo.InvariantCulture)),
    ];

    /// <summary>What it says it can do, in its answer to <c>ready</c>.</summary>
    /// <returns>Why it cannot hold connections by their content, and why not at all; null: it can.</returns>
    public static (string? CannotByContent, string? CannotAtAll) Means(string node, string answer)
    {
        const string SynOnly = "ready syn: ";
        const string Refused = "ready refused: ";
        var why = $"{node}: {answer.Replace(SynOnly, "", StringComparison.Ordinal).Replace(Refused, "", StringComparison.Ordinal)}";
        return answer == "ready content" ? (null, null)
            : answer.StartsWith(SynOnly, StringComparison.Ordinal) ? (why, null)
            : (why, why);
    }

    /// <summary>The request that holds connections.</summary>
    public static string Request(HeldConnections held) => held switch
    {
        HeldConnections.WithProxyLine => "hold proxy",
        HeldConnections.WithoutProxyLine => "hold plain",
        HeldConnections.All => "hold both",
        HeldConnections.AllUnread => "hold syn",
        _ => throw new ArgumentOutOfRangeException(nameof(held)),
    };

    private static string Read()
    {
        using var reader = new StreamReader(typeof(HoldScript).Assembly.GetManifestResourceStream("hold.sh")!);
        return reader.ReadToEnd();
    }
}
