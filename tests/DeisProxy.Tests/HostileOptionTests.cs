using System.CommandLine;
using DeisProxy.Commands;
using DeisProxy.Core;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>Whatever is given to any option of any command: one line that says what is wrong, and nothing is contacted.</summary>
[Collection(nameof(Alone))]
public sealed class HostileOptionTests(HostileOptionTests.Everything everything) : IClassFixture<HostileOptionTests.Everything>
{
    private static readonly (string Kind, string Value)[] Values =
    [
        ("empty", ""),
        ("huge", new string('x', 100_000)),
        ("a huge list", string.Join(',', Enumerable.Repeat("-", 50_000))),
        ("binary", "\0\u0001\a\e[31mred\u007f\u009b2J"),
        ("two lines", "a\nerror: b"),
        ("half a surrogate", "a\ud800"),
        ("no UTF-8", "a\ufffd"),
        ("turned around", "\u202eabc"),
        ("negative", "-1"),
        ("wrong type", "no such thing"),
        ("wrong scheme", "gopher://127.0.0.1:1/"),
    ];

    /// <summary>Any printable text may name these; what is wrong with it is found out where the name is looked up.</summary>
    private static readonly string[] Names = ["--stack", "--load-balancer", "--profile", "--junit"];

    private static readonly string[] Printable = ["a huge list", "turned around", "negative", "wrong type", "wrong scheme"];

    /// <summary>Every option of every command, from the commands themselves.</summary>
    public static TheoryData<string, string> Options
    {
        get
        {
            var root = CommandLine.Root(new CommandHost(Silent(), (_, _) => throw new InvalidOperationException(), TimeProvider.System));
            var all = new TheoryData<string, string>();
            foreach (var command in root.Subcommands.Prepend(root))
            {
                foreach (var option in command.Options)
                {
                    all.Add(command is RootCommand ? "" : command.Name, option.Name);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Options))]
    public async Task An_option_refuses(string command, string option)
    {
        using var contacts = new Contacts();

        // What is accepted ends with the error that no region is known: the SDK keeps clients, which must not lead here for other tests.
        using var variables = new Variables(
            ("AWS_ENDPOINT_URL", everything.Recorder.Url), ("AWS_REGION", null), ("AWS_DEFAULT_REGION", null), ("AWS_PROFILE", null),
            ("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"), ("AWS_EC2_METADATA_DISABLED", "true"),
            ("DEISCTL_TUNNEL", null));
        try
        {
            foreach (var (kind, value) in Values)
            {
                foreach (string[] given in (string[][])[[$"{option}={value}"], [option, value]])
                {
                    var what = $"{command} {option}, {kind}, {(given.Length == 1 ? "in one word" : "in two")}";
                    var before = everything.Recorder.Requests.Count;
                    var (exitCode, opened, output, error) = await RunAsync(command.Length == 0 ? given : [command, .. given]);
                    if (option is "--help" or "--version" && exitCode == ExitCode.Done)
                    {
                        // An empty word besides it is no harm.
                        (opened, everything.Recorder.Requests.Count).ShouldBe((false, before), what);
                        continue;
                    }

                    ShouldBeOneLine(error, what);
                    output.ShouldBeEmpty(what);
                    if (exitCode == ExitCode.Usage)
                    {
                        (opened || everything.Recorder.Requests.Count > before).ShouldBeFalse($"{what}: something was contacted");
                    }
                    else
                    {
                        exitCode.ShouldBe(ExitCode.Failed, $"{what}: {error}");
                        (Names.Contains(option) && Printable.Contains(kind)).ShouldBeTrue($"{what} is accepted: {error}");
                    }
                }
            }
        }
        finally
        {
            // Reports that --junit has named.
            foreach (var (_, file) in Values.Where(v => Printable.Contains(v.Kind) && v.Value.Length < 100 && File.Exists(v.Value)))
            {
                File.Delete(file);
            }
        }

        contacts.Outside.ShouldBeEmpty();
    }

    /// <summary>One error for people: a line that is no longer than can be read, with what to do below it.</summary>
    internal static void ShouldBeOneLine(string error, string what)
    {
        // Warnings of what is done without, and what is waited for, are no errors.
        var lines = error.TrimEnd('\n').Split('\n').SkipWhile(line => !line.StartsWith("error: ", StringComparison.Ordinal)).ToList();
        lines.Count(line => line.StartsWith("error: ", StringComparison.Ordinal)).ShouldBe(1, $"{what}: {error}");
        lines[0].ShouldStartWith("error: ", Case.Sensitive, what);
        lines.Count.ShouldBeLessThanOrEqualTo(lines.Contains("Nothing was changed.") ? 3 : 2, $"{what}: {error}");
        error.Length.ShouldBeInRange("error: ".Length + 1, 1200, what);
        error.ShouldNotContain("bug in deis-proxy", Case.Sensitive, what);
        error.ShouldNotContain("System.", Case.Sensitive, what);
        error.Replace("\n", "", StringComparison.Ordinal).Any(char.IsControl).ShouldBeFalse(what);
    }

    /// <summary>Stands for everything that the environment leads to.</summary>
    public sealed class Everything : IAsyncLifetime
    {
        internal Recorder Recorder { get; } = new();

        public Task InitializeAsync() => Task.CompletedTask;

        public async Task DisposeAsync() => await Recorder.DisposeAsync();
    }

    private static Terminal Silent() => new(TextReader.Null, TextWriter.Null, TextWriter.Null);

    private static async Task<(int ExitCode, bool Opened, string Output, string Error)> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter { NewLine = "\n" };
        var opened = false;
        var host = new CommandHost(
            new Terminal(TextReader.Null, output, error),
            (_, _) =>
            {
                opened = true;
                throw new DeisProxyException("accepted", "What was given is accepted.", "Nothing is to be done.");
            },
            TimeProvider.System);

        // What is accepted by mistake must not run forever.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var exitCode = await CommandLine.RunAsync(arguments, host, limit.Token).WaitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
        return (exitCode, opened, output.ToString(), error.ToString());
    }
}

/// <summary>Variables of the environment, for as long as this lives; null: not set.</summary>
internal sealed class Variables : IDisposable
{
    private readonly (string Name, string? Value)[] _before;

    public Variables(params (string Name, string? Value)[] now)
    {
        _before = [.. now.Select(v => (v.Name, Environment.GetEnvironmentVariable(v.Name)))];
        Set(now);
    }

    public void Dispose() => Set(_before);

    private static void Set(IEnumerable<(string Name, string? Value)> variables)
    {
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
    }
}
