using System.Globalization;

using DeisProxy.Cluster.Ssh;
using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>Runs a command on a node of the sandbox.</summary>
/// <param name="arguments">The command, a leading <c>sudo</c> and its options taken off.</param>
/// <returns>Its result, or null: not this command.</returns>
public delegate Task<CommandResult?> NodeCommand(string node, IReadOnlyList<string> arguments, CancellationToken cancellationToken);

/// <summary>The commands that the sandbox's nodes know. Later ones are asked first, so that a test can replace any of them.</summary>
public sealed class NodeCommands
{
    /// <summary>When a guard lets connections go after it has heard nothing of whoever held them.</summary>
    private static readonly TimeSpan GuardTime = TimeSpan.FromSeconds(4.5);

    private readonly Lock _lock = new();
    private readonly List<NodeCommand> _commands = [];
    private readonly Func<string, DeisRouter?> _routerOf;
    private readonly NetworkMap _network;
    private readonly TimeSpan _reloadDelay;
    private readonly TimeProvider _time;

    internal NodeCommands(Func<string, DeisRouter?> routerOf, NetworkMap network, SandboxOptions options)
    {
        _routerOf = routerOf;
        _network = network;
        _reloadDelay = options.RouterReloadDelay;
        _time = options.Time;
        Add((_, arguments, _) => Task.FromResult(arguments is ["true"] ? Ok("") : null));
        Add((node, arguments, _) => Task.FromResult(arguments is ["hostname"] ? Ok($"ip-{node.Replace('.', '-')}.ec2.internal\n") : null));
        Add((node, arguments, _) => Task.FromResult(arguments is ["printenv", "SSH_CONNECTION"] ? Ok($"127.0.0.1 50000 {node} 22\n") : null));
        Add((node, arguments, _) => Task.FromResult(
            arguments is ["sh", "-c", var script, "sh", var text] && script.Contains("logs", StringComparison.Ordinal)
                ? SearchLog(node, text)
                : null));
        Add((_, arguments, _) => Task.FromResult(arguments is ["id", "-u"] ? Ok("500\n") : null));
        Add(DockerAsync);
    }

    /// <summary>Why nodes cannot hold connections by their content, as their iptables says; null: they can.</summary>
    public string? CannotHoldByContent { get; set; }

    /// <summary>Adds a command.</summary>
    /// <param name="command">Answers null to what it does not know.</param>
    public void Add(NodeCommand command)
    {
        lock (_lock)
        {
            _commands.Insert(0, command);
        }
    }

    /// <summary>Whether a command is one of <see cref="StartAsync"/>.</summary>
    internal static bool IsTalkedTo(IReadOnlyList<string> arguments) =>
        arguments.Contains("-i") || arguments.Any(word => word.Contains("iptables", StringComparison.Ordinal));

    internal async Task<CommandResult> RunAsync(string node, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var bare = arguments is ["sudo", ..] ? [.. arguments.Skip(1).SkipWhile(argument => argument.StartsWith('-'))] : arguments;
        NodeCommand[] commands;
        lock (_lock)
        {
            commands = [.. _commands];
        }

        foreach (var command in commands)
        {
            if (await command(node, bare, cancellationToken) is { } result)
            {
                return result;
            }
        }

        return new CommandResult(127, "", $"-bash: {(bare.Count > 0 ? bare[0] : "")}: command not found\n");
    }

    private static CommandResult Ok(string output) => new(0, output, "");

    private async Task<CommandResult?> DockerAsync(string node, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        string[] rest = [.. arguments.Skip(2)];
        if (arguments is not ["docker", var verb and ("exec" or "logs"), ..] || !rest.Contains("deis-router", StringComparer.Ordinal))
        {
            return null;
        }

        if (_routerOf(node) is not { } router)
        {
            return new CommandResult(1, "", "Error response from daemon: no such id: deis-router\n");
        }

        if (verb == "logs")
        {
            return Logs(router, rest);
        }

        if (!((string[])["confd", "-onetime"]).All(word => rest.Any(argument => argument.Contains(word, StringComparison.Ordinal))))
        {
            return null;
        }

        router.Render();
        // The real command takes as long again as the reload that it starts; the reload may still be under way when it returns.
        await Task.Delay(_reloadDelay / 2, _time, cancellationToken);
        return Ok("");
    }

