using System.Text.Json.Serialization;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.NoBalancer;
using DeisProxy.Core.Rackspace;

namespace DeisProxy.Core.Applying;

/// <summary>
/// One change: what is there, what will be there, and how one becomes the other. The dry run, the progress display, the JSON output,
/// the journal and the way back are all views of it. A kind of step is one file, and one line here that lets records name it.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(HealthCheckStep), "health-check")]
[JsonDerivedType(typeof(IdleTimeoutStep), "idle-timeout")]
[JsonDerivedType(typeof(PolicyStep), "policy")]
[JsonDerivedType(typeof(ListenerStep), "listener")]
[JsonDerivedType(typeof(RealIpCidrStep), "real-ip-cidr")]
[JsonDerivedType(typeof(FlipStep), "flip")]
[JsonDerivedType(typeof(MonitorStep), "health-monitor")]
[JsonDerivedType(typeof(ContentCachingStep), "content-caching")]
[JsonDerivedType(typeof(HttpsRedirectStep), "https-redirect")]
[JsonDerivedType(typeof(ProtocolStep), "protocol")]
[JsonDerivedType(typeof(TimeoutStep), "timeout")]
[JsonDerivedType(typeof(WebSocketBalancerStep), "websocket-load-balancer")]
[JsonDerivedType(typeof(RouterKeyStep), "router-key")]
public abstract record Step
{
    /// <summary>How long a write may take to show in a read; AWS promises no more than "eventually".</summary>
    private static readonly TimeSpan SeenLimit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Stable name of the step in the output: <c>health-check</c>, <c>listener-80</c> …</summary>
    [JsonIgnore]
    public abstract string Id { get; }

    /// <summary>What the step does, in a few words.</summary>
    [JsonIgnore]
    public abstract string Description { get; }

    /// <summary>What is there before, for people.</summary>
    [JsonIgnore]
    public abstract string FromText { get; }

    /// <summary>What is there after, for people.</summary>
    [JsonIgnore]
    public abstract string ToText { get; }

    /// <summary>The same change with both sides exchanged.</summary>
    public abstract Step Inverse();

    /// <summary>The state after this step.</summary>
    public abstract ClusterSnapshot ApplyTo(ClusterSnapshot before);

    /// <summary>Whether a state already is what this step makes of it.</summary>
    public bool IsDoneIn(ClusterSnapshot snapshot) => ApplyTo(snapshot) == snapshot;

    /// <summary>Whether the step may be carried out beside its neighbors that say the same: none needs what another one makes.</summary>
    [JsonIgnore]
    public virtual bool IsIndependent => false;

    /// <summary>Does ahead of the change, while steps before it are still waited for, what takes time and changes nothing.</summary>
    /// <param name="before">What will be there once the steps before it are done.</param>
    /// <exception cref="DeisProxyException">The change cannot be made.</exception>
    public virtual Task PrepareAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether the step may be prepared while another one is carried out.</summary>
    public virtual bool MayPrepareBeside(Step running) => true;

    /// <summary>Brings the step into effect: makes the change, repeats what may be repeated, reads until the change shows.</summary>
    /// <param name="before">What was read just before.</param>
    /// <param name="undoing">Whether something that may be half done is put back.</param>
    /// <returns>What was read once the change showed.</returns>
    public virtual Task<ClusterSnapshot> CarryOutAsync(
        ClusterControl cluster, ClusterSnapshot before, bool undoing, CancellationToken cancellationToken) =>
        CarryOutAsync([this], cluster, before, cancellationToken);

    /// <summary>Brings independent steps into effect side by side.</summary>
    internal static async Task<ClusterSnapshot> CarryOutAsync(
        IReadOnlyList<Step> steps, ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken)
    {
        // All of them come to an end before one's failure is told: what is put back then must not be overtaken.
        await Task.WhenAll(steps.Select(step => step.MakeChangeAsync(cluster, before, cancellationToken)));
        return await WaitUntilSeenAsync(steps, cluster, before, cancellationToken);
    }

    /// <summary>The step that takes back what this one made and nothing else.</summary>
    public virtual Step BackFrom(ClusterSnapshot current) => Inverse();

    /// <summary>
    /// Asks the API for what a read shows to be as before the step, where that changes nothing if it is so: the read may be older than the change.
    /// </summary>
    public virtual Task ConfirmBackAsync(ClusterControl cluster, ClusterSnapshot current, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether what is there is still this step's own when it is put back; anything else is somebody else's, and stays.</summary>
    public virtual bool IsOurs(ClusterSnapshot current) => IsDoneIn(current);

    /// <summary>
    /// What comes before anything else when the step is put back, whoever holds the lock and whether or not the cluster can be reached.
    /// </summary>
    public virtual Task SecureAsync(ClusterControl cluster, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// What can be done where the step cannot be put back because the cluster is out of reach. Called only while the lock is certainly this run's.
    /// </summary>
    /// <returns>What was done, one sentence for people; null if nothing was.</returns>
    public virtual Task<string?> RescueAsync(ClusterControl cluster, ClusterSnapshot current, CancellationToken cancellationToken) =>
        Task.FromResult<string?>(null);

    /// <summary>
    /// The step that comes before a new plan where this one was cut off half done in a way that planning again does not see; null if none.
    /// </summary>
    public virtual Step? Repair(ClusterSnapshot current) => null;

    /// <summary>What <c>teardown</c> goes back to once this step is done, too.</summary>
    /// <param name="original">What it went back to so far.</param>
    /// <param name="made">What earlier runs of setup have made of that.</param>
    public virtual ClusterSnapshot OriginalAfter(ClusterSnapshot original, ClusterSnapshot made) => Inverse().ApplyTo(original);

    /// <summary>Makes the change once.</summary>
    /// <exception cref="DeisProxyException">It is refused or its answer is lost; where that is transient, the call is repeated.</exception>
    protected abstract Task ChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken);

    /// <summary>Reads until the changes show.</summary>
    protected static async Task<ClusterSnapshot> WaitUntilSeenAsync(
        IReadOnlyList<Step> steps, ClusterControl cluster, ClusterSnapshot previous, CancellationToken cancellationToken)
    {
        cluster.Activity($"{string.Join(", ", steps.Select(step => step.Id))}: waiting until the change shows");
        var (last, reached) = await Waiting.UntilAsync(
            cluster.Time, SeenLimit, PollInterval, ct => cluster.ReadAsync(previous, ct), s => !Missing(s).Any() && OutOfService(s).Count == 0,
            cancellationToken);
        return reached ? last : throw new DeisProxyException(
            "change-not-seen",
            Missing(last).Any()
                ? $"The change {string.Join(", ", Missing(last))} was accepted, but is not visible after {SeenLimit.TotalSeconds} s."
                : $"The change {string.Join(", ", steps.Select(step => step.Id))} was made, but instances that were in service no longer are: "
                + $"{OutOfService(last)}.",
            "Check the load balancer in its provider's console, then run the command again; it makes a new plan.");

        IEnumerable<string> Missing(ClusterSnapshot now) => steps.Where(step => !step.IsDoneIn(now)).Select(step => step.Id);

        ValueList<string> OutOfService(ClusterSnapshot now) =>
            previous.Balancer is { } before && now.Balancer is { } after ? after.OutOfServiceSince(before) : [];
    }

    private Task MakeChangeAsync(ClusterControl cluster, ClusterSnapshot before, CancellationToken cancellationToken) => Waiting.ChangeAsync(
        cluster.Time,
        ct => ChangeAsync(cluster, before, ct),
        async ct => IsDoneIn(before = await cluster.ReadAsync(before, ct)),
        cancellationToken);
}
