using System.Text.RegularExpressions;

namespace DeisProxy.Tests;

/// <summary>Every variable that is read, with whatever it may hold.</summary>
public sealed partial class VariableTests
{
    /// <summary>Read by the SDK, by .NET and by ssh, not by the code here.</summary>
    private static readonly string[] OfLibraries =
    [
        "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_RETRY_MODE",
        "AWS_MAX_ATTEMPTS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_DEFAULTS_MODE", "AWS_SDK_UA_APP_ID", "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "HOME", "PATH", "TERM", "LANG",
    ];

    /// <summary>What a terminal obeys, for every variable. The environment takes no zero byte.</summary>
    private const string Terminal = "\u0001\a\e[31mred\n\u009b2J";

    /// <summary>Each variable has one of these besides: a process takes its time. The environment takes no more than 128 kB a variable.</summary>
    private static readonly string[] Values = ["", new string('x', 100_000), "-1", "gopher://127.0.0.1:1/x"];

    /// <summary>Every variable that is named in the code.</summary>
    public static TheoryData<string> Variables
    {
        get
        {
            var sources = Path.Combine(Repository.Root, "src");
            var named = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
                .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                .SelectMany(file => Name().Matches(File.ReadAllText(file))).Select(match => match.Groups["name"].Value);
            return [.. named.Concat(OfLibraries).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        }
    }

    [Theory]
    [MemberData(nameof(Variables))]
    public async Task Whatever_a_variable_holds_there_is_one_line_and_nothing_else_is_contacted(string variable)
    {
        await using var everything = new Recorder();
        using var tools = new ToolProcess();
        string[] command = variable.StartsWith("OS_", StringComparison.Ordinal) || variable.StartsWith("RACKSPACE_", StringComparison.Ordinal)
            ? ["verify", "--provider", "rackspace"]
            : variable == "DEISCTL_TUNNEL" ? ["verify", "--provider", "none"]
            : variable.StartsWith("AWS_", StringComparison.Ordinal) || variable.EndsWith("_PROXY", StringComparison.Ordinal) ? ["template"]
            : ["verify", "--provider", "none", "--node", "127.0.0.1:1"];
        await Task.WhenAll(((string[])[Terminal, Values[variable.Length % Values.Length]]).Select(async value =>
        {
            var (exitCode, output, error) = await tools.RunAsync(
                command,
                [
                    ("AWS_ENDPOINT_URL", everything.Url), ("OS_AUTH_URL", everything.Url), ("HTTPS_PROXY", everything.Url),
                    ("HTTP_PROXY", everything.Url), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1"),
                    ("AWS_MAX_ATTEMPTS", "1"), ("RACKSPACE_USERNAME", "test"), ("RACKSPACE_API_KEY", "test"), (variable, value),
                ]);
            var what = $"{variable}={(value.Length > 100 ? "xxx…" : value)}";
            exitCode.ShouldBeInRange(1, 2, $"{what}: {output}{error}");
            HostileOptionTests.ShouldBeOneLine(error, what);
        }));
    }

    [GeneratedRegex(
        "\"(?<name>(AWS|OS|RACKSPACE|DEIS|DEISCTL|SSH|XDG|NO)_[A-Z0-9_]+)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Name();
}
