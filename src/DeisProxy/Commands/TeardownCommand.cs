using System.CommandLine;
using DeisProxy.Core.Planning;

namespace DeisProxy.Commands;

/// <summary><c>deis-proxy teardown</c>: go back to what was there before setup.</summary>
internal sealed class TeardownCommand : Command
{
    private readonly ConnectionOptions _connection = new();
    private readonly OutputOptions _output = new();
    private readonly ChangeOptions _change = new();

    public TeardownCommand(CommandHost host)
        : base("teardown", "go back to what was there before setup")
    {
        _connection.AddTo(this);
        _change.AddTo(this);
        _output.AddTo(this);
        SetAction((parsed, cancellationToken) =>
        {
            var connection = _connection.Read(parsed);
            var goal = SetupGoal.Default with { RouterPorts = connection.RouterPorts };
            return new ChangeRun(host, Name, connection, _output.Read(parsed), _change.Read(parsed), goal)
                .RunAsync((snapshot, known) => TeardownPlanner.Plan(snapshot, known?.Original, known?.Goal ?? goal), cancellationToken);
        });
    }
}
