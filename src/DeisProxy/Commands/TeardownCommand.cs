using System.CommandLine;

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
            var (connection, change) = (_connection.Read(parsed), _change.Read(parsed));
            return new ChangeRun(host, Name, connection with { Goal = connection.Goal with { Hold = change.Hold } }, _output.Read(parsed), change)
                .RunAsync((provider, snapshot, known) => provider.PlanTeardown(snapshot, known), cancellationToken);
        });
    }
}
