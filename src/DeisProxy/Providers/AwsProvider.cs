using DeisProxy.Aws;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Providers;

/// <summary>The classic load balancer of a CloudFormation stack.</summary>
internal sealed class AwsProvider(AwsAccess access, string stack, string? loadBalancer, SetupGoal goal, TimeProvider time) : IProvider
{
    /// <summary>The provider's name.</summary>
    public const string ProviderName = "aws";

    private readonly AwsClients _clients = AwsClients.Create(access);
    private ElbReader? _reader;

    /// <inheritdoc/>
    public string Name => ProviderName;

    /// <inheritdoc/>
    public RouterMode WantedMode => RouterMode.Proxy;

    /// <inheritdoc/>
    public async Task<BalancerReading> ReadAsync(Action<BalancerFound> found, CancellationToken cancellationToken)
    {
        _reader ??= new ElbReader(_clients, stack, loadBalancer, time);
        var (state, nodes) = await _reader.ReadAsync(
            (info, name, running) => found(new BalancerFound(name, $"{info.Account}-{info.Region}-{name}", running)), cancellationToken);
        return new BalancerReading(state, nodes);
    }

    /// <inheritdoc/>
    public ClusterControl Control(ClusterSession session)
    {
        var balancer = new ClassicLoadBalancer(_clients, session.BalancerKey, time);
        var flip = new Flip(balancer, session.Routers, session.RouterNodes, session.Traffic, time);
        return new ElbControl(balancer, session.Routers, flip, session.Traffic, time);
    }

    /// <inheritdoc/>
    public Plan PlanSetup(ClusterSnapshot now) => SetupPlanner.Plan(now, goal);

    /// <inheritdoc/>
    public Plan PlanTeardown(ClusterSnapshot now, RunRecord? known) =>
        TeardownPlanner.Plan(now, known?.Original, known?.Made, TeardownPlanner.Goal(known, goal));

    /// <inheritdoc/>
    public IReadOnlyList<CheckResult> Check(ClusterSnapshot now, RunRecord? known, TrafficSeen? seen) => ElbChecks.Run(now, goal, known?.Made, seen);

    /// <inheritdoc/>
    public void Dispose() => _clients.Dispose();
}
