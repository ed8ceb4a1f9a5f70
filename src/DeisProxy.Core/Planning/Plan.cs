using DeisProxy.Core.Model;

namespace DeisProxy.Core.Planning;

/// <summary>A whole change, decided before anything is touched.</summary>
/// <param name="Steps">The steps, in the order in which they are carried out; empty if nothing is to be done.</param>
/// <param name="Blockers">What must be settled first; with any of these nothing is changed.</param>
public sealed record Plan(ValueList<Step> Steps, ValueList<Notice> Warnings, ValueList<Notice> Blockers);

/// <summary>Something that a person is told about a plan.</summary>
public sealed record Notice(string Id, string Message, string Remedy);

/// <summary>What <c>setup</c> shall reach.</summary>
/// <param name="IdleTimeoutSeconds">Idle timeout that is wanted at least; null leaves it as it is.</param>
/// <param name="RealIpCidr">What shall become of <c>proxyRealIpCidr</c>.</param>
public sealed record SetupGoal(ValueList<int> RouterPorts, int? IdleTimeoutSeconds, RealIpGoal RealIpCidr, bool AllowRedirectLoop)
{
    /// <summary>Idle timeout of the Deis templates since v1.3.0, in seconds.</summary>
    public const int DefaultIdleTimeoutSeconds = 1200;

    /// <summary>The goal when no option says otherwise.</summary>
    public static SetupGoal Default { get; } = new([80, 443], DefaultIdleTimeoutSeconds, RealIpGoal.Auto, AllowRedirectLoop: false);
}

/// <summary>What shall become of <c>proxyRealIpCidr</c>: decided by the load balancer's network, kept, or set.</summary>
/// <param name="Cidr">The network to set; null for <see cref="Auto"/> and <see cref="Keep"/>.</param>
public sealed record RealIpGoal(string? Cidr)
{
    /// <summary>Changed only if it does not cover the load balancer's network.</summary>
    public static RealIpGoal Auto { get; } = new((string?)null);

    /// <summary>Left as it is, whatever it is.</summary>
    public static RealIpGoal Keep { get; } = new("keep");
}
