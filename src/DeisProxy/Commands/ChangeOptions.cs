using System.CommandLine;

namespace DeisProxy.Commands;

/// <summary>The options of commands that change something.</summary>
internal sealed class ChangeOptions
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "print the plan, change nothing" };
    private readonly Option<bool> _detailedExitCode = new("--detailed-exitcode")
    {
        Description = "with --dry-run: exit with 5 if changes are pending",
    };
    private readonly Option<bool> _noRollback = new("--no-rollback")
    {
        Description = "when a step fails, stop there instead of putting everything back",
    };
    private readonly Option<bool> _noHold = new("--no-hold") { Description = "do not hold new connections at the nodes while both ends switch" };
    private readonly Option<bool> _yes = new("--yes", "-y") { Description = "do not ask for confirmation" };

    /// <summary>Declares the options on a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _dryRun, _detailedExitCode, _yes, _noRollback, _noHold })
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(_detailedExitCode) && !result.GetValue(_dryRun))
            {
                result.AddError("--detailed-exitcode requires --dry-run.");
            }
        });
    }

    /// <summary>Reads what was given.</summary>
    /// <param name="goals">The command's own options that say what is wanted.</param>
    public ChangeSettings Read(ParseResult parsed, params IEnumerable<Option> goals) =>
        new(
            parsed.GetValue(_dryRun), parsed.GetValue(_detailedExitCode), parsed.GetValue(_yes), !parsed.GetValue(_noRollback),
            !parsed.GetValue(_noHold), OptionParsers.Given(parsed, [.. goals, _noHold]));
}

/// <summary>How to change something.</summary>
/// <param name="Goals">The options that say what is wanted, as they were given.</param>
internal sealed record ChangeSettings(bool DryRun, bool DetailedExitCode, bool Yes, bool RollBack, bool Hold, IReadOnlyList<string> Goals);
