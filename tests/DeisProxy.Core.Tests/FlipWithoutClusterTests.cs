namespace DeisProxy.Core.Tests;

/// <summary>What is done to the load balancer's end when a flip has failed and the cluster cannot be reached any more.</summary>
public sealed class FlipWithoutClusterTests
{
    /// <summary>One of the flip's limits has to run out.</summary>
    private static FastTime Fast => new(10);

    [Fact]
    public async Task Where_routers_were_never_told_the_balancer_goes_back_whatever_traffic_shows()
    {
        var world = new FlipWorld(Fast) { Lag = TimeSpan.FromHours(1) };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.MatchRoutersAsync()).ShouldBeTrue();

        world.Sent.ShouldBeEmpty();
        (await world.MatchRoutersAsync()).ShouldBeFalse("it is back");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Where_they_may_have_been_told_traffic_decides(bool back)
    {
        var world = await LostAsync(new FlipWorld(Fast), back);
        world.Served.ShouldBeFalse();

        (await world.MatchRoutersAsync()).ShouldBeTrue();

        world.Events.ShouldBe(["policies"]);
        world.Served.ShouldBeTrue();
        (await world.MatchRoutersAsync()).ShouldBeFalse("it fits now");
    }

    [Fact]
    public async Task Routers_that_follow_late_are_followed_and_what_others_put_on_the_port_stays()
    {
        var world = await LostAsync(new FlipWorld(Fast) { Others = ["Authentication"] });
        (await world.MatchRoutersAsync()).ShouldBeTrue();
        world.Sent.ShouldBe(["Authentication"]);

        await world.SetKeyAsync("1");
        (await world.MatchRoutersAsync()).ShouldBeTrue();

        world.Sent.ShouldBe(["Authentication", "EnableProxyProtocol"]);
        world.Served.ShouldBeTrue();
    }

    [Fact]
    public async Task Routers_that_come_by_themselves_are_left_alone()
    {
        var world = await LostAsync(new FlipWorld(Fast));
        var fitting = world.MatchRoutersAsync();

        await world.SetKeyAsync("1");

        (await fitting).ShouldBeFalse();
        world.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_balancer_without_instances_cuts_off_for_another_reason()
    {
        var world = await LostAsync(new FlipWorld(Fast));
        (await world.MatchRoutersAsync()).ShouldBeTrue();
        await world.SetKeyAsync("1");
        world.NobodyInService = true;

        (await world.MatchRoutersAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task Routers_that_are_not_of_one_mind_do_not_move_the_balancer()
    {
        var world = new FlipWorld(Fast) { Stuck = 1, Tick = TimeSpan.FromHours(1), AnswersVary = true };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.MatchRoutersAsync()).ShouldBeFalse();

        world.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_cannot_be_watched_does_not_move_the_balancer()
    {
        var world = new FlipWorld(Fast) { CanBeWatched = false, Stuck = 0, Tick = TimeSpan.FromHours(1) };
        await world.RunAsync().ShouldThrowAsync<DeisProxyException>();
        world.Events.Clear();

        (await world.MatchRoutersAsync()).ShouldBeFalse();

        world.Events.ShouldBeEmpty();
    }

    private static async Task<FlipWorld> LostAsync(FlipWorld world, bool back = false)
    {
        if (back)
        {
            await world.RunAsync();
        }

        world.IsLost = true;
        (await world.RunAsync(back: back).ShouldThrowAsync<DeisProxyException>()).Code.ShouldBe("etcd-unavailable");
        world.Events.Clear();
        return world;
    }
}