    /// <summary>What a script that searches the router's log prints: found and the lines, absent, or none where there is no router.</summary>
    private CommandResult SearchLog(string node, string text)
    {
        if (_routerOf(node) is not { } router)
        {
            return Ok("none\n");
        }

        var lines = router.Log.Where(line => line.Contains(text, StringComparison.Ordinal)).Take(8).ToList();
        return Ok(lines.Count == 0 ? "absent\n" : $"found\n{string.Join('\n', lines)}\n");
    }

    /// <summary>
    /// A command that is talked to: confd in the router's container, or what holds new connections with iptables. A guard on the node lets them go
    /// in the end.
    /// </summary>
    internal async Task<(string? Refusal, Func<string, Task<string>> Answer, Action End)> StartAsync(string node, IReadOnlyList<string> arguments)
    {
        var script = arguments.ToList().FindIndex(word => word.Contains("iptables", StringComparison.Ordinal));
        var router = arguments.Contains("docker") && arguments[^1].Contains("confd", StringComparison.Ordinal) ? _routerOf(node) : null;
        var refusal = await RunAsync(node, arguments, CancellationToken.None) is { ExitCode: not 127 } other ? other.StandardError.Trim()
            : script < 0 && router is null ? "command not found"
            : null;
        if (refusal is not null)
        {
            return (refusal, Task.FromResult, () => { });
        }

        if (router is not null)
        {
            return (null, RenderAsync, () => { });
        }

        // After the script as it is run and as its guard runs it: an id, the number of its connection marks, ports.
        var id = arguments[script + 3];
        int[] ports = [.. arguments.Skip(script + 5).Select(port => int.Parse(port, CultureInfo.InvariantCulture))];
        var until = DateTimeOffset.MinValue;
        return (null, request => Task.FromResult(Answer(request)), LetGo);

        async Task<string> RenderAsync(string word)
        {
            if (word != "ready")
            {
                router.Render();
                await Task.Delay(_reloadDelay / 2, _time);
            }

            return $"{word} done";
        }

        void LetGo() => Array.ForEach(ports, port => _network.Release(node, port, id));

        async Task GuardAsync()
        {
            for (var left = GuardTime; left > TimeSpan.Zero; left = until - _time.GetUtcNow())
            {
                await Task.Delay(left, _time);
            }

            LetGo();
        }

        string Answer(string request)
        {
            if (request == "ready")
            {
                return CannotHoldByContent is { } why ? $"ready syn: {why}" : "ready content";
            }

            if (request == "release")
            {
                LetGo();
                return "release done";
            }

            var isFirst = until == DateTimeOffset.MinValue;
            until = _time.GetUtcNow() + GuardTime;
            if (isFirst)
            {
                _ = GuardAsync();
            }

            if (request.Split(' ') is not ["hold", var kind])
            {
                return "stay done";
            }

            Array.ForEach(ports, port => _network.Hold(node, port, id, kind switch { "proxy" => [true], "plain" => [false], _ => [true, false] }));
            return "hold done";
        }
    }

    private static CommandResult Logs(DeisRouter router, string[] arguments)
    {
        var lines = router.Log;
        var at = Array.FindIndex(arguments, argument => argument == "--tail" || argument.StartsWith("--tail=", StringComparison.Ordinal));
        if (at >= 0)
        {
            var text = arguments[at].Contains('=', StringComparison.Ordinal) ? arguments[at].Split('=', 2)[1] : arguments.ElementAtOrDefault(at + 1);
            if (text != "all")
            {
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                {
                    return new CommandResult(1, "", $"invalid value \"{text}\" for flag --tail\n");
                }

                lines = [.. lines.TakeLast(count)];
            }
        }

        return Ok(string.Concat(lines.Select(line => $"{line}\n")));
    }
}
