using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>What is done to the load balancer while clients use it.</summary>
internal enum Change
{
    /// <summary>The calls of setup-proxy-protocol.sh.</summary>
    Script,

    /// <summary><c>deis-proxy setup</c>.</summary>
    Setup,

    /// <summary><c>deis-proxy setup --no-hold</c>.</summary>
    SetupWithoutHold,

    /// <summary><c>deis-proxy teardown</c>, after a setup.</summary>
    Teardown,
}

/// <summary>One thing that is measured.</summary>
/// <param name="Name">As for <c>--scenarios</c>.</param>
/// <param name="MostFailed">Goal for the median of the requests that fail; null: none.</param>
/// <param name="Latest">Goal for the median of the latest answer; null: none.</param>
internal sealed record Scenario(string Name, Change Change, bool Lagging, int Balancers = 1, int? MostFailed = null, TimeSpan? Latest = null)
{
    private static readonly TimeSpan Unnoticed = TimeSpan.FromSeconds(1.5);

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("script", Change.Script, Lagging: false),
        new("setup", Change.Setup, Lagging: false, MostFailed: 3, Latest: Unnoticed),
        new("teardown", Change.Teardown, Lagging: false),
        new("no-hold", Change.SetupWithoutHold, Lagging: false, MostFailed: 25),
        new("script-lag", Change.Script, Lagging: true),
        new("setup-lag", Change.Setup, Lagging: true, MostFailed: 3, Latest: Unnoticed),
        new("teardown-lag", Change.Teardown, Lagging: true),
        new("no-hold-lag", Change.SetupWithoutHold, Lagging: true, MostFailed: 60),
        new("script-two-lag", Change.Script, Lagging: true, Balancers: 2),
        new("setup-two-lag", Change.Setup, Lagging: true, Balancers: 2),
    ];

    /// <summary>Its name for readers, in Markdown.</summary>
    public string Title
    {
        get
        {
            var change = Change switch
            {
                Change.Script => "the script",
                Change.Setup => "`setup`",
                Change.SetupWithoutHold => "`setup --no-hold`",
                Change.Teardown => "`teardown`",
                _ => throw new InvalidOperationException($"{Change} has no title."),
            };
            return $"{change}, {(Lagging ? "slow" : "fast")} AWS{(Balancers == 1 ? "" : $", {Balancers} machines")}";
        }
    }

    /// <summary>With goals that a busy machine reaches in a single run.</summary>
    public Scenario Generous => MostFailed is null ? this : this with { MostFailed = Math.Max(15, 2 * MostFailed.Value), Latest = 2 * Latest };

    public CloudPace Pace => Lagging ? CloudPace.Lagging : CloudPace.Immediate;

    /// <summary>The script under the same conditions.</summary>
    public Scenario Reference => All.First(s => s.Change == Change.Script && s.Lagging == Lagging && s.Balancers == Balancers);
}
