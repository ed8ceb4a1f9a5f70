using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>All that was measured, and where.</summary>
internal sealed partial record Series(DateOnly Date, string Machine, IReadOnlyList<string> Versions, IReadOnlyList<Measurement> Runs)
{
    /// <summary>Runs that were measured here and now.</summary>
    public static async Task<Series> OfAsync(IReadOnlyList<Measurement> runs)
    {
        var python = RealProcess.Find("python3", "install the Debian package python3");
        return new(
        DateOnly.FromDateTime(DateTime.UtcNow),
        $"{Environment.ProcessorCount} processors, Linux {Number().Match(Environment.OSVersion.VersionString).Value}, "
            + $"{RuntimeInformation.FrameworkDescription}",
        [
            await VersionAsync("nginx", "install the Debian package nginx-light", "-v"),
            await VersionAsync("haproxy", "install the Debian package haproxy", "-v"),
            await VersionAsync("etcd", "install the Debian package etcd-server", "--version"),
            await VersionAsync("ssh", "install the Debian package openssh-client", "-V"),
            await VersionAsync("iptables", "install the Debian package iptables", "--version"),
            $"moto {Number().Match(await RealProcess.RunAsync(python, "-c", "import moto; print(moto.__version__)")).Value}",
        ],
        runs);
    }

    /// <summary>What was measured of some scenarios, each with the script's runs under its conditions.</summary>
    public IReadOnlyList<Summary> Summaries() =>
    [
        .. Scenario.All.Where(s => Runs.Any(m => m.Scenario == s.Name))
            .Select(s => new Summary(s, [.. Runs.Where(m => m.Scenario == s.Name)], [.. Runs.Where(m => m.Scenario == s.Reference.Name)])),
    ];

    /// <summary>How the numbers came about, for readers of them.</summary>
    public string Conditions()
    {
        var (fast, slow) = (CloudPace.Apart, CloudPace.Lagging);
        return $"""
            Measured on {Date:yyyy-MM-dd} by `dotnet run --project bench/outage -c Release -- --write` ({Machine}; {string.Join(", ", Versions)}).
            Three router nodes of release v1.12.3, each a machine of its own (network namespaces) with nginx, sshd and iptables, one etcd,
            haproxy in place of the load balancer, moto in place of AWS. Clients open 100 new connections a second, each for one request,
            from 2 s before the change until 8 s after it and until traffic is steady again.
            The load balancer is two machines, which its name leads to and clients use in turn; each follows a change in its own time.
            *Fast*: calls to AWS take no time, and each machine follows after {Seconds(fast.MinimumLag)} to {Seconds(fast.MaximumLag)} s.
            *Slow*: {Seconds(slow.ApiDelay)} s a call, and each machine follows after {Seconds(slow.MinimumLag)} to {Seconds(slow.MaximumLag)} s.
            *One machine*: it follows, where AWS is fast, after {Seconds(CloudPace.Immediate.MaximumLag)} s.
            The script is the sequence of AWS and etcd calls of Deis's `setup-proxy-protocol.sh`, without the start-up time of its programs
            and with the load balancer's right name, both in its favor. Scenarios take turns. Numbers are medians, in brackets least and most.
            """;

        static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture);
    }

    /// <summary>The first number with dots in what a program says of its version.</summary>
    private static async Task<string> VersionAsync(string program, string howToInstall, string option) =>
        $"{program} {Number().Match(await RealProcess.RunAsync(RealProcess.Find(program, howToInstall), option)).Value}";

    [GeneratedRegex(@"\d+(\.\d+)+(p\d+)?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}

/// <summary>How <c>--json</c> writes them.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Series))]
internal sealed partial class SeriesJson : JsonSerializerContext;
