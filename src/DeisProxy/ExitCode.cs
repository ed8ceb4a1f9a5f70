namespace DeisProxy;

/// <summary>Exit codes; scripts depend on them.</summary>
internal static class ExitCode
{
    /// <summary>Done, or nothing to do; <c>verify</c>: every check passed or was skipped with a reason.</summary>
    public const int Done = 0;

    /// <summary>Failed before any change, or failed and everything was put back.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage; nothing was contacted.</summary>
    public const int Usage = 2;

    /// <summary>Failed, and something is left that was not put back.</summary>
    public const int NotPutBack = 3;

    /// <summary><c>verify</c>: a check failed.</summary>
    public const int CheckFailed = 4;

    /// <summary><c>--dry-run --detailed-exitcode</c>: changes are pending.</summary>
    public const int ChangesPending = 5;

    /// <summary>Interrupted; everything was put back.</summary>
    public const int Interrupted = 130;
}
