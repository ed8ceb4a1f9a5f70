using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;

namespace DeisProxy.Core.Applying;

/// <summary>
/// What the journal holds of a run: enough for another process on another machine to finish it or to put everything back. It is
/// written before each step. It holds no secrets: certificates are named by their ARN only.
/// </summary>
public sealed record RunRecord
{
    /// <summary>The format that this release writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Format of the record.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Command that runs: <c>setup</c> or <c>teardown</c>.</summary>
    public required string Command { get; init; }

    /// <summary>Who runs it, as <c>user@host</c>.</summary>
    public required string Holder { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>What was there before the first setup: what <c>teardown</c> goes back to.</summary>
    public required ClusterSnapshot Original { get; init; }

    /// <summary>What setup was told: what it has made of <see cref="Original"/> follows from both.</summary>
    public required SetupGoal Goal { get; init; }

    /// <summary>The steps, in their order.</summary>
    public required ValueList<Step> Steps { get; init; }

    /// <summary>How many of the first steps mend what an earlier run has left half done. They are never undone: that would break it again.</summary>
    public int Repairs { get; init; }

    /// <summary>The change of a listener that these steps mend; null if there are none.</summary>
    public ListenerStep? CutOff { get; init; }

    /// <summary>Index of the step that has been begun: those before it are done, those after it are not begun.</summary>
    public int Current { get; init; }

    /// <summary>Whether the steps are being undone, from <see cref="Current"/> backwards.</summary>
    public bool Undoing { get; init; }

    /// <summary>The step that has been begun, for people.</summary>
    /// <returns>For example <c>setup by ann@ci, begun 2026-01-01 10:00:00Z, at step listener-80</c>.</returns>
    public override string ToString() =>
        $"{Command} by {Holder}, begun {StartedAt.UtcDateTime:u}, {(Undoing ? "undoing" : "at")} step {Steps[Current].Id}";
}
