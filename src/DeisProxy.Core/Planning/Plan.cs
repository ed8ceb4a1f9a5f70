using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Planning;

/// <summary>A whole change, decided before anything is touched.</summary>
/// <param name="Steps">The steps, in the order in which they are carried out; empty if nothing is to be done.</param>
/// <param name="Blockers">What must be settled first; with any of these nothing is changed.</param>
public sealed record Plan(ValueList<Step> Steps, ValueList<Notice> Warnings, ValueList<Notice> Blockers)
{
    /// <summary>Why there is nothing to do; null: because everything is done.</summary>
    public string? NothingToDo { get; init; }
}

/// <summary>Something that a person is told about a plan.</summary>
public sealed record Notice(string Id, string Message, string Remedy);
