using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>How many calls to AWS wait for each other: people wait for as many round trips.</summary>
public sealed class CallTests(PlainCluster cluster) : IClassFixture<PlainCluster>, IDisposable
{
    /// <summary>Long enough that calls which are made side by side overlap on a busy machine, too.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(400);

    public void Dispose() => cluster.Aws.Delay = TimeSpan.Zero;

    [Fact]
    public async Task On_a_v1_5_stack_setup_makes_a_chain_of_10_calls_a_second_one_of_3_and_verify_of_3()
    {
        await cluster.ResetAsync(StackTemplate.Deis15());
        cluster.Aws.Delay = Delay;

        await ExpectAsync(longest: 3, all: 9, "setup", "--dry-run");
        await ExpectAsync(longest: 10, all: 41, "setup");
        await ExpectAsync(longest: 3, all: 9, "setup");
        await ExpectAsync(longest: 3, all: 9, "verify");
    }

    private async Task ExpectAsync(int longest, int all, params string[] arguments)
    {
        cluster.Aws.Forget();
        var run = await cluster.RunAsync(arguments);
        run.ExitCode.ShouldBe(0, run.Output + run.Error);
        var chain = AwsCall.LongestChain(cluster.Aws.Calls).Select(call => call.Action).ToList();
        chain.Count.ShouldBeLessThanOrEqualTo(longest, string.Join(" → ", chain));

        // A listener is created by several calls at once, until one has come at the right moment.
        var counted = cluster.Aws.Actions.Where(action => action != "CreateLoadBalancerListeners").ToList();
        counted.Count.ShouldBe(all, string.Join(", ", counted));
    }
}
