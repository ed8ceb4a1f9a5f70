using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Creates or deletes a policy; that alone changes no traffic.</summary>
/// <param name="From">The policy before, null if there is none.</param>
/// <param name="To">The policy after, null if there is none.</param>
public sealed record PolicyStep(LoadBalancerPolicy? From, LoadBalancerPolicy? To) : ElbStep
{
    /// <inheritdoc/>
    public override string Id => "policy";

    /// <inheritdoc/>
    public override string Description => $"{(To is null ? "delete" : "create")} the policy {(To ?? From)!.Name}";

    /// <inheritdoc/>
    public override string FromText => Text(From);

    /// <inheritdoc/>
    public override string ToText => Text(To);

    /// <inheritdoc/>
    public override bool IsIndependent => To is not null;

    /// <inheritdoc/>
    public override PolicyStep Inverse() => new(To, From);

    /// <inheritdoc/>
    public override ClusterSnapshot ApplyTo(ClusterSnapshot before)
    {
        var others = before.LoadBalancer.Policies.Where(p => p.Name != From?.Name && p.Name != To?.Name);
        var policies = (To is null ? others : others.Append(To)).OrderBy(p => p.Name, StringComparer.Ordinal).ToValueList();
        return before.WithLoadBalancer(before.LoadBalancer with { Policies = policies });
    }

    /// <inheritdoc/>
    protected override Task ChangeAsync(ElbControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) => To is { } policy
        ? cluster.LoadBalancer.CreatePolicyAsync(policy, cancellationToken)
        : cluster.LoadBalancer.DeletePolicyAsync(From!.Name, cancellationToken);

    private static string Text(LoadBalancerPolicy? policy) => policy is null
        ? "none"
        : $"{policy.Name} ({policy.TypeName}: {string.Join(", ", policy.Attributes.Select(a => $"{a.Name}={a.Value}"))})";
}
