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

    /// <summary><c>deis-proxy setup</c> where who enters one of the nodes may not call docker.</summary>
    SetupWithoutDocker,

    /// <summary><c>deis-proxy setup</c> where one node's kernel lacks the module u32.</summary>
    SetupWithoutU32,
}

/// <summary>One thing that is measured.</summary>
/// <param name="Name">As for <c>--scenarios</c>.</param>
/// <param name="Machines">How many machines the load balancer's name leads to.</param>
/// <param name="MostLost">Goal for every run: requests lost to the flip; null: none.</param>
internal sealed record Scenario(string Name, Change Change, bool Lagging, int Machines, int? MostLost = null)
{
    /// <summary>Goal for the median of the requests that are late, where none may be lost.</summary>
    public const int MostLate = 100;

    public static IReadOnlyList<Scenario> All { get; } = [.. Of(2), .. Of(1)];

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
                Change.SetupWithoutDocker => "`setup`, a node without docker rights",
                Change.SetupWithoutU32 => "`setup`, a node without u32",
                Change.Teardown => "`teardown`",
                _ => throw new InvalidOperationException($"{Change} has no title."),
            };
            return $"{change}, {(Lagging ? "slow" : "fast")} AWS{(Machines == 1 ? ", one machine" : "")}";
        }
    }

    public CloudPace Pace => Lagging ? CloudPace.Lagging : Machines == 1 ? CloudPace.Immediate : CloudPace.Apart;

    /// <summary>Goal for every run: the latest answer. TCP sends again what a node does not let through after 0.2, 0.6, 1.4 and 3 s.</summary>
    public TimeSpan? Latest => MostLost is null ? null : TimeSpan.FromSeconds(Machines == 1 ? 0.7 : 3.2);

    /// <summary>The script under the same conditions.</summary>
    public Scenario Reference => All.First(s => s.Change == Change.Script && s.Lagging == Lagging && s.Machines == Machines);

    private static IEnumerable<Scenario> Of(int machines)
    {
        var suffix = machines == 1 ? "-one" : "";
        foreach (var lagging in new[] { false, true })
        {
            var pace = lagging ? "-slow" : "";
            yield return new($"script{suffix}{pace}", Change.Script, lagging, machines);
            yield return new($"setup{suffix}{pace}", Change.Setup, lagging, machines, MostLost: 0);
            yield return new($"teardown{suffix}{pace}", Change.Teardown, lagging, machines, MostLost: 0);
            yield return new($"no-hold{suffix}{pace}", Change.SetupWithoutHold, lagging, machines);
            yield return new($"no-docker{suffix}{pace}", Change.SetupWithoutDocker, lagging, machines);
            yield return new($"no-u32{suffix}{pace}", Change.SetupWithoutU32, lagging, machines);
        }
    }
}
