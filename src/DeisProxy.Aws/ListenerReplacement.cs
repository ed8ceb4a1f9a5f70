using Amazon.ElasticLoadBalancing;
using Amazon.ElasticLoadBalancing.Model;
using DeisProxy.Core;
using Listener = DeisProxy.Core.Elb.Listener;
using Sdk = Amazon.ElasticLoadBalancing.Model;

namespace DeisProxy.Aws;

/// <summary>Replaces a listener of a classic load balancer, with its port closed for as short as possible.</summary>
internal sealed class ListenerReplacement(AwsClients clients, string loadBalancerName, TimeProvider time)
{
    /// <summary>How long AWS may take to see a listener gone or a certificate there.</summary>
    private static readonly TimeSpan SettleLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// How long after a delete creates follow one another without a pause to speak of: the port is closed as soon as the delete is handled.
    /// </summary>
    private static readonly TimeSpan AtOnceLimit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// First pause of those, doubled each time: AWS counts calls that change something, and the one that matters must not be the one too many.
    /// </summary>
    private static readonly TimeSpan AtOncePause = TimeSpan.FromMilliseconds(2);

    /// <summary>
    /// When the creates of an overlapped swap go out, after the delete. Measured with calls of 10 to 500 ms: one of them always falls into the gap.
    /// </summary>
    private static readonly TimeSpan[] CreateDelays =
        [.. new[] { 5, 10, 20, 35, 50 }.Select(milliseconds => TimeSpan.FromMilliseconds(milliseconds))];

    private readonly AmazonElasticLoadBalancingClient _client = clients.ElasticLoadBalancing;
    private Listener? _prepared;

    /// <summary>Finds out whether a listener could be created again, and opens connections; once for each replacement.</summary>
    public async Task PrepareAsync(Listener from, CancellationToken cancellationToken)
    {
        if (from == _prepared)
        {
            return;
        }

        await Task.WhenAll(EnsureItCouldComeBackAsync(from, cancellationToken), WarmUpAsync(cancellationToken));
        _prepared = from;
    }

    /// <summary>Deletes, creates or swaps a listener.</summary>
    public async Task ReplaceAsync(Listener? from, Listener? to, CancellationToken cancellationToken)
    {
        if (from is not null && to is not null && @from with { PolicyNames = to.PolicyNames } == to)
        {
            await SetListenerPoliciesAsync(to);
            return;
        }

        if (from is not null)
        {
            await PrepareAsync(from, cancellationToken);
            _prepared = null;
            cancellationToken.ThrowIfCancellationRequested();
        }

        // Not cancelled from here on: a port is closed.
        await ((from, to) switch
        {
            ({ } old, { } @new) => SwapListenerAsync(old, @new),
            ({ } old, null) => DeleteListenerAsync(old, clients.ElasticLoadBalancing),
            (null, { } @new) => CreateListenerAsync(@new),
            _ => Task.CompletedTask,
        });
        if (to is { PolicyNames.Count: > 0 })
        {
            await SetListenerPoliciesAsync(to);
        }
    }

    /// <summary>
    /// Finds out before a port is closed whether its listener could be created at all. A listener outlives its certificate: the
    /// one that is deleted would then be gone for good. And permission to delete is not permission to create, or to enable policies. All calls
    /// ask for what is there already, which the API accepts and which changes nothing.
    /// </summary>
    private async Task EnsureItCouldComeBackAsync(Listener listener, CancellationToken cancellationToken)
    {
        if (listener.CertificateId is not null)
        {
            var certificate = new SetLoadBalancerListenerSSLCertificateRequest
            {
                LoadBalancerName = loadBalancerName,
                LoadBalancerPort = listener.LoadBalancerPort,
                SSLCertificateId = listener.CertificateId,
            };
            await AwsErrors.CallAsync(
                "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate",
                ct => _client.SetLoadBalancerListenerSSLCertificateAsync(certificate, ct),
                cancellationToken);
        }

        if (listener.PolicyNames.Count > 0)
        {
            await SetListenerPoliciesAsync(listener);
        }

        try
        {
            await CallCreateAsync(_client, ToRequest(listener), cancellationToken);
        }
        catch (DeisProxyException error) when (error.InnerException is DuplicateListenerException)
        {
            // It may be created, and it is there.
        }
    }

    /// <summary>Opens the connections that the swap uses: in its gap there is no time for handshakes.</summary>
    private Task WarmUpAsync(CancellationToken cancellationToken) => Task.WhenAll(
        CreateDelays.Append(TimeSpan.Zero).Select(_ => ClassicLoadBalancer.DescribeAsync(clients.OnceOnly, loadBalancerName, cancellationToken)));

