using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

using DeisProxy.Core;
using DeisProxy.Core.Model;
using DeisProxy.Core.Rackspace;

namespace DeisProxy.Rackspace;

/// <summary>Cloud Load Balancers v1.0.</summary>
public sealed class CloudLoadBalancers(RackspaceSettings settings) : ICloudLoadBalancers, IDisposable
{
    private const int PageSize = 100;
    private const double SlowestPoll = 5;

    private readonly RackspaceClient _client = new(settings);

    /// <inheritdoc/>
    public TimeSpan ChangeLimit => settings.ChangeLimit;

    /// <inheritdoc/>
    public async Task<ValueList<LoadBalancerSummary>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new SortedDictionary<long, LoadBalancerSummary>();
        long? marker = null;
        while (true)
        {
            var path = $"loadbalancers?limit={PageSize}{(marker is null ? "" : $"&marker={marker}")}";
            var page = await GetAsync(path, Wire.Default.ListDocument, cancellationToken);
            var bodies = (page.LoadBalancers ?? []).OfType<LoadBalancerBody>().ToList();
            var ids = bodies.ConvertAll(b => b.Id ?? 0);
            foreach (var body in bodies)
            {
                found[body.Id ?? 0] = new LoadBalancerSummary(
                    body.Id ?? 0, RemoteText.Clean(body.Name), body.Protocol ?? "", body.Port ?? 0, body.Status ?? "")
                {
                    VirtualIps = VirtualIpsOf(body),
                };
            }

            // The marker is inclusive, and a service that ignores the limit ends the list by repeating itself.
            if (ids.Count == 0 || ids.Max() + 1 <= (marker ?? 0))
            {
                return found.Values.Where(b => b.Status is not ("DELETED" or "PENDING_DELETE")).ToValueList();
            }

            marker = ids.Max() + 1;
        }
    }

    /// <inheritdoc/>
    public async Task<CloudLoadBalancer> ReadAsync(long id, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(id, cancellationToken);
        var monitor = GetAsync($"{PathOf(id)}/healthmonitor", Wire.Default.HealthMonitorDocument, cancellationToken);
        var caching = GetAsync($"{PathOf(id)}/contentcaching", Wire.Default.ContentCachingDocument, cancellationToken);
        var persistence = GetAsync($"{PathOf(id)}/sessionpersistence", Wire.Default.SessionPersistenceDocument, cancellationToken);
        var termination = GetIfThereAsync($"{PathOf(id)}/ssltermination", Wire.Default.SslTerminationDocument, cancellationToken);
        var errorPage = GetIfThereAsync($"{PathOf(id)}/errorpage", Wire.Default.ErrorPageDocument, cancellationToken);
        await Task.WhenAll(monitor, caching, persistence, termination, errorPage);
        return new CloudLoadBalancer
        {
            Id = id,
            Name = RemoteText.Clean(body.Name),
            Status = body.Status ?? "",
            Protocol = body.Protocol ?? "",
            Port = body.Port ?? 0,
            TimeoutSeconds = body.Timeout ?? 0,
            HalfClosed = body.HalfClosed ?? false,
            HttpsRedirect = body.HttpsRedirect ?? false,
            SessionPersistence = (await persistence).SessionPersistence?.PersistenceType,
            HealthMonitor = MonitorOf((await monitor).HealthMonitor),
            ContentCaching = (await caching).ContentCaching?.Enabled ?? false,
            SslTermination = (await termination)?.SslTermination is { } ssl
                ? new SslTermination(ssl.Enabled ?? true, ssl.SecurePort ?? 0, ssl.SecureTrafficOnly ?? false)
                : null,
            ErrorPage = (await errorPage)?.Errorpage?.Content,
            VirtualIps = VirtualIpsOf(body),
            Nodes = (body.Nodes ?? []).OfType<NodeBody>()
                .Select(n => new BalancerNode(n.Address ?? "", n.Port ?? 0, n.Condition ?? "", n.Status ?? ""))
                .OrderBy(n => n.Address, StringComparer.Ordinal).ThenBy(n => n.Port).ToValueList(),
        };
    }

    /// <inheritdoc/>
    public Task UpdateAsync(long id, LoadBalancerUpdate update, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(update);
        var body = new LoadBalancerBody
        {
            Protocol = update.Protocol,
            Port = update.Port,
            Timeout = update.Timeout,
            HalfClosed = update.HalfClosed,
            HttpsRedirect = update.HttpsRedirect,
        };
        return ChangeAsync(id, HttpMethod.Put, PathOf(id), Json(new LoadBalancerDocument(body), Wire.Default.LoadBalancerDocument),
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task SetHealthMonitorAsync(long id, HealthMonitor? monitor, CancellationToken cancellationToken) => SetAsync(
        id, "healthmonitor", monitor is null ? null : Json(new HealthMonitorDocument(BodyOf(monitor)), Wire.Default.HealthMonitorDocument),
            cancellationToken);

    /// <inheritdoc/>
    public Task SetContentCachingAsync(long id, bool enabled, CancellationToken cancellationToken) => SetAsync(
        id, "contentcaching", Json(new ContentCachingDocument(new ContentCachingBody(enabled)), Wire.Default.ContentCachingDocument),
            cancellationToken);

    /// <inheritdoc/>
    public Task SetSessionPersistenceAsync(long id, string? type, CancellationToken cancellationToken) => SetAsync(
        id,
        "sessionpersistence",
        type is null ? null : Json(new SessionPersistenceDocument(new SessionPersistenceBody(type)), Wire.Default.SessionPersistenceDocument),
        cancellationToken);

    /// <inheritdoc/>
    public Task SetErrorPageAsync(long id, string? content, CancellationToken cancellationToken) => SetAsync(
        id, "errorpage", content is null ? null : Json(new ErrorPageDocument(new ErrorPageBody(content)), Wire.Default.ErrorPageDocument),
            cancellationToken);

    /// <inheritdoc/>
    public async Task CreateAsync(NewLoadBalancer balancer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(balancer);
        var body = new LoadBalancerBody
        {
            Name = balancer.Name,
            Protocol = balancer.Protocol,
            Port = balancer.Port,
            Timeout = balancer.Timeout,
            VirtualIps = [.. balancer.VirtualIps.Select(v => new VirtualIpBody(v))],
            Nodes = [.. balancer.Nodes.Select(n => new NodeBody(n.Address, n.Port, n.Condition))],
            HealthMonitor = balancer.HealthMonitor is { } monitor ? BodyOf(monitor) : null,
        };
        var answer = await _client.SendAsync(
            HttpMethod.Post, "loadbalancers", Json(new LoadBalancerDocument(body), Wire.Default.LoadBalancerDocument), cancellationToken);
        if (!answer.IsSuccess)
        {
            throw RackspaceErrors.Refused(answer);
        }

        var created = RackspaceClient.Read(answer, Wire.Default.LoadBalancerDocument).LoadBalancer?.Id
            ?? throw RackspaceErrors.NotUnderstood(answer.Request, innerException: null);
        await WaitUntilActiveAsync(created, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync(id, HttpMethod.Delete, PathOf(id), body: null, cancellationToken);
        }
        catch (DeisProxyException error) when (error.Code == RackspaceErrors.Gone(id).Code)
        {
            // That is the goal.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static string PathOf(long id) => $"loadbalancers/{id}";

    private static byte[] Json<T>(T document, JsonTypeInfo<T> type) => JsonSerializer.SerializeToUtf8Bytes(document, type);

    private static HealthMonitor? MonitorOf(HealthMonitorBody? body) => body?.Type is not { } type ? null
        : new HealthMonitor(type, body.Delay ?? 0, body.Timeout ?? 0, body.AttemptsBeforeDeactivation ?? 0)
        {
            Path = body.Path,
            StatusRegex = body.StatusRegex,
            BodyRegex = body.BodyRegex,
            HostHeader = body.HostHeader,
        };

    private static HealthMonitorBody BodyOf(HealthMonitor monitor) => new()
    {
        Type = monitor.Type,
        Delay = monitor.Delay,
        Timeout = monitor.Timeout,
        AttemptsBeforeDeactivation = monitor.Attempts,
        Path = monitor.Path,
        StatusRegex = monitor.StatusRegex,
        BodyRegex = monitor.BodyRegex,
        HostHeader = monitor.HostHeader,
    };

    private static ValueList<VirtualIp> VirtualIpsOf(LoadBalancerBody body) => (body.VirtualIps ?? [])
        .OfType<VirtualIpBody>().Select(v => new VirtualIp(v.Id ?? 0, v.Address ?? "", v.Type ?? "", v.IpVersion is null or "IPV4"))
            .OrderBy(v => v.Id).ToValueList();

    private async Task<LoadBalancerBody> ReadBodyAsync(long id, CancellationToken cancellationToken)
    {
        var answer = await _client.SendAsync(HttpMethod.Get, PathOf(id), body: null, cancellationToken);
        var body = answer.IsGone ? null : RackspaceClient.Read(Succeeded(answer), Wire.Default.LoadBalancerDocument).LoadBalancer;
        return body is null or { Status: "DELETED" or "PENDING_DELETE" } ? throw RackspaceErrors.Gone(id) : body;
    }

    private async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        RackspaceClient.Read(Succeeded(await _client.SendAsync(HttpMethod.Get, path, body: null, cancellationToken)), type);

    /// <summary>What may not be there, or not for this protocol.</summary>
    private async Task<T?> GetIfThereAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        var answer = await _client.SendAsync(HttpMethod.Get, path, body: null, cancellationToken);
        return answer.IsSuccess ? RackspaceClient.Read(answer, type) : null;
    }

    private static Answer Succeeded(Answer answer) => answer.IsSuccess ? answer : throw RackspaceErrors.Refused(answer);

    /// <summary>Sets or removes a part of a load balancer.</summary>
    private Task SetAsync(long id, string part, byte[]? body, CancellationToken cancellationToken) =>
        ChangeAsync(id, body is null ? HttpMethod.Delete : HttpMethod.Put, $"{PathOf(id)}/{part}", body, cancellationToken);

    /// <summary>Makes a change as soon as the service takes one, and waits until it is in effect.</summary>
    private async Task ChangeAsync(long id, HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        var start = settings.Time.GetTimestamp();
        while (true)
        {
            var answer = await _client.SendAsync(method, path, body, cancellationToken);
            if (answer.IsImmutable && settings.Time.GetElapsedTime(start) < ChangeLimit)
            {
                // Somebody else's change, or ours whose answer was lost: both end.
                await Task.Delay(settings.PollInterval, settings.Time, cancellationToken);
                await WaitUntilActiveAsync(id, cancellationToken);
                continue;
            }

            // What is to be removed and is not there has been removed; 422 is what the service says to that.
            var wasAbsent = method == HttpMethod.Delete && path != PathOf(id)
                && answer.Status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.NotFound;
            if (!answer.IsSuccess && !wasAbsent)
            {
                throw answer.IsGone ? RackspaceErrors.Gone(id) : RackspaceErrors.Refused(answer);
            }

            await WaitUntilActiveAsync(id, cancellationToken);
            return;
        }
    }

    private async Task WaitUntilActiveAsync(long id, CancellationToken cancellationToken)
    {
        var start = settings.Time.GetTimestamp();
        for (var pause = 1.0; ; pause = Math.Min(pause * 1.5, SlowestPoll))
        {
            var status = (await ReadBodyAsync(id, cancellationToken)).Status ?? "";
            switch (status)
            {
                case "ACTIVE":
                    return;
                case "BUILD" or "PENDING_CREATE" or "PENDING_UPDATE":
                    break;
                default:
                    throw RackspaceErrors.Stuck(id, status);
            }

            if (settings.Time.GetElapsedTime(start) >= ChangeLimit)
            {
                throw RackspaceErrors.Busy(id, status, ChangeLimit);
            }

            await Task.Delay(settings.PollInterval * pause, settings.Time, cancellationToken);
        }
    }
}
