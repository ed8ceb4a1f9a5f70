using System.Globalization;

namespace DeisProxy.Sandbox.Router;

/// <summary>What <c>docker logs deis-router</c> shows: the last lines of the access and error log, both with the same prefix.</summary>
internal sealed class RouterLog(TimeProvider time)
{
    private const int Capacity = 20_000;

    private readonly Lock _lock = new();
    private readonly Queue<string> _lines = new();
    private int _errors;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>$time_local.</summary>
    public string LocalTime => time.GetUtcNow().ToString("dd/MMM/yyyy:HH:mm:ss +0000", CultureInfo.InvariantCulture);

    public void Access(string line) => Add($"[INFO] - {line}");

    /// <summary>An error line of nginx; what it quotes may span several lines.</summary>
    public void Error(string message, string peer, int port)
    {
        var stamp = time.GetUtcNow().ToString("yyyy/MM/dd HH:mm:ss", CultureInfo.InvariantCulture);
        Add($"[INFO] - {stamp} [error] 22#0: *{Interlocked.Increment(ref _errors)} {message}, client: {peer}, server: 0.0.0.0:{port}");
    }

    private void Add(string text)
    {
        lock (_lock)
        {
            foreach (var line in text.Split('\n'))
            {
                _lines.Enqueue(line.TrimEnd('\r'));
            }

            while (_lines.Count > Capacity)
            {
                _lines.Dequeue();
            }
        }
    }
}
