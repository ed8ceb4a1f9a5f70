using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>All that was measured, and where.</summary>
internal sealed partial record Series(DateOnly Date, string Machine, IReadOnlyList<string> Versions, IReadOnlyList<Measurement> Runs)
{
    /// <summary>Runs that were measured here and now.</summary>
    public static async Task<Series> OfAsync(IReadOnlyList<Measurement> runs) => new(
        DateOnly.FromDateTime(DateTime.UtcNow),
        $"{Environment.ProcessorCount} processors, Linux {Number().Match(Environment.OSVersion.VersionString).Value}, "
            + $"{RuntimeInformation.FrameworkDescription}",
        [
            await VersionAsync("nginx", "install the Debian package nginx-light", "-v"),
            await VersionAsync("haproxy", "install the Debian package haproxy", "-v"),
            await VersionAsync("etcd", "install the Debian package etcd-server", "--version"),
            await VersionAsync("ssh", "install the Debian package openssh-client", "-V"),
            await VersionAsync("iptables", "install the Debian package iptables", "--version"),
            $"moto {Number().Match(await RealProcess.RunAsync(RealProcess.Find("python3", "install the Debian package python3"), "-c", "import moto; print(moto.__version__)")).Value}",
        ],
        runs);

    /// <summary>What was measured of some scenarios, each with the script's runs under its conditions.</summary>
    public IReadOnlyList<Summary> Summaries() =>
    [
        .. Scenario.All.Where(s => Runs.Any(m => m.Scenario == s.Name))
            .Select(s => new Summary(s, [.. Runs.Where(m => m.Scenario == s.Name)], [.. Runs.Where(m => m.Scenario == s.Reference.Name)])),
    ];

    /// <summary>How the numbers came about, for readers of them.</summary>
    public string Conditions() => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        Measured on {Date:yyyy-MM-dd} by `dotnet run --project bench/outage -c Release -- --write` ({Machine}; {string.Join(", ", Versions)}).
        Three router nodes of release v1.12.3, each a machine of its own (network namespaces) with nginx, sshd and iptables, one etcd, haproxy in the place of the load balancer, moto in
        the place of AWS. Clients open 100 new connections a second, each for one request, from 2 s before the change until 8 s after it and until traffic is steady again.
        The load balancer is two machines, which its name leads to and clients use in turn; each follows a change in its own time. *Fast*: calls to AWS cost nothing, and each
        machine follows after {CloudPace.Apart.MinimumLag.TotalSeconds:0.#} to {CloudPace.Apart.MaximumLag.TotalSeconds:0.#} s. *Slow*: {CloudPace.Lagging.ApiDelay.TotalSeconds:0.#} s a call, and each machine follows after {CloudPace.Lagging.MinimumLag.TotalSeconds:0.#} to {CloudPace.Lagging.MaximumLag.TotalSeconds:0.#} s. *One machine*: that follows,
        where AWS is fast, after {CloudPace.Immediate.MaximumLag.TotalSeconds:0.#} s. The script is the sequence of AWS and etcd calls of Deis's `setup-proxy-protocol.sh`, without the
        start-up time of its programs and with the load balancer's right name, both in its favour. Scenarios take turns. Numbers are medians, in brackets least and most.
        """);

    /// <summary>The first number with dots in what a program says of its version.</summary>
    private static async Task<string> VersionAsync(string program, string howToInstall, string option) =>
        $"{program} {Number().Match(await RealProcess.RunAsync(RealProcess.Find(program, howToInstall), option)).Value}";

    [GeneratedRegex(@"\d+(\.\d+)+(p\d+)?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();
}
