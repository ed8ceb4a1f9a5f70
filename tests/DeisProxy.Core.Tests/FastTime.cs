using System.Diagnostics;

namespace DeisProxy.Core.Tests;

/// <summary>A clock that is fast enough for long limits, and slow enough for several things that happen beside one another.</summary>
internal sealed class FastTime(int factor) : TimeProvider
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Stopwatch.GetElapsedTime(_start).Ticks * factor;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Real(dueTime), Real(period));

    private TimeSpan Real(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
}
