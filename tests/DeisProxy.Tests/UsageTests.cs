using DeisProxy.Core;

namespace DeisProxy.Tests;

/// <summary>Wrong usage: exit code 2, a message that says what is right, and nothing is contacted.</summary>
[Collection(nameof(Alone))]
public sealed class UsageTests
{
    public static TheoryData<string, string> WrongOptions => new()
    {
        { "--stack EMPTY", "--stack" },
        { "--stack=a\tb", "--stack" },
        { "--stack", "--stack" },
        { "--node=", "--node" },
        { "--identity EMPTY", "--identity" },
        { "--etcd-endpoint EMPTY", "http://127.0.0.1:4001" },
        { "--stack=a --stack=b", "--stack" },
        { "--provider=azure", "'aws'" },
        { "--load-balancer EMPTY", "--load-balancer" },
        { "--region=eu central", "us-east-1" },
        { "--region=us-east-1.evil.test/", "us-east-1" },
        { "--region EMPTY", "us-east-1" },
        { "--profile EMPTY", "--profile" },
        { "--node EMPTY", "host:port" },
        { "--node=-oProxyCommand=x", "host:port" },
        { "--node=core@10.0.0.1", "--ssh-user" },
        { "--node=10.0.0.1:70000", "host:port" },
        { "--node=10.0.0.1:22 --node=a;b", "host:port" },
        { "--ssh-user=-l", "core" },
        { "--ssh-user EMPTY", "core" },
        { "--ssh-user=a b", "core" },
        { "--identity=/nonexistent/key", "/nonexistent/key" },
        { "-i /nonexistent/key", "/nonexistent/key" },
        { "--identity=/tmp", "/tmp" },
        { "--ssh-config=/nonexistent/config", "/nonexistent/config" },
        { "--known-hosts=/nonexistent/known", "/nonexistent/known" },
        { "--jump EMPTY", "[user@]host[:port]" },
        { "--jump=-x", "[user@]host[:port]" },
        { "--jump=a, b", "[user@]host[:port]" },
        { "--etcd-endpoint=127.0.0.1:4001", "http://127.0.0.1:4001" },
        { "--etcd-endpoint=http://127.0.0.1:4001/v2", "http://127.0.0.1:4001" },
        { "--etcd-endpoint=http://u:p@127.0.0.1:4001", "http://127.0.0.1:4001" },
        { "--etcd-endpoint=http://127.0.0.1:4001/#x", "http://127.0.0.1:4001" },
        { "--etcd-endpoint=ftp://127.0.0.1:4001", "http://127.0.0.1:4001" },
        { "--etcd-endpoint=http://127.0.0.1:4001 --etcd-endpoint=nothing", "http://127.0.0.1:4001" },
        { "--router-ports EMPTY", "80,443" },
        { "--router-ports=80,,443", "80,443" },
        { "--router-ports=80;443", "80,443" },
        { "--router-ports=0", "80,443" },
        { "--router-ports=65536", "80,443" },
        { "--router-ports=80,2222", "builder" },
        { "--router-ports=9090", "health check" },
        { "--router-ports=80 --router-ports=2222", "builder" },
        { "--timeout EMPTY", "90s" },
        { "--timeout=soon", "90s" },
        { "--timeout=1h30", "90s" },
        { "--timeout=30s1m", "90s" },
        { "--timeout=0", "90s" },
        { "--timeout=-5s", "90s" },
        { "--timeout=5ms", "90s" },
        { "--timeout=2000h", "90s" },
        { "--timeout=99999999999", "90s" },
        { "--output=xml", "'json'" },
        { "--verbose --quiet", "cannot be used together" },
        { "--stakc=deis", "--stakc" },
        { "deis", "deis" },
    };

    public static TheoryData<string, string> WrongSetupOptions => new()
    {
        { "--idle-timeout=0", "1 to 3600" },
        { "--provider=rackspace --websocket-only=abc", "1 to 65535" },
        { "--provider=rackspace --websocket-only=0", "1 to 65535" },
        { "--idle-timeout=3601", "1 to 3600" },
        { "--idle-timeout=20m", "1 to 3600" },
        { "--idle-timeout EMPTY", "1 to 3600" },
        { "--real-ip-cidr=10.0.0.0", "10.21.0.0/16" },
        { "--real-ip-cidr=10.0.0.1/8", "10.21.0.0/16" },
        { "--real-ip-cidr=fd00::/8", "IPv4" },
        { "--real-ip-cidr=10.0.0.0/33", "10.21.0.0/16" },
        { "--real-ip-cidr=none", "auto" },
        { "--no-probe", "--no-probe" },
        { "--detailed-exitcode", "--dry-run" },
    };