    /// <summary>
    /// Deletes a listener and creates another one on its port, overlapped: the creates go out while the delete is under way, so that the gap between
    /// the two is shorter than a round trip. One that arrives too early is refused and sent again; a second identical one has no effect (Elastic Load
    /// Balancing API, CreateLoadBalancerListeners).
    /// </summary>
    private async Task SwapListenerAsync(Listener from, Listener to)
    {
        // Never two ports in one delete: one listener is away at a time. And one attempt only: a delete that is repeated unseen, because its
        // answer was lost, would take the new listener away.
        using var stop = new CancellationTokenSource();
        var deleting = DeleteListenerAsync(from, clients.OnceOnly);
        var creating = CreateDelays.Select(delay => CreateListenerAsync(to, delay, stop.Token)).ToList();
        try
        {
            var waiting = new List<Task<bool>>(creating);
            await deleting;
            while (waiting.Count > 0 && !(await Task.WhenAny(waiting) is { IsCompletedSuccessfully: true, Result: true }))
            {
                waiting.RemoveAll(create => create.IsCompleted);
            }
        }
        catch (DeisProxyException) when (!deleting.IsCompletedSuccessfully)
        {
            await stop.CancelAsync();
            if ((await CreatedAsync(creating)).Created || await IsThereAsync(to))
            {
                return;
            }

            if (await IsThereAsync(from))
            {
                throw;
            }

            await CreateListenerAsync(to);
            return;
        }

        await stop.CancelAsync();
        if (await CreatedAsync(creating) is { Created: false, Error: { } error })
        {
            throw error;
        }
    }

    /// <summary>Waits for creates to end; none must be under way when the next change is made.</summary>
    private static async Task<(bool Created, DeisProxyException? Error)> CreatedAsync(IEnumerable<Task<bool>> creating)
    {
        var (created, failure) = (false, (DeisProxyException?)null);
        foreach (var create in creating)
        {
            try
            {
                created |= await create;
            }
            catch (DeisProxyException error)
            {
                failure ??= error;
            }
        }

        return (created, failure);
    }

    private async Task<bool> IsThereAsync(Listener listener) =>
        (await ClassicLoadBalancer.DescribeAsync(_client, loadBalancerName, CancellationToken.None)).ListenerDescriptions is { } all
        && all.Select(ElbModel.Of).Any(found => found with { PolicyNames = listener.PolicyNames } == listener);

    private Task DeleteListenerAsync(Listener listener, AmazonElasticLoadBalancingClient client)
    {
        var request = new DeleteLoadBalancerListenersRequest { LoadBalancerName = loadBalancerName, LoadBalancerPorts = [listener.LoadBalancerPort] };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:DeleteLoadBalancerListeners", ct => client.DeleteLoadBalancerListenersAsync(request, ct), CancellationToken.None);
    }

    private Task CreateListenerAsync(Listener listener) => CreateListenerAsync(listener, TimeSpan.Zero, CancellationToken.None);

    /// <summary>Creates a listener, for as long as that is refused for what passes. Returns whether it has; false: it was told to stop.</summary>
    private async Task<bool> CreateListenerAsync(Listener listener, TimeSpan delay, CancellationToken stop)
    {
        var request = ToRequest(listener);
        await Task.Delay(delay, time, CancellationToken.None);
        var begun = time.GetTimestamp();
        for (var pause = AtOncePause; !stop.IsCancellationRequested; pause = pause * 2 < SettlePause ? pause * 2 : SettlePause)
        {
            try
            {
                // The SDK's own repetition pauses for longer than a port may be closed.
                await CallCreateAsync(clients.OnceOnly, request, CancellationToken.None);
                return true;
            }
            catch (DeisProxyException error) when (time.GetElapsedTime(begun) < SettleLimit
                && (error.IsTransient || error.InnerException is DuplicateListenerException or CertificateNotFoundException))
            {
                // Just after a delete the old listener may still be seen, just after an upload the certificate not yet.
                var isEarly = error.InnerException is DuplicateListenerException && time.GetElapsedTime(begun) < AtOnceLimit;
                await Task.Delay(isEarly ? pause : SettlePause, time, CancellationToken.None);
            }
        }

        return false;
    }

    private static Task CallCreateAsync(
        AmazonElasticLoadBalancingClient client,
        CreateLoadBalancerListenersRequest request,
        CancellationToken cancellationToken) => AwsErrors.CallAsync(
        "elasticloadbalancing:CreateLoadBalancerListeners", ct => client.CreateLoadBalancerListenersAsync(request, ct), cancellationToken);

    private Task SetListenerPoliciesAsync(Listener listener)
    {
        var request = new SetLoadBalancerPoliciesOfListenerRequest
        {
            LoadBalancerName = loadBalancerName,
            LoadBalancerPort = listener.LoadBalancerPort,
            PolicyNames = [.. listener.PolicyNames],
        };
        return AwsErrors.CallAsync(
            "elasticloadbalancing:SetLoadBalancerPoliciesOfListener",
            ct => _client.SetLoadBalancerPoliciesOfListenerAsync(request, ct),
            CancellationToken.None);
    }

    private CreateLoadBalancerListenersRequest ToRequest(Listener listener) => new()
    {
        LoadBalancerName = loadBalancerName,
        Listeners =
        [
            new Sdk.Listener
            {
                LoadBalancerPort = listener.LoadBalancerPort,
                Protocol = listener.Protocol.ToString().ToUpperInvariant(),
                InstancePort = listener.InstancePort,
                InstanceProtocol = listener.InstanceProtocol.ToString().ToUpperInvariant(),
                SSLCertificateId = listener.CertificateId,
            },
        ],
    };
}
