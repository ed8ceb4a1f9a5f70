using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;

using DeisProxy.Sandbox.Aws;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>Checks the registered instances and takes them in and out of service by the thresholds. Checks never carry a PROXY line.</summary>
internal sealed class HealthMonitor(TrafficContext context) : IAsyncDisposable
{
    // A scaled timeout may become shorter than a busy machine needs to answer at all.
    private static readonly TimeSpan ShortestTimeout = TimeSpan.FromSeconds(2);

    // The first check of a process pays for the compiler, and there is no second one to make up for it.
    private static readonly TimeSpan DecidingTimeout = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, InstanceState> _instances = new(StringComparer.Ordinal);
    private readonly List<Task> _loops = [];
    private CancellationTokenSource? _watching;
    private HealthCheck? _check;
    private ImmutableList<string> _watched = [];
    private bool _first = true;

    /// <summary>Done when every instance that was registered at the start has been checked once.</summary>
    public Task FirstChecks => Task.WhenAll(_instances.Values.Select(instance => instance.Checked.Task));

    public bool IsInService(string id) => _instances.TryGetValue(id, out var instance) && instance.InService;

    /// <summary>Watches these instances by this check; nothing happens when both are as before.</summary>
    public void Watch(HealthCheck check, ImmutableList<string> instances)
    {
        if (check == _check && instances.SequenceEqual(_watched, StringComparer.Ordinal))
        {
            return;
        }

        _check = check;
        _watched = instances;
        _watching?.Cancel();
        _watching = new CancellationTokenSource();
        foreach (var gone in _instances.Keys.Except(instances, StringComparer.Ordinal))
        {
            _instances.TryRemove(gone, out _);
        }

        _loops.RemoveAll(loop => loop.IsCompletedSuccessfully);
        foreach (var instance in context.Cloud.Instances.Where(instance => instances.Contains(instance.Id)))
        {
            // The sandbox begins with a stack that has run for long: its first check decides at once.
            var state = _instances.GetOrAdd(instance.Id, _ => new InstanceState { DecideAtOnce = _first });
            state.Successes = state.Failures = 0;
            _loops.Add(RunAsync(instance, state, check, _watching.Token));
        }

        _first = false;
    }

    public IReadOnlyList<InstanceHealth> States(
        IReadOnlyList<string> instances) => [.. instances.Select(id => _instances.TryGetValue(id, out var state) switch
    {
        true when state!.InService => new InstanceHealth(id, "InService", "N/A", "N/A"),
        true when state!.WasInService || state.HasFailed => new InstanceHealth(
            id,
            "OutOfService",
            "Instance",
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively."),
        _ => new InstanceHealth(id, "OutOfService", "ELB", "Instance registration is still in progress."),
    })];

    public async ValueTask DisposeAsync()
    {
        if (_watching is not null)
        {
            await _watching.CancelAsync();
        }

        await Task.WhenAll(_loops);
        _watching?.Dispose();
    }

    private async Task RunAsync(Instance instance, InstanceState state, HealthCheck check, CancellationToken cancellationToken)
    {
        var interval = TimeSpan.FromSeconds(check.Interval * context.Options.HealthCheckTimeScale);
        var timeout = TimeSpan.FromSeconds(check.Timeout * context.Options.HealthCheckTimeScale);
        timeout = timeout > ShortestTimeout ? timeout : ShortestTimeout;
        try
        {
            while (true)
            {
                var passed = await PassesAsync(instance, check, state.DecideAtOnce ? DecidingTimeout : timeout, cancellationToken);
                state.Count(passed, check);
                await Task.Delay(interval, context.Options.Time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Another check is in effect, or everything ends.
        }
#pragma warning disable CA1031 // A defect of the sandbox must be reported to its owner, not lost in a background task.
        catch (Exception error)
#pragma warning restore CA1031
        {
            context.Defect(error);
        }
        finally
        {
            state.Checked.TrySetResult();
        }
    }

    private async Task<bool> PassesAsync(Instance instance, HealthCheck check, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(timeout, context.Options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        var colon = check.Target.IndexOf(':', StringComparison.Ordinal);
        var protocol = check.Target[..colon];
        var slash = check.Target.IndexOf('/', StringComparison.Ordinal);
        var port = int.Parse(slash < 0 ? check.Target[(colon + 1)..] : check.Target[(colon + 1)..slash], CultureInfo.InvariantCulture);
        try
        {
            await using var plain = await context.ConnectAsync(instance, port, either.Token);
            if (protocol == "TCP")
            {
                return true;
            }

            await using Stream stream = protocol is "SSL" or "HTTPS" ? await Certificates.ConnectAsync(plain, either.Token) : plain;
            if (protocol == "SSL")
            {
                return true;
            }

            await using var wire = new WireStream(stream);
            var fields = new HttpFields
            {
                new("Host", instance.PrivateAddress), new("User-Agent", "ELB-HealthChecker/1.0"), new("Accept", "*/*"), new("Connection", "close"),
            };
            await Http.WriteRequestAsync(wire, new HttpRequest("GET", check.Target[slash..], "HTTP/1.1", fields, []), either.Token);
            return (await Http.ReadResponseAsync(wire, "GET", either.Token)).Status == 200;
        }
        catch (Exception error) when (error is IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            return false;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private sealed class InstanceState
    {
        public TaskCompletionSource Checked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool DecideAtOnce { get; set; }

        public bool InService { get; private set; }

        public bool WasInService { get; private set; }

        public bool HasFailed { get; private set; }

        public int Successes { get; set; }

        public int Failures { get; set; }

        public void Count(bool passed, HealthCheck check)
        {
            Successes = passed ? Successes + 1 : 0;
            Failures = passed ? 0 : Failures + 1;
            if (passed && (DecideAtOnce || Successes >= check.HealthyThreshold))
            {
                InService = WasInService = true;
            }

            if (!passed && (DecideAtOnce || Failures >= check.UnhealthyThreshold))
            {
                InService = false;
                HasFailed = true;
            }

            DecideAtOnce = false;
            Checked.TrySetResult();
        }
    }
}
