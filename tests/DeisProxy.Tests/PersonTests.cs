using System.Diagnostics;
using DeisProxy.Output;
using DeisProxy.Sandbox;

namespace DeisProxy.Tests;

/// <summary>What a person at the terminal does while a command runs.</summary>
public sealed class PersonTests
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_update_of_the_stack_that_begins_before_the_answer_stops_the_run()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);
        using var error = new StringWriter();
        using var input = new Answer(() =>
        {
            scene.Sandbox.StackStatus = "UPDATE_IN_PROGRESS";
            return "yes";
        });

        var exitCode = await scene.RunAsync(new Terminal(input, TextWriter.Null, error) { HasPerson = true }, ["setup"], CancellationToken.None);

        exitCode.ShouldBe(ExitCode.Failed, error.ToString());
        error.ToString().ShouldContain("has changed since the plan was made");
        scene.ShouldBeUntouched();
    }

    /// <summary>The second run has seen the record of the first, which has ended by the time that it has the lock.</summary>
    [Fact]
    public async Task A_run_that_ends_meanwhile_keeps_what_teardown_goes_back_to()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);
        await scene.DoneAsync("setup", "--yes");
        var journal = $"/deis-proxy/{scene.Sandbox.FindLoadBalancer().Name}";
        var record = scene.Sandbox.EtcdValue($"{journal}/history").ShouldNotBeNull();
        scene.Sandbox.SetEtcdValue($"{journal}/run", record);
        using var output = new Watched(() => scene.Sandbox.SetEtcdValue($"{journal}/run", null));

        (await scene.RunAsync(new Terminal(TextReader.Null, output, output), ["setup"], CancellationToken.None)).ShouldBe(ExitCode.Done);

        scene.Sandbox.EtcdValue($"{journal}/run").ShouldBeNull();
        scene.Sandbox.EtcdValue($"{journal}/history").ShouldBe(record);
    }

    [Fact]
    public async Task A_no_is_an_error_for_a_program()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);
        using var output = new StringWriter();
        using var input = new Answer(() => "n");

        var exitCode = await scene.RunAsync(
            new Terminal(input, output, TextWriter.Null) { HasPerson = true }, ["setup", "--output", "json"], CancellationToken.None);

        exitCode.ShouldBe(ExitCode.Failed);
        OutputSchema.Valid(output.ToString())["error"]!["code"]!.GetValue<string>().ShouldBe("declined");
        scene.ShouldBeUntouched();
    }

    [Fact]
    public async Task What_setup_mends_is_said_once()
    {
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);

        var (_, output, _) = await scene.RunAsync(["verify"]);

        output.Split("Run deis-proxy setup").Length.ShouldBe(2, output);
        output.ShouldMatch("For listeners, backend-policies.* router-flag, routers: Run deis-proxy setup");
    }

    [Fact]
    public async Task Ctrl_C_is_answered_at_once_and_everything_is_put_back()
    {
        var slow = new LagRange(TimeSpan.FromMilliseconds(300), TimeSpan.FromMilliseconds(300));
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15 with { ApiDelay = slow });
        using var text = new StringWriter();
        var error = TextWriter.Synchronized(text);
        using var interrupt = new CancellationTokenSource();
        var run = scene.RunAsync(new Terminal(TextReader.Null, TextWriter.Null, error), ["setup"], interrupt.Token);
        for (var begun = Stopwatch.GetTimestamp(); scene.Changes.Count == 0; await Task.Delay(10))
        {
            Stopwatch.GetElapsedTime(begun).ShouldBeLessThan(StartLimit);
        }

        await Task.Run(interrupt.Cancel);

        run.IsCompleted.ShouldBeFalse();
        lock (error)
        {
            text.ToString().ShouldContain("Interrupted; putting everything back…");
        }

        (await run).ShouldBe(ExitCode.Interrupted, text.ToString());
        scene.ShouldBeAsAtFirst();
    }

    [Theory]
    [InlineData("setup", "--dry-run")]
    [InlineData("verify")]
    public async Task Text_and_json_give_the_stacks_name_where_its_id_was_given(params string[] arguments)
    {
        const string Id = "arn:aws:cloudformation:us-east-1:123456789012:stack/deis/8a3f5c10-7e0e-11e4-9a5c-500150b34c44";
        await using var scene = await Scene.StartAsync(SandboxOptions.DeisV15);

        var text = await scene.RunAsync([.. arguments, "--stack", Id]);
        var json = await scene.RunAsync([.. arguments, "--stack", Id, "--output", "json"]);

        text.Output.ShouldMatch("(?i)stack +deis[ ,]");
        OutputSchema.Valid(json.Output)["stack"]!.GetValue<string>().ShouldBe("deis");
    }
}

/// <summary>Output that is told when something is written.</summary>
internal sealed class Watched(Action written) : StringWriter
{
    public override void Write(string? value)
    {
        written();
        base.Write(value);
    }

    public override Task WriteAsync(string? value)
    {
        Write(value);
        return Task.CompletedTask;
    }
}

/// <summary>A person who answers a question.</summary>
internal sealed class Answer(Func<string> answer) : TextReader
{
    public override string ReadLine() => answer();
}
