using System.Diagnostics;
using DeisProxy.Cluster.Router;
using DeisProxy.RealParts;

namespace DeisProxy.Outage.Tests;

/// <summary>The program that holds connections on a node, talked to as deis-proxy does, in a network of its own.</summary>
public sealed class HoldScriptTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _id = Guid.NewGuid().ToString("N")[..8];
    private Process _network = null!;

    public async Task InitializeAsync()
    {
        MissingPartException.DemandRoot("they make a network namespace");
        _network = Start("unshare", "util-linux", "--net", "--", "sh", "-c", "echo ready; exec sleep 300");
        (await _network.StandardOutput.ReadLineAsync()).ShouldBe("ready");
    }

    public Task DisposeAsync()
    {
        _network.Kill();
        _network.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Shellcheck_finds_nothing()
    {
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["hold.sh"], Text());

        await RealProcess.RunAsync(RealProcess.Find("shellcheck", "install the Debian package shellcheck"), "--shell=sh", directory["hold.sh"]);
    }

    [Theory]
    [InlineData("dash")]
    [InlineData("busybox", "sh")]
    public async Task It_holds_what_it_is_told_to_and_leaves_nothing_behind_when_its_session_ends(params string[] shell)
    {
        using var script = StartScript(shell);
        (await RequestAsync(script, "ready")).ShouldBe("ready content");
        (await RulesAsync()).ShouldNotContain("-A PREROUTING");

        (await RequestAsync(script, "hold proxy")).ShouldBe("hold done");
        var rules = await RulesAsync();
        HoldWatch.Holds(rules).ShouldBeTrue(rules);
        rules.ShouldContain("--dport 443");

        (await RequestAsync(script, "hold both")).ShouldBe("hold done");
        (await RulesAsync()).ShouldContain("/0xfd000000 -j DROP");

        (await RequestAsync(script, "release")).ShouldBe("release done");
        HoldWatch.Holds(await RulesAsync()).ShouldBeFalse();
        (await RequestAsync(script, "hold plain")).ShouldStartWith("hold refused");
        script.StandardInput.Close();
        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task All_that_is_left_of_it_is_taken_away_when_it_is_killed()
    {
        using var script = StartScript("dash");
        await RequestAsync(script, "ready");
        (await RequestAsync(script, "hold both")).ShouldBe("hold done");

        script.Kill();

        await NothingIsLeftAsync();
    }

    [Fact]
    public async Task It_holds_nothing_any_more_when_it_has_heard_nothing_for_a_while()
    {
        using var script = StartScript("dash");
        await RequestAsync(script, "ready");
        (await RequestAsync(script, "hold both")).ShouldBe("hold done");
        (await RequestAsync(script, "stay")).ShouldBe("stay done");

        await UntilAsync(async () => !HoldWatch.Holds(await RulesAsync()));

        (await RequestAsync(script, "hold both")).ShouldStartWith("hold refused");
        (await RequestAsync(script, "stay")).ShouldStartWith("stay refused");
        await NothingIsLeftAsync();
    }

    private static string Text()
    {
        using var reader = new StreamReader(typeof(RouterNodes).Assembly.GetManifestResourceStream("hold.sh")!);
        return reader.ReadToEnd();
    }

    private static async Task<string?> RequestAsync(Process script, string request)
    {
        await script.StandardInput.WriteLineAsync(request);
        await script.StandardInput.FlushAsync();
        return await script.StandardOutput.ReadLineAsync().WaitAsync(Limit);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (var begun = Stopwatch.GetTimestamp(); !await isSo(); await Task.Delay(100))
        {
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(Limit);
        }
    }

    private static Process Start(string program, string package, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(RealProcess.Find(program, $"install the Debian package {package}"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private Process StartScript(params string[] shell) =>
        Start("nsenter", "util-linux", [$"--net=/proc/{_network.Id}/ns/net", "--", .. shell, "-c", Text(), "sh", Text(), _id, "7", "80", "443"]);

    private Task<string> RulesAsync() => RealProcess.RunAsync(
        RealProcess.Find("nsenter", "install the Debian package util-linux"),
        $"--net=/proc/{_network.Id}/ns/net", "--", RealProcess.Find("iptables-save", "install the Debian package iptables"));

    private Task NothingIsLeftAsync() => UntilAsync(async () =>
        !(await RulesAsync()).Contains(_id, StringComparison.Ordinal) && !Directory.Exists($"/run/deis-proxy.{_id}"));
}
