using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using DeisProxy.Aws;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Tests;
using DeisProxy.Core.Verifying;
using DeisProxy.Fuzzing;
using DeisProxy.Output;
using DeisProxy.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Tests;

/// <summary>
/// A cloud that answers with whatever it likes: an error of ours, or an answer, in bounded time, and nothing that steers a terminal.
/// </summary>
[Collection(nameof(Alone))]
public sealed partial class AnswerFuzz(AnswerFuzz.Cloud cloud) : IClassFixture<AnswerFuzz.Cloud>
{
    [Fuzz(150)]
    internal Task Aws(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        cloud.Mutation = mutation;
        await OursAsync(async () =>
        {
            var reader = new ElbReader(cloud.Aws, "deis", null, TimeProvider.System);
            var (state, nodes) = await reader.ReadAsync((_, _, _) => { }, CancellationToken.None);
            foreach (var (label, text) in state.Summary)
            {
                ShouldBeSafe(Printed(terminal => terminal.Result($"{label} {text}")));
            }

            _ = state.ToString();
            _ = nodes.ToString();
            var found = new StackReader(cloud.Aws);
            _ = await found.ReadTemplateAsync("deis", state.LoadBalancer.Name, CancellationToken.None);
        });
    });

    [Fuzz(150)]
    internal Task Rackspace(Mutation mutation) => Mutation.WithinLimitAsync(async () =>
    {
        cloud.Mutation = mutation;
        await OursAsync(async () =>
        {
            using var balancers = new CloudLoadBalancers(cloud.Rackspace);
            foreach (var balancer in (await balancers.ListAsync(CancellationToken.None)).Take(3))
            {
                _ = (await balancers.ReadAsync(balancer.Id, CancellationToken.None)).ToString();
            }
        });
    });

    [Fuzz(1500)]
    internal Task Template(Mutation mutation) => Mutation.WithinLimitAsync(() => OursAsync(() =>
    {
        var (text, notes) = TemplatePatch.Apply(
            mutation.Of(cloud.Template), "DeisWebELB", Snapshots.Deis15.LoadBalancer, new Dictionary<string, string>(StringComparer.Ordinal));
        JsonDocument.Parse(text).Dispose();
        foreach (var note in notes)
        {
            ShouldBeSafe(Printed(terminal => terminal.Message(note)));
        }

        return Task.CompletedTask;
    }));

    /// <summary>Names, tags and values as they come, in everything that is printed.</summary>
    [Fuzz(1500)]
    internal Task Output(Mutation mutation) => Mutation.WithinLimitAsync(() =>
    {
        var text = mutation.Of("deis-DeisWebE-17PGCR3KPJC54", "{\"name\":\"a\"}", "<a>b</a>", "stack ünï 😀");
        var error = new DeisProxyException("aws-error", text, text, new InvalidOperationException(text));
        ShouldBeSafe(Printed(terminal => ErrorText.Print(terminal, error, verbose: true)));
        ShouldBeSafe(Printed(terminal => terminal.WriteText(text)));
        ShouldBeSafe(Printed(terminal => terminal.Detail(text)));
        var check = new CheckResult("stack", CheckStatus.Fail, text, text, text);
        var document = new VerifyDocument("verify", text, "aws", Ok: false, [CheckDocument.Of(check)], ErrorDocument.Of(error));
        var json = Printed(terminal => terminal.WriteDocument(document));
        ShouldBeSafe(json);
        JsonNode.Parse(json)!["checks"]![0]!["id"]!.GetValue<string>().ShouldBe("stack");
        XDocument.Parse(JUnitReport.Write(text, [check], error, DateTimeOffset.UnixEpoch, TimeSpan.Zero)).Root!.Elements().Count().ShouldBe(2);
        return Task.CompletedTask;
    });

    /// <summary>A service that quotes the key, as it is and as JSON may have it.</summary>
    [Theory]
    [InlineData("""{"message":"bad key \"a\/b\u002B\u002fc\\d\" is refused","code":400}""", "bad key \"***\" is refused")]
    [InlineData("""no JSON: a\/b+/c\d, {a/b\u002b\/c\u005cd}""", "no JSON: ***, {***}")]
    public async Task A_key_is_not_printed_however_JSON_escapes_it(string body, string expected)
    {
        await using var service = new HostileService((_, _) => Task.FromResult(new Reply(400, Encoding.UTF8.GetBytes(body))));
        using var balancers = new CloudLoadBalancers(
            new RackspaceSettings("user", @"a/b+/c\d", new Uri(service.Url, "v2.0/"), Region: null));

        (await Should.ThrowAsync<DeisProxyException>(() => balancers.ListAsync(CancellationToken.None))).Message.ShouldContain(expected);
    }

    /// <summary>Ten megabytes, a billion laughs, and what is nested ten thousand deep.</summary>
    [Theory]
    [InlineData("long")]
    [InlineData("laughs")]
    [InlineData("deep")]
    [InlineData("many")]
    public async Task Very_large_answers(string kind)
    {
        var (xml, json) = kind switch
        {
            "long" => ($"<r><x>{new string('x', 10_000_000)}</x></r>", $"{{\"x\":\"{new string('x', 10_000_000)}\"}}"),
            "laughs" => (Laughs(), $"[{string.Join(',', Enumerable.Repeat("[[[[[[[[[[]]]]]]]]]]", 400_000))}]"),
            "deep" => ($"{string.Concat(Enumerable.Repeat("<a>", 10_000))}{string.Concat(Enumerable.Repeat("</a>", 10_000))}",
                new string('[', 1_000_000)),
            _ => ($"<r>{string.Concat(Enumerable.Repeat("<member/>", 1_000_000))}</r>",
                $"{{\"loadBalancers\":[{string.Join(',', Enumerable.Repeat("{}", 1_000_000))}]}}"),
        };
        foreach (var status in (int[])[200, 400])
        {
            cloud.Instead = new Reply(status, Encoding.UTF8.GetBytes(xml));
            await Mutation.WithinLimitAsync(() => OursAsync(
                () => new ElbReader(cloud.Aws, "deis", null, TimeProvider.System).ReadAsync((_, _, _) => { }, CancellationToken.None)));
            cloud.Instead = new Reply(status, Encoding.UTF8.GetBytes(json));
            await Mutation.WithinLimitAsync(() => OursAsync(async () =>
            {
                using var balancers = new CloudLoadBalancers(cloud.Rackspace);
                await balancers.ListAsync(CancellationToken.None);
            }));
            await Mutation.WithinLimitAsync(() => OursAsync(() =>
            {
                TemplatePatch.Apply(json, "DeisWebELB", Snapshots.Deis15.LoadBalancer, new Dictionary<string, string>(StringComparer.Ordinal));
                return Task.CompletedTask;
            }));
        }

        cloud.Instead = null;

        static string Laughs() =>
            $"<!DOCTYPE r [<!ENTITY a0 \"ha\">{string.Concat(Enumerable.Range(1, 30).Select(i => $"<!ENTITY a{i} \"&a{i - 1};&a{i - 1};\">"))}"
                + "]><r>&a30;</r>";
    }

    private static async Task OursAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (DeisProxyException error)
        {
            ShouldBeSafe(Printed(terminal => ErrorText.Print(terminal, error, verbose: true)));
        }
    }

    private static string Printed(Action<Terminal> print)
    {
        using var text = new StringWriter { NewLine = "\n" };
        print(new Terminal(TextReader.Null, text, text) { OutputIsTerminal = true, OutputWidth = () => 60, IsVerbose = true });
        return text.ToString();
    }

    private static void ShouldBeSafe(string printed) => Unsafe().Match(printed).Value.ShouldBeEmpty();

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}-[\n]]", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Unsafe();

    /// <summary>The sandbox's answers, each of them as it is or hostile.</summary>
