namespace DeisProxy.Core.Verifying;

/// <summary>What traffic through the balancer showed of what its configuration can only promise.</summary>
/// <param name="Builder">An SSH connection to the builder; null if none was tried.</param>
/// <param name="Redirects">The answers in a row for each URL that was begun with; the last one is where it ended.</param>
public sealed record TrafficSeen(SshObservation? Builder, IReadOnlyList<IReadOnlyList<HttpObservation>> Redirects);