    public static TheoryData<string, string> WrongVerifyOptions => new()
    {
        { "--dry-run", "--dry-run" },
        { "--junit", "--junit" },
        { "--junit=/nonexistent/report.xml", "/nonexistent/report.xml" },
        { "--strict --no-probe", "cannot be used together" },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public async Task Every_command_refuses(string options, string right)
    {
        await RefusesAsync(["setup", .. Split(options)], right);
        await RefusesAsync(["verify", .. Split(options)], right);
    }

    [Theory]
    [MemberData(nameof(WrongSetupOptions))]
    public Task Setup_refuses(string options, string right) => RefusesAsync(["setup", .. Split(options)], right);

    [Theory]
    [MemberData(nameof(WrongVerifyOptions))]
    public Task Verify_refuses(string options, string right) => RefusesAsync(["verify", .. Split(options)], right);

    [Theory]
    [InlineData("setpu", "\"setpu\". Did you mean setup?")]
    [InlineData("--bogus", "--bogus\".\n")]
    [InlineData("--hlep", "Did you mean --help?")]
    [InlineData("\e[31msetup", "setup")]
    [InlineData("help setpu", "\"setpu\". Did you mean setup?")]
    [InlineData("setpu --help", "\"setpu\". Did you mean setup?")]
    [InlineData("-- setup --dry-run", "\"setup\"")]
    [InlineData("help -- teardown", "\"teardown\"")]
    public async Task An_unknown_command_is_refused(string command, string text)
    {
        var (exitCode, output, error) = await Shell.RunAsync(command.Split(' '));

        exitCode.ShouldBe(2, error);
        output.ShouldBeEmpty();
        error.ShouldContain(text);
        error.ShouldContain("deis-proxy --help");
        error.Split("error: ").Length.ShouldBe(2, "one error, one line");
        error.ShouldNotContain('\e');
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("65536")]
    [InlineData("99999999999999")]
    public Task The_sandbox_refuses_what_is_no_port(string port) => RefusesAsync(["sandbox", $"--aws-port={port}"], "from 0 to 65535");

    [Theory]
    [InlineData("--aws-port=1")]
    [InlineData("--tcp-stack")]
    public Task The_sandbox_refuses_what_is_for_another_provider(string option) =>
        RefusesAsync(["sandbox", "--provider", "rackspace", option], "requires --provider aws");

    [Theory]
    [InlineData("AWS_ENDPOINT_URL", "junk")]
    [InlineData("AWS_ENDPOINT_URL", "ftp://127.0.0.1")]
    [InlineData("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING", "http://")]
    public async Task An_endpoint_in_the_environment_that_is_no_address_is_refused_by_its_name(string variable, string value)
    {
        var before = Environment.GetEnvironmentVariable(variable);
        Environment.SetEnvironmentVariable(variable, value);
        try
        {
            foreach (var command in (string[])["setup", "verify", "teardown", "template"])
            {
                await RefusesAsync([command], $"{variable} does not hold an address");
            }
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, before);
        }
    }

    [Theory]
    [InlineData("setup -o json --nonsense", "setup", "--nonsense")]
    [InlineData("verify --output=json --node=", "verify", "--node")]
    [InlineData("template --output json --provider none --node 127.0.0.1", "template", "--provider aws")]
    public async Task Wrong_usage_is_a_document_where_one_is_wanted(string commandLine, string command, string said)
    {
        var (exitCode, output, error) = await Shell.RunAsync(commandLine.Split(' '));

        exitCode.ShouldBe(2);
        var document = OutputSchema.Valid(output);
        document["command"]!.GetValue<string>().ShouldBe(command);
        document["error"]!["code"]!.GetValue<string>().ShouldBe("usage");
        document["error"]!["message"]!.GetValue<string>().ShouldContain(said);
        error.ShouldStartWith("error: ");
    }

    [Fact]
    public async Task Without_a_command_it_says_what_there_is()
    {
        var (exitCode, _, error) = await Shell.RunAsync();

        exitCode.ShouldBe(2);
        error.ShouldContain("deis-proxy --help");
    }

