using DeisProxy.Core;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Rackspace;
using DeisProxy.Core.Verifying;
using DeisProxy.Rackspace;

namespace DeisProxy.Providers;

/// <summary>A Rackspace Cloud Load Balancer.</summary>
/// <param name="stateFolder">Where an error page is kept; null for the usual place.</param>
internal sealed class RackspaceProvider(RackspaceSettings settings, string? loadBalancer, CloudGoal goal, string? stateFolder) : IProvider
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "rackspace";

    private readonly CloudLoadBalancers _balancers = new(settings);
    private long? _id;

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public RouterMode WantedMode => RouterMode.Plain;

    private string Scope => $"{ProviderName}-{settings.Username}-{_id}";

    /// <inheritdoc/>
    public async Task<BalancerReading> ReadAsync(Action<BalancerFound> found, CancellationToken cancellationToken)
    {
        _id ??= CloudControl.Find(await _balancers.ListAsync(cancellationToken), loadBalancer).Id;
        var state = await CloudControl.ReadAsync(_balancers, _id.Value, settings.Region, cancellationToken);
        var nodes = state.LoadBalancer.Nodes.Select(n => new Node(n.Address, n.Address, PublicAddress: null)).ToValueList();
        found(new BalancerFound($"{ProviderName}-{_id}", Scope, nodes));
        return new BalancerReading(state, nodes);
    }

    /// <inheritdoc/>
    public ClusterControl Control(ClusterSession session) =>
        new CloudControl(_balancers, _id!.Value, session.Routers, SaveErrorPageAsync, settings.Time);

    /// <inheritdoc/>
    public Plan PlanSetup(ClusterSnapshot now) => CloudSetupPlanner.Plan(now, Goal());

    /// <inheritdoc/>
    public Plan PlanTeardown(ClusterSnapshot now, RunRecord? known) => CloudTeardownPlanner.Plan(now, known?.Original, known?.Made, Goal());

    /// <inheritdoc/>
    public IReadOnlyList<CheckResult> Check(ClusterSnapshot now, RunRecord? known, TrafficSeen? seen) =>
        CloudChecks.Run(now, Goal(), known?.Made, seen);

    /// <inheritdoc/>
    public void Dispose() => _balancers.Dispose();

    private CloudGoal Goal() => goal with { ErrorPageFile = LocalRecordStore.FileOf(stateFolder, Scope, "error-page.html") };

    private async Task SaveErrorPageAsync(string content, CancellationToken cancellationToken)
    {
        var file = LocalRecordStore.FileOf(stateFolder, Scope, "error-page.html");
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, content, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DeisProxyException(
                "error-page-not-saved",
                $"Could not save the error page: {error.Message}",
                "Set XDG_STATE_HOME to a writable folder, then run the command again.",
                error);
        }
    }
}
