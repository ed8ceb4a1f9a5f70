using System.Diagnostics;
using System.Text.RegularExpressions;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>Looks at every node, again and again, for what one run of deis-proxy has there to hold connections.</summary>
internal sealed partial class HoldWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly Testbed _bed;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _looking;
    private volatile Sight _last = new(TimeSpan.MinValue, 0, 0, 0);

    /// <summary>Begins to look.</summary>
    public HoldWatch(Testbed bed, IReadOnlyList<string> ids)
    {
        (_bed, Ids) = (bed, ids);
        _looking = LookAsync();
    }

    /// <summary>What the run calls itself on the nodes.</summary>
    public IReadOnlyList<string> Ids { get; }

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>When a rule was seen first; null: never.</summary>
    public TimeSpan? FirstRule { get; private set; }

    /// <summary>When a look began that saw a rule for the last time: a look may take long, and what it saw was there after it began.</summary>
    public TimeSpan? LastRule { get; private set; }

    /// <summary>When a look saw a guard for the last time.</summary>
    public TimeSpan? LastGuard { get; private set; }

    /// <summary>Waits until every node is ready to hold connections that do not fit its router.</summary>
    public Task ArmedAsync(CancellationToken cancellationToken) => UntilAsync(sight => sight.Nodes == _bed.Nodes.Count, cancellationToken);

    /// <summary>Waits until every node holds all new connections.</summary>
    public Task HeldAsync(CancellationToken cancellationToken) => UntilAsync(sight => sight.All == _bed.Nodes.Count, cancellationToken);

    /// <summary>Waits for a look, begun after now, that sees no rule.</summary>
    public Task LetGoAsync(CancellationToken cancellationToken) => AfterNowAsync(sight => sight.Nodes == 0, cancellationToken);

    /// <summary>Waits for a look, begun after now, that sees neither a rule nor a guard.</summary>
    public Task FreeAsync(CancellationToken cancellationToken) => AfterNowAsync(sight => sight is { Nodes: 0, Guards: 0 }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _looking;
        _stop.Dispose();
    }

    private Task AfterNowAsync(Func<Sight, bool> wanted, CancellationToken cancellationToken)
    {
        var now = Elapsed;
        return UntilAsync(sight => sight.Begun > now && wanted(sight), cancellationToken);
    }

    private async Task UntilAsync(Func<Sight, bool> wanted, CancellationToken cancellationToken)
    {
        while (!wanted(_last))
        {
            if (_looking.IsCompleted)
            {
                await _looking;
            }

            await Task.Delay(Pause / 5, cancellationToken);
        }
    }

    private async Task LookAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var begun = Elapsed;
            var rules = await Task.WhenAll(_bed.Nodes.Select(Testbed.NodeRulesAsync));
            var ours = rules.Where(IsOurs).ToList();
            var sight = new Sight(
                begun, ours.Count(Holds), ours.Count(text => Holds(text) && HoldingAll().IsMatch(text)), Processes.Guards().Count(IsOurs));
            if (sight.Nodes > 0)
            {
                FirstRule ??= begun;
                LastRule = begun;
            }

            LastGuard = sight.Guards > 0 ? Elapsed : LastGuard;
            _last = sight;
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether rules hold connections: not those that only take marks off, which let everything pass.</summary>
    public static bool Holds(string rules) => HoldingSyn().IsMatch(rules) || (Jump().IsMatch(rules) && !Passing().IsMatch(rules));

    private bool IsOurs(string text) => Ids.Any(id => text.Contains(id, StringComparison.Ordinal));

    [GeneratedRegex(@"--comment ""deis-proxy [0-9a-f]+"" -j DROP", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HoldingSyn();

    [GeneratedRegex(@"-A PREROUTING .* -j deis-proxy-[0-9a-f]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Jump();

    [GeneratedRegex(@"-A deis-proxy-[0-9a-f]+ -j RETURN", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Passing();

    [GeneratedRegex(@"/0xfd000000 -j DROP|--comment ""deis-proxy [0-9a-f]+"" -j DROP", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex HoldingAll();

    /// <summary>One look.</summary>
    /// <param name="Nodes">Those that hold connections, or would.</param>
    /// <param name="All">Those that hold all new ones.</param>
    private sealed record Sight(TimeSpan Begun, int Nodes, int All, int Guards);
}