    [Theory]
    [InlineData("setup", "core@10.0.0.1")]
    [InlineData("verify", "-oProxyCommand=x")]
    [InlineData("setup", "a b")]
    public async Task A_malformed_DEISCTL_TUNNEL_is_refused_by_its_name(string command, string tunnel)
    {
        var before = Environment.GetEnvironmentVariable("DEISCTL_TUNNEL");
        Environment.SetEnvironmentVariable("DEISCTL_TUNNEL", tunnel);
        try
        {
            await RefusesAsync([command], "DEISCTL_TUNNEL");
        }
        finally
        {
            Environment.SetEnvironmentVariable("DEISCTL_TUNNEL", before);
        }
    }

    /// <summary>What is right gets past the options, and would contact something.</summary>
    [Theory]
    [InlineData("setup")]
    [InlineData("setup --stack prod --region us-gov-west-1 --profile ci --load-balancer Web")]
    [InlineData("setup --region eusc-de-east-1")]
    [InlineData("setup --node 10.0.0.1 --node [fd00::1]:22 --jump core@bastion:2222,other --ssh-user core")]
    [InlineData("setup --etcd-endpoint http://127.0.0.1:4001 --etcd-endpoint http://127.0.0.1:2379/")]
    [InlineData("setup --router-ports 80,443,8080 --timeout 10m --idle-timeout 3600 --real-ip-cidr 10.21.0.0/16 --allow-redirect-loop -y")]
    [InlineData("setup --idle-timeout keep --real-ip-cidr keep --dry-run --detailed-exitcode --output json --no-color")]
    [InlineData("verify -s prod -o json --no-probe --junit report.xml --timeout 23h59m60s --quiet")]
    [InlineData("verify --strict --verbose")]
    public async Task What_is_right_is_accepted(string commandLine)
    {
        var (exitCode, _, error) = await Shell.RunAsync(commandLine.Split(' '));

        exitCode.ShouldBe(1, error);
        error.ShouldContain("Something was contacted.");
    }

    [Fact]
    public async Task Every_value_of_a_repeated_option_counts()
    {
        Commands.ConnectionSettings? seen = null;
        using var silent = new StringWriter();
        var host = new Commands.CommandHost(
            new Output.Terminal(TextReader.Null, silent, silent),
            (settings, _) =>
            {
                seen = settings;
                throw new DeisProxyException("seen", "Seen.", "None.");
            },
            TimeProvider.System);

        await CommandLine.RunAsync(
            [
                "verify", "--node", "a", "--node", "b:2222", "--etcd-endpoint", "http://x:1", "--etcd-endpoint", "http://y:2",
                "--router-ports", "443", "--router-ports", "80,443",
            ],
            host,
            CancellationToken.None);

        seen.ShouldNotBeNull();
        seen.Nodes.Select(n => n.ToString()).ShouldBe(["a", "b:2222"]);
        seen.EtcdEndpoints.Select(e => e.ToString()).ShouldBe(["http://x:1/", "http://y:2/"]);
        seen.Goal.RouterPorts.ShouldBe([80, 443]);
        seen.Stack.ShouldBe("deis");
        seen.Ssh.User.ShouldBe("core");
    }

    [Fact]
    public async Task A_file_below_the_home_directory_may_begin_with_a_tilde()
    {
        var (exitCode, _, error) = await Shell.RunAsync("verify", "--identity=~/no such key");

        exitCode.ShouldBe(2);
        error.ShouldContain("no such key");
    }

    // Values with a space stand alone in their row.
    private static string[] Split(string options) =>
        options.Contains('=', StringComparison.Ordinal) && !options
            .Contains(" --", StringComparison.Ordinal) ? [options] : [.. options.Split(' ').Select(word => word == "EMPTY" ? "" : word)];

    private static async Task RefusesAsync(string[] arguments, string right)
    {
        var (exitCode, output, error) = await Shell.RunAsync(arguments);

        exitCode.ShouldBe(2, $"{string.Join(' ', arguments)}: {error}");
        output.ShouldBeEmpty();
        error.ShouldStartWith("error: ");
        error.ShouldContain(right, Case.Sensitive, string.Join(' ', arguments));
        error.ShouldContain($"deis-proxy {arguments[0]} --help");
        error.ShouldNotContain("contacted");
        error.ShouldNotContain("   at ");
        error.Replace("\n", "", StringComparison.Ordinal).Any(char.IsControl).ShouldBeFalse();
    }
}
