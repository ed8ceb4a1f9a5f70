namespace DeisProxy.Output;

/// <summary>
/// What the program is at while it says nothing else. On a terminal that is a line with the time it takes, written over and over; elsewhere
/// it is a message when something takes two seconds, and one every ten seconds then.
/// </summary>
/// <param name="draw">Writes the line over the one before; null where lines stay.</param>
/// <param name="say">Writes a message.</param>
internal sealed class ActivityLine(Action<string>? draw, Action<string> say, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Frame = TimeSpan.FromMilliseconds(100);

    /// <summary>What takes less says enough when it is done.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SilenceLater = TimeSpan.FromSeconds(10);

    private static readonly string[] Spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

    private readonly Lock _lock = new();
    private ITimer? _timer;
    private string? _text;
    private long _since;

    /// <summary>Says what is under way; null: nothing is. The time counts from the first saying of the same thing.</summary>
    public void Set(string? text)
    {
        lock (_lock)
        {
            if (text == _text)
            {
                return;
            }

            (_text, _since) = (text, time.GetTimestamp());
            var (first, then) = text is null ? (Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan)
                : draw is null ? (Silence, SilenceLater)
                : (Frame, Frame);
            _timer ??= time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(first, then);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    private void Tick()
    {
        lock (_lock)
        {
            if (_text is null)
            {
                return;
            }

            try
            {
                Show(time.GetElapsedTime(_since));
            }
#pragma warning disable CA1031 // On a timer's thread it would end the process, perhaps while a port is closed.
            catch (Exception error)
#pragma warning restore CA1031
            {
                System.Diagnostics.Debug.WriteLine(error.Message);
                _text = null;
            }
        }
    }

    private void Show(TimeSpan elapsed)
    {
        if (draw is null)
        {
            say($"… {_text} ({elapsed.TotalSeconds:F0} s)");
        }
        else
        {
            draw($"{Spinner[(int)(elapsed / Frame) % Spinner.Length]} {_text} ({elapsed.TotalSeconds:F1} s)");
        }
    }
}
