namespace DeisProxy.Core.Applying;

/// <summary>How far a step is.</summary>
public enum StepStatus
{
    /// <summary>Not begun.</summary>
    Planned,

    /// <summary>Its change is being made. Only seen in progress reports.</summary>
    Running,

    /// <summary>In effect.</summary>
    Done,

    /// <summary>It could not be brought into effect, and perhaps not wholly undone.</summary>
    Failed,

    /// <summary>It was in effect, or partly, and has been put back.</summary>
    Undone,
}

/// <summary>A step and how far it is.</summary>
public sealed record StepProgress(Step Step, StepStatus Status, TimeSpan Duration);

/// <summary>What came of a run.</summary>
/// <param name="Error">Why the run ended early; null if it did not.</param>
/// <param name="RollbackError">Why something could not be put back; null if it was, or if nothing had to be.</param>
public sealed record RunResult(IReadOnlyList<StepProgress> Steps, Exception? Error, Exception? RollbackError)
{
    /// <summary>Whether anything is different from before the run.</summary>
    public bool Changed => Steps.Any(s => s.Status is StepStatus.Done or StepStatus.Failed);
}
