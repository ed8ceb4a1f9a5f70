using System.Net;

using DeisProxy.Core;

using Polly.Timeout;

namespace DeisProxy.Rackspace;

/// <summary>Turns what the services answer into what happened, and what the person can do.</summary>
internal static class RackspaceErrors
{
    private const string SharedVirtualIp = "shared virtual ip";

    /// <summary>Makes a call and translates what HttpClient and the resilience pipeline throw.</summary>
    public static async Task<Answer> CallAsync(string request, Func<CancellationToken, Task<Answer>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken);
        }
        catch (Exception error) when (
            error is HttpRequestException or IOException or TimeoutRejectedException
                || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new DeisProxyException(
                "rackspace-unreachable",
                $"{request} got no answer: {Reason(error)}",
                "Check the network, a proxy, and OS_AUTH_URL if it is set.",
                error)
            {
                IsTransient = true,
            };
        }
    }

    public static DeisProxyException Rejected(string message) => new(
        "credentials-rejected",
        $"Rackspace rejected the credentials: {message}",
        "Check user name and API key; the key is in the control panel under My Profile & Settings. Accounts of the UK need "
            + "OS_AUTH_URL=https://lon.identity.api.rackspacecloud.com/v2.0.");

    public static DeisProxyException Denied(string request, string message) => new(
        "access-denied", $"Rackspace denied {request}: {message}", "Give this user a role that may change load balancers, such as lbaas:admin.");

    public static DeisProxyException OverLimit(Answer answer) => answer.IsRateLimit
        ? new("rate-limited", $"Rackspace is limiting requests: {answer.Message}",
            "Wait a few minutes, then run the command again.")
        { IsTransient = true }
        : new("limit-reached", $"The account has reached a limit: {answer.Message}",
            "Remove what is no longer needed, or ask Rackspace to raise the limit.");

    public static DeisProxyException ServerError(string request, Answer answer) => new(
        "rackspace-error",
        $"{request} failed with status {(int)answer.Status}: {answer.Message}",
        "Run the command again; if it fails again, check Rackspace's status page.")
    {
        IsTransient = answer.Status >= HttpStatusCode.InternalServerError,
    };

    public static DeisProxyException NotUnderstood(string request, Exception? innerException) => new(
        "rackspace-error", $"The answer to {request} is not what Rackspace documents.",
            "Check OS_AUTH_URL: whatever answers there may not be Rackspace.", innerException);

    /// <summary>A request that the service understands and does not carry out.</summary>
    public static DeisProxyException Refused(Answer answer) => answer.Message.Contains(SharedVirtualIp, StringComparison.OrdinalIgnoreCase)
        ? new(
            "shared-virtual-ip",
            $"Rackspace does not change the protocol while other load balancers share this one's virtual IP address: {answer.Message}",
            "Keep this load balancer in HTTP mode and add a second one for WebSockets: deis-proxy setup --websocket-only PORT. "
            + "Or move the other load balancers to a virtual IP address of their own, or ask Rackspace's support to change the protocol.")
        : new(
            "rackspace-refused",
            $"{answer.Request} was rejected with status {(int)answer.Status}: {answer.Message}",
            "Check the load balancer in the control panel, then run the command again; it makes a new plan.");

    public static DeisProxyException Gone(long id) => new(
        "load-balancer-gone", $"The load balancer {id} no longer exists.",
            "Check account and region, and the load balancers in the control panel.");

    public static DeisProxyException Stuck(long id, string status) => status == "SUSPENDED"
        ? new(
            "load-balancer-suspended",
            $"The load balancer {id} is suspended.",
            "Only Rackspace can lift that: check the account's open tickets and its billing, then run the command again.")
        : new(
            "load-balancer-error",
            $"The load balancer {id} has the status {RemoteText.Clean(status)} and does not recover on its own.",
            "Ask Rackspace's support to repair it, then run the command again; it makes a new plan.");

    public static DeisProxyException Busy(long id, string status, TimeSpan limit) => new(
        "load-balancer-busy",
        $"The load balancer {id} still has the status {RemoteText.Clean(status)} after {limit.TotalMinutes:0.#} minutes.",
        "Check the load balancer in the control panel, then run the command again; it makes a new plan.");

    private static string Reason(Exception error) => error switch
    {
        TimeoutRejectedException timeout => $"none within {timeout.Timeout.TotalSeconds:0.#} s",
        HttpRequestException { InnerException: { } inner and not System.Net.Sockets.SocketException } => inner.Message,
        _ => error.Message,
    };
}
