using DeisProxy.Core.Model;

namespace DeisProxy.Core.Rackspace;

/// <summary>What <c>setup</c> is to reach.</summary>
/// <param name="RouterPorts">The routers' ports on the nodes.</param>
/// <param name="TimeoutSeconds">Timeout that is wanted at least, as far as the service allows it; null leaves it as it is.</param>
/// <param name="WebSocketPort">Port of a second load balancer for WebSockets; null changes the first one instead.</param>
/// <param name="DropSessionPersistence">Whether session persistence that TCP does not have may go.</param>
/// <param name="ErrorPageFile">Where the error page is kept.</param>
public sealed record CloudGoal(ValueList<int> RouterPorts, int? TimeoutSeconds, int? WebSocketPort, bool DropSessionPersistence, string ErrorPageFile)
{
    /// <summary>The timeout that the service allows; null leaves it as it is.</summary>
    public int? Timeout => TimeoutSeconds is { } wanted ? Math.Clamp(wanted, TimeoutStep.Minimum, TimeoutStep.Maximum) : null;
}
