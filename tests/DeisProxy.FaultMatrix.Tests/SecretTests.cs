using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;
using DeisProxy.Sandbox;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>Secrets are in no output, whatever form it has and whatever fails; what the fault matrix itself does not print is here.</summary>
public sealed class SecretTests(MatrixOutput output) : IClassFixture<MatrixOutput>
{
    /// <summary>A call is answered, for good, with an error that repeats the request with its credentials.</summary>
    [Theory]
    [InlineData("aws")]
    [InlineData("rackspace")]
    public async Task No_report_has_a_secret(string provider)
    {
        var cases = new List<(string Command, RemoteCall Call, string Format)>();
        var struck = 0;
        foreach (var command in (string[])["setup", "teardown"])
        {
            var calls = (await Verdict.CallsOfAsync(command, provider)).Select(c => c.Call).Where(call => call.Service is not ("etcd" or "ssh"));
            cases.AddRange(calls.SelectMany(call => call.IsMutating ? [command] : (string[])[command, "verify"], (call, run) => (run, Call: call))
                .SelectMany(_ => (string[])["text", "json"], (c, format) => (c.run, c.Call, format)));
        }

        var all = cases.DistinctBy(c => (c.Command, c.Call.Service, c.Call.Operation, c.Format));
        var sample = Matrix.Sample(all, size: 6, c => $"{c.Command} {c.Format}");
        await Matrix.MeasureAsync(output, $"{provider}, secrets", sample, async c =>
        {
            await using var sandbox = await Verdict.ReadyForAsync(c.Command, provider);
            sandbox.Sandbox.Faults.Add(
                new FaultRule(FaultKind.ServiceError)
                {
                    Service = c.Call.Service,
                    Operation = c.Call.Operation,
                    Error = Secrets.Echo(c.Call.Service),
                });
            using var directory = new TemporaryDirectory();
            var file = directory["report.xml"];
            string[] report = c.Command == "verify" ? ["--no-probe", "--junit", file] : [];
            var run = await sandbox.RunAsync([c.Command, "--output", c.Format, .. report]);
            var text = $"{run.Text}{(report.Length == 0 ? "" : await File.ReadAllTextAsync(file))}{sandbox.Kept()}";
            Interlocked.Add(ref struck, sandbox.IsStruck ? 1 : 0);
            return new Outcome([.. Verdict.Leaks(text, $"{c.Command} with {c.Call.Operation} refused, {c.Format}")], sandbox.IsStruck, Held: null);
        });
        struck.ShouldBeGreaterThan(0);
    }

    /// <summary>nginx writes the headers of a request below what it says of it, and an access log may have them in the line.</summary>
    [Theory]
    [InlineData("[INFO] - [25/Nov/2026:10:00:00 +0000] - 198.51.100.7 - - - 200 - \"GET /?TOKEN HTTP/1.1\" - 1 - \"-\" - \"SESSION\"")]
    [InlineData(
        "2026/11/25 10:00:00 [error] 12#0: *5 broken header: \"GET /?TOKEN HTTP/1.1\nCookie: SESSION\nTOKEN\" while reading PROXY protocol")]
    [InlineData("Cookie: SESSION TOKEN")]
    public async Task A_visitors_session_in_the_routers_logs_stays_there(string log)
    {
        await using var sandbox = await Verdict.ReadyForAsync("teardown");
        var wasRead = false;
        sandbox.Sandbox.NodeCommands.Add((_, arguments, _) =>
        {
            if (arguments is not ["sh", "-c", var script, "sh", var token] || !script.Contains("logs", StringComparison.Ordinal))
            {
                return Task.FromResult<CommandResult?>(null);
            }

            wasRead = true;
            var line = log.Replace("TOKEN", token, StringComparison.Ordinal).Replace("SESSION", Secrets.Session, StringComparison.Ordinal);
            return Task.FromResult<CommandResult?>(new CommandResult(0, $"found\n{line}\n", $"Cookie: {Secrets.Session}"));
        });
        var application = $"127.0.0.1:{sandbox.Sandbox.FindLoadBalancer().DataPlanePort(80)}/";
        using var directory = new TemporaryDirectory();

        // JSON has everything that text has.
        var run = await sandbox.RunAsync(
        [
            "verify", "--output", "json", "--junit", directory["report.xml"], "--url", $"http://{application}", "--echo-url", $"http://{application}",
            "--websocket-url", $"ws://{application}", "--expect-ip", sandbox.Sandbox.Options.ClientAddress!,
        ]);
        run.Text.ShouldContain("client-address");
        wasRead.ShouldBeTrue();
        Verdict.Leaks(run.Text + await File.ReadAllTextAsync(directory["report.xml"]), log).ShouldBeEmpty();
    }

    /// <summary>The passphrase, right and wrong, and the keys of AWS, with the program as it is delivered.</summary>
    [Theory]
    [InlineData(Secrets.Passphrase, "json", 0)]
    [InlineData("another one", "text", 1)]
    public async Task A_passphrase_and_credentials_of_the_environment_stay_there(string passphrase, string format, int exitCode)
    {
        await using var node = await SshServer.StartAsync();
        await RealProcess.RunAsync("ssh-keygen", "-p", "-q", "-P", "", "-N", passphrase, "-f", node.IdentityFile);
        await using var sandbox = await Verdict.ReadyForAsync("setup");
        using var process = sandbox.StartProcess("setup", node, "--dry-run", "--output", format);
        var said = Task.WhenAll(process.StandardError.ReadToEndAsync(), process.StandardOutput.ReadToEndAsync());
        using var limit = new CancellationTokenSource(ToolProcess.Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        finally
        {
            ToolProcess.End(process);
        }

        var text = string.Join('\n', await said);
        process.ExitCode.ShouldBe(exitCode, text);
        Verdict.Leaks(text + sandbox.Kept(), format).ShouldBeEmpty();
    }
}