#pragma warning disable CA1001 // xunit disposes fixtures through IAsyncLifetime.
    public sealed class Cloud : IAsyncLifetime
#pragma warning restore CA1001
    {
        /// <summary>Stands in what is kept for where the service is.</summary>
        private const string Authority = "AUTHORITY";

        private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);
        private HostileService _service = null!;

        internal AwsClients Aws { get; private set; } = null!;

        internal RackspaceSettings Rackspace { get; private set; } = null!;

        internal string Template { get; private set; } = "";

        internal Mutation? Mutation { get; set; }

        internal Reply? Instead { get; set; }

        public async Task InitializeAsync()
        {
            await using var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisOnRackspace with
            {
                LoadBalancers = SandboxOptions.DeisV15.LoadBalancers,
                Rackspace = new RackspaceOptions { LoadBalancers = [CloudBalancerOptions.Web, CloudBalancerOptions.Builder] },
            });
            await RecordAsync(sandbox);
            _service = new HostileService((head, body) => Task.FromResult(AnswerTo(NameOf(head, body))));
            Aws = AwsClients.Create(new AwsAccess { Region = "us-east-1", Endpoint = _service.Url, Repetitions = 0 });
            var account = sandbox.Rackspace!.Options;
            Rackspace = new RackspaceSettings(account.Username, account.ApiKey, new Uri(_service.Url, "v2.0/"), Region: null)
            {
                Time = new NoWaiting(),
            };
        }

        public async Task DisposeAsync()
        {
            Aws.Dispose();
            await _service.DisposeAsync();
        }

        /// <summary>Asks the sandbox everything once, and keeps what it says.</summary>
        private async Task RecordAsync(SandboxCloud sandbox)
        {
            using var http = new HttpClient();
            Uri? own = null;
            await using var relay = new HostileService(async (head, body) =>
            {
                var lines = head.Split('\n');
                var (method, path) = (lines[0].Split(' ')[0], lines[0].Split(' ')[1]);
                var name = NameOf(head, body);
                var target = name.StartsWith("tokens", StringComparison.Ordinal) ? new Uri(sandbox.Rackspace!.AuthUrl, "tokens")
                    : name.Contains("loadbalancers", StringComparison.Ordinal) ? new Uri(sandbox.Rackspace!.AuthUrl, path)
                    : sandbox.AwsEndpoint;
                using var request = new HttpRequestMessage(new HttpMethod(method), target);
                if (method == "POST")
                {
                    request.Content = new StringContent(
                        body, Encoding.UTF8, name == "tokens" ? "application/json" : "application/x-www-form-urlencoded");
                }

                foreach (var line in lines.Where(l => l.StartsWith("Authorization", StringComparison.OrdinalIgnoreCase)
                    || l.StartsWith("X-", StringComparison.OrdinalIgnoreCase)))
                {
                    request.Headers.TryAddWithoutValidation(line.Split(':')[0], line.Split(':', 2)[1].Trim());
                }

                using var answer = await http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                _answers[name] = text.Replace(sandbox.Rackspace!.AuthUrl.Authority, Authority, StringComparison.Ordinal);
                return new Reply((int)answer.StatusCode,
                    Encoding.UTF8.GetBytes(_answers[name].Replace(Authority, own!.Authority, StringComparison.Ordinal)));
            });
            own = relay.Url;
            using var aws = AwsClients.Create(new AwsAccess { Region = "us-east-1", Endpoint = relay.Url });
            var (state, _) = await new ElbReader(aws, "deis", null, TimeProvider.System).ReadAsync((_, _, _) => { }, CancellationToken.None);
            (Template, _, _) = await new StackReader(aws).ReadTemplateAsync("deis", state.LoadBalancer.Name, CancellationToken.None);
            var account = sandbox.Rackspace!.Options;
            using var balancers = new CloudLoadBalancers(
                new RackspaceSettings(account.Username, account.ApiKey, new Uri(relay.Url, "v2.0/"), Region: null));
            _ = await balancers.ListAsync(CancellationToken.None);
        }

        private Reply AnswerTo(string name)
        {
            if (Instead is { } instead)
            {
                return instead;
            }

            var right = Encoding.UTF8.GetBytes(
                _answers.GetValueOrDefault(name, "{}").Replace(Authority, _service.Url.Authority, StringComparison.Ordinal));
            if (Mutation is not { } mutation || (mutation.Seed ^ name.Length) % 3 == 0)
            {
                return new Reply(200, right);
            }

            var hostile = mutation with { Seed = mutation.Seed + name.Length };
            return new Reply(hostile.Choose(200, 200, 200, 200, 400, 404), hostile.Of([right]));
        }

        private static string NameOf(string head, string body) =>
            Action().Match(body) is { Success: true } action ? action.Groups["name"].Value
            : head.Split(' ')[1].Contains("tokens", StringComparison.Ordinal) ? "tokens"
            : head.Split(' ')[1].Split('?')[0];
    }

    /// <summary>A clock on which no pause takes any time.</summary>
    private sealed class NoWaiting : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime < TimeSpan.FromSeconds(20) ? TimeSpan.Zero : dueTime, period);
    }

    [GeneratedRegex("Action=(?<name>[A-Za-z]+)", RegexOptions.CultureInvariant, 10_000)]
    private static partial Regex Action();
}
