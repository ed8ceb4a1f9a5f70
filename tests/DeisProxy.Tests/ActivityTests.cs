using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>What is under way is seen.</summary>
public sealed class ActivityTests
{
    [Fact]
    public async Task On_a_terminal_it_is_a_line_that_the_next_message_replaces()
    {
        using var error = new StringWriter { NewLine = "\n" };
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { CanRedraw = true, ErrorWidth = () => 30, ShowsActivity = true };

        terminal.Activity("flip: waiting for the load balancer");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!error.ToString().Contains("flip", StringComparison.Ordinal))
        {
            await Task.Delay(20, limit.Token);
        }

        terminal.Activity(null);
        terminal.Message("✓ flip");

        var written = error.ToString();
        written.ShouldContain(" flip: waiting for the load ");
        written.ShouldEndWith("\r\e[2K✓ flip\n");
        written.Split("\r\e[2K").ShouldAllBe(line => line.Length < 30);
    }

    [Fact]
    public void Elsewhere_it_is_a_message_when_it_takes_two_seconds_and_one_every_ten_then()
    {
        using var time = new HandTime();
        var said = new List<string>();
        using var activity = new ActivityLine(draw: null, said.Add, time);

        activity.Set("short");
        time.Pass(TimeSpan.FromSeconds(1));
        activity.Set("long");
        time.Pass(TimeSpan.FromSeconds(2));
        time.Pass(TimeSpan.FromSeconds(10));
        activity.Set(null);
        time.Pass(TimeSpan.FromSeconds(10));

        said.ShouldBe(["… long (2 s)", "… long (12 s)"]);
    }

    [Fact]
    public void What_cannot_be_shown_ends_nothing()
    {
        using var time = new HandTime();
        using var activity = new ActivityLine(_ => throw new InvalidOperationException(), _ => { }, time);

        activity.Set("anything");
        time.Pass(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Few_words_are_few_words()
    {
        using var error = new StringWriter();
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error) { CanRedraw = true };

        terminal.Activity("anything");
        await Task.Delay(300);

        error.ToString().ShouldBeEmpty();
    }

    /// <summary>A clock that is set by hand; its one timer fires at most once a setting.</summary>
    private sealed class HandTime : TimeProvider, IDisposable
    {
        private long _now;
        private Timer? _timer;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time)
        {
            _now += time.Ticks;
            _timer?.FireIfDue();
        }

        public void Dispose() => _timer?.Dispose();

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            _timer = new Timer(this, () => callback(state));

        private sealed class Timer(HandTime time, Action fire) : ITimer
        {
            private long _due = long.MaxValue;
            private TimeSpan _period;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                (_due, _period) = (dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time._now + dueTime.Ticks, period);
                return true;
            }

            public void FireIfDue()
            {
                if (time._now >= _due)
                {
                    _due = time._now + _period.Ticks;
                    fire();
                }
            }

            public void Dispose() => _due = long.MaxValue;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
