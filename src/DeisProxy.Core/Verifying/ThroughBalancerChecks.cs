namespace DeisProxy.Core.Verifying;

/// <summary>What traffic adds to the checks of the configuration: the builder's port and redirects.</summary>
public static class ThroughBalancerChecks
{
    /// <summary>Redirects that are followed before it counts as a loop.</summary>
    public const int MaximumRedirects = 5;

    /// <summary>Adds what an SSH connection through the load balancer showed to the check <c>builder-port</c>.</summary>
    public static CheckResult Builder(CheckResult configuration, SshObservation seen)
    {
        var where = $"{RemoteText.Clean(seen.Host, TrafficText.Short)}:{seen.Port}";
        CheckResult Worse(string text, string remedy) => Merge(configuration, CheckStatus.Fail, text, remedy);
        if (seen.Outcome == TrafficOutcome.NameNotResolved || (seen.Outcome != TrafficOutcome.Answered && IsInternal(seen.Host)))
        {
            return configuration with
            {
                Status = configuration.Status == CheckStatus.Pass ? CheckStatus.Skip : configuration.Status,
                Seen = $"{configuration.Seen}; not tried through the load balancer: {TrafficText.Of(seen.Outcome, seen.Host, seen.Detail)}",
            };
        }

        if (seen.Outcome != TrafficOutcome.Answered)
        {
            return seen.Outcome == TrafficOutcome.Closed
                ? Worse(
                    $"{where}: the connection was closed without a banner",
                    "Check that the builder runs (deisctl status builder) and that an instance with it is in service.")
                : Worse($"{where}: {TrafficText.Of(seen.Outcome, seen.Host, seen.Detail)}", "Check that the builder runs (deisctl status builder), "
                + "and that the load balancer's security group admits this machine on the port.");
        }

        var banner = $"\"{RemoteText.Clean(seen.Banner, TrafficText.Short)}\"";
        if (!seen.Banner.StartsWith("SSH-", StringComparison.Ordinal))
        {
            return Worse(
                $"{where} answers {banner} instead of an SSH banner",
                "Check that the listener leads to instance port 2222 and that the builder runs (deisctl status builder).");
        }

        return seen.Reaction switch
        {
            SshReaction.KeyExchange => configuration with { Seen = $"{configuration.Seen}; {where} answers {banner} and begins the key exchange" },

            // sshd reads one line from its client. When a PROXY line comes before it, sshd says so (Invalid SSH identification string,
            // before 7.6 Protocol mismatch) and hangs up.
            SshReaction.Text or SshReaction.Closed => Worse(
                $"{where} answers {banner}, then "
                    + $"{(seen.Reaction == SshReaction.Text ? $"\"{RemoteText.Clean(seen.Detail, TrafficText.Short)}\"" : "closes")}: it got "
                    + "something before our line, as a PROXY line would be",
                "Take the ProxyProtocol policy off instance port 2222: aws elb set-load-balancer-policies-for-backend-server with the policies to "
                    + "keep."),
            _ => Merge(configuration, CheckStatus.Warn, $"{where} answers {banner} and then nothing", "Check the builder: deisctl journal builder."),
        };
    }

    /// <summary>Adds what following redirects showed to the check <c>https-redirect</c>.</summary>
    public static CheckResult Redirects(CheckResult configuration, IReadOnlyList<IReadOnlyList<HttpObservation>> chains)
    {
        var result = configuration;
        foreach (var chain in chains.Where(c => c.Count > 0))
        {
            var (first, last) = (RemoteText.Clean(chain[0].Url.AbsoluteUri), chain[^1]);
            var again = last.IsRedirect && chain.Any(a => a.Url == last.Location);
            result = (last.IsRedirect, again) switch
            {
                (true, true) => Merge(
                    result,
                    CheckStatus.Fail,
                    $"{first} redirects forever: {RemoteText.Clean(last.Url.AbsoluteUri)} leads back to "
                        + RemoteText.Clean(last.Location!.ToString()),
                    "If TLS ends at the load balancer, put the certificate on the routers and pass 443 through, or turn enforceHTTPS and hsts off; "
                        + "otherwise check the application."),
                (true, false) => Merge(
                    result,
                    CheckStatus.Fail,
                    $"{first} was still redirected after {MaximumRedirects} redirects, to {RemoteText.Clean(last.Location!.ToString())}",
                    "Check the application's redirects."),
                _ when last.Outcome != TrafficOutcome.Answered =>
                    Merge(result, CheckStatus.Fail, $"{(chain.Count > 1 ? $"{first} redirects, and " : "")}{last}", TrafficText.Remedy(last.Outcome)),
                _ when chain.Count == 1 => result with { Seen = $"{result.Seen}; {last}" },
                _ => result with { Seen = $"{result.Seen}; {last} after {chain.Count - 1} redirect{(chain.Count > 2 ? "s" : "")} from {first}" },
            };
        }

        return result;
    }

    private static bool IsInternal(string host) => host.StartsWith("internal-", StringComparison.OrdinalIgnoreCase);

    /// <summary>The worse of two results; both are told.</summary>
    private static CheckResult Merge(CheckResult configuration, CheckStatus status, string seen, string remedy)
    {
        var wrong = configuration.Status is CheckStatus.Fail or CheckStatus.Warn;
        return configuration with
        {
            Status = configuration.Status == CheckStatus.Fail ? CheckStatus.Fail : status,
            Seen = wrong ? $"{configuration.Seen}; {seen}" : seen,
            Remedy = wrong && configuration.Remedy.Length > 0 ? $"{configuration.Remedy} {remedy}" : remedy,
        };
    }
}
