using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>What <c>setup</c> is to reach.</summary>
/// <param name="IdleTimeoutSeconds">Idle timeout that is wanted at least; null leaves it as it is.</param>
/// <param name="RealIpCidr">What becomes of <c>proxyRealIpCidr</c>.</param>
public sealed record SetupGoal(ValueList<int> RouterPorts, int? IdleTimeoutSeconds, RealIpGoal RealIpCidr, bool AllowRedirectLoop)
{
    /// <summary>Whether new connections may be held at the nodes while both ends switch.</summary>
    public bool Hold { get; init; }

    /// <summary>Idle timeout of the Deis templates since v1.3.0, in seconds.</summary>
    public const int DefaultIdleTimeoutSeconds = 1200;

    /// <summary>The goal when no option says otherwise.</summary>
    public static SetupGoal Default { get; } = new([80, 443], DefaultIdleTimeoutSeconds, RealIpGoal.Auto, AllowRedirectLoop: false);
}

/// <summary>What becomes of <c>proxyRealIpCidr</c>: decided by the load balancer's network, kept, or set.</summary>
/// <param name="Cidr">The network to set; null for <see cref="Auto"/> and <see cref="Keep"/>.</param>
public sealed record RealIpGoal(string? Cidr)
{
    /// <summary>Changed only if it does not cover the load balancer's network.</summary>
    public static RealIpGoal Auto { get; } = new((string?)null);

    /// <summary>Left as it is, whatever it is.</summary>
    public static RealIpGoal Keep { get; } = new("keep");
}
