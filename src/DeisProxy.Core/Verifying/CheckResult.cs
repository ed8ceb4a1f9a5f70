namespace DeisProxy.Core.Verifying;

/// <summary>What came of a check.</summary>
public enum CheckStatus
{
    /// <summary>As it must be.</summary>
    Pass,

    /// <summary>Not as it must be: users notice.</summary>
    Fail,

    /// <summary>Worth knowing; users may not notice.</summary>
    Warn,

    /// <summary>Not checked, for the reason given as what was seen.</summary>
    Skip,
}

/// <summary>One check of <c>verify</c>.</summary>
/// <param name="Remedy">How to mend it; empty when nothing is to be mended.</param>
public sealed record CheckResult(string Id, CheckStatus Status, string Seen, string Expected, string Remedy)
{
    /// <summary>What to do about whatever <c>setup</c> mends.</summary>
    internal const string RunSetup = "Run deis-proxy setup.";

    /// <summary>How long it took, where something was sent for it; else nothing.</summary>
    public TimeSpan Duration { get; init; }

    internal static CheckResult Pass(string id, string seen, string expected) => new(id, CheckStatus.Pass, seen, expected, "");

    internal static CheckResult Skip(string id, string reason, string expected) => new(id, CheckStatus.Skip, reason, expected, "");
}
