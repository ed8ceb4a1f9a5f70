using DeisProxy.Cluster.Etcd;

namespace DeisProxy.Cluster.Tests;

/// <summary>For how long a run may rely on its lock when it cannot reach the cluster.</summary>
public sealed class RunLockTests(ClusterFixture cluster) : IClassFixture<ClusterFixture>, IDisposable
{
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(20);

    private readonly EtcdClient _etcd = new(cluster.Node, cluster.Etcd.Endpoint);
    private readonly LeapingTime _time = new();

    private static CancellationToken Limit => SshServers.Limit;

    public void Dispose() => _etcd.Dispose();

    [Fact]
    public async Task It_is_held_for_sure_until_its_time_has_run_out_and_again_when_it_was_made_sure_of()
    {
        await using var held = await AcquireAsync();
        held.HeldForSure.ShouldBeInRange(RunLock.TimeToLive - Reserve, RunLock.TimeToLive);

        _time.Leap += RunLock.TimeToLive - Reserve;
        held.HeldForSure.ShouldBeLessThanOrEqualTo(Reserve);
        _time.Leap += Reserve;
        held.HeldForSure.ShouldBe(TimeSpan.Zero);

        (await held.EnsureHeldAsync(takeBack: false, Limit)).ShouldBeTrue();
        held.HeldForSure.ShouldBeGreaterThan(Reserve);
    }

    [Fact]
    public async Task One_that_was_lost_for_a_while_is_not()
    {
        await using var held = await AcquireAsync();
        await _etcd.DeleteAsync(RunLock.Key, condition: null, recursive: false, Limit);

        (await held.EnsureHeldAsync(takeBack: true, Limit)).ShouldBeFalse();

        held.HeldForSure.ShouldBe(TimeSpan.Zero, "somebody else may have been at work meanwhile");
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"Id":"0","Who":"me","Command":"setup","Since":"2026-01-01T10:00:00+00:00","ProcessId":1,"ProcessSpace":null}""")]
    public async Task One_of_which_something_is_missing_is_held_by_somebody(string value)
    {
        await _etcd.SetAsync(RunLock.Key, value, condition: null, RunLock.TimeToLive, Limit);

        var holder = await RunLock.DescribeHolderAsync(_etcd, "me", Limit);

        await _etcd.DeleteAsync(RunLock.Key, condition: null, recursive: false, Limit);
        holder.ShouldBe("somebody");
    }

    private Task<RunLock> AcquireAsync() =>
        RunLock.AcquireAsync(_etcd, LockHolder.OfThisProcess("me", "setup", DateTimeOffset.UnixEpoch), _time, warn: _ => { }, Limit);

    /// <summary>As on a machine that slept: the clock on the wall goes on, the other one does not.</summary>
    private sealed class LeapingTime : TimeProvider
    {
        public TimeSpan Leap { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Leap;
    }
}
