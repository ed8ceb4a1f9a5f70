using DeisProxy.Core.Applying;

namespace DeisProxy.Core.Verifying;

/// <summary>The check that no run was cut off half-way.</summary>
public static class JournalCheck
{
    /// <summary>Makes the result; there is none if no run was cut off.</summary>
    /// <param name="unfinished">Record of the run that has not ended, or null.</param>
    /// <returns>The result, or nothing.</returns>
    public static IEnumerable<CheckResult> Run(RunRecord? unfinished)
    {
        if (unfinished is not null)
        {
            yield return new CheckResult(
                "unfinished-run",
                CheckStatus.Fail,
                $"a run has not ended: {unfinished}",
                "no run that was cut off",
                "If it is still under way, wait for it. Otherwise deis-proxy setup finishes the job, and deis-proxy teardown puts everything back.");
        }
    }
}
