using DeisProxy.Core.Applying;

namespace DeisProxy.Core.Verifying;

/// <summary>The check that no run was cut off half-way.</summary>
public static class JournalCheck
{
    private const string Id = "unfinished-run";

    /// <summary>Makes the result; there is none if no run is under way and none was cut off.</summary>
    /// <param name="unfinished">Record of the run that has not ended, or null.</param>
    /// <param name="underWay">Who holds the lock, or null.</param>
    public static IEnumerable<CheckResult> Run(RunRecord? unfinished, string? underWay)
    {
        if (underWay is not null)
        {
            var at = unfinished is null ? "" : $", {(unfinished.Undoing ? "undoing" : "at")} step {unfinished.Steps[unfinished.Current].Id}";

            // A run that has not begun its first step, or has ended its last one, changes nothing.
            yield return new CheckResult(
                Id,
                unfinished is null ? CheckStatus.Warn : CheckStatus.Fail,
                $"a run is under way: {underWay}{at}",
                "no run under way",
                "Wait for it to end (if its process is gone, the lock expires within a minute), then verify again.");
        }
        else if (unfinished is not null)
        {
            yield return new CheckResult(
                Id,
                CheckStatus.Fail,
                $"a run was cut off: {unfinished}",
                "no run that was cut off",
                unfinished.Command == "setup"
                    ? "deis-proxy setup finishes the job, and deis-proxy teardown puts everything back."
                    : "deis-proxy teardown finishes it.");
        }
    }
}
