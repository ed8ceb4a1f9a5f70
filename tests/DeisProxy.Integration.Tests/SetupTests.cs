using System.Xml.Linq;

namespace DeisProxy.Integration.Tests;

/// <summary>The main job, on real parts.</summary>
public sealed class SetupTests
{
    [Fact]
    public async Task A_v1_5_stack_is_switched_and_a_second_run_changes_nothing()
    {
        await using var cluster = await RealCluster.StartAsync(StackTemplate.Deis15());
        var name = await cluster.LoadBalancerAsync();

        var before = await cluster.RunAsync("verify");
        before.ExitCode.ShouldBe(4, before.Error);

        var plan = await cluster.RunAsync("setup", "--dry-run", "--detailed-exitcode");
        plan.ExitCode.ShouldBe(5, plan.Error);
        cluster.Aws.Changes.ShouldBeEmpty();

        var first = await cluster.RunAsync("setup");
        first.ExitCode.ShouldBe(0, first.Output + first.Error);

        var balancer = await cluster.ElbAsync("DescribeLoadBalancers", ("LoadBalancerNames.member.1", name));
        Listeners(balancer).ShouldBe(["80 TCP 80 TCP", "443 TCP 443 TCP", "2222 TCP 2222 TCP"]);
        BackendPolicies(balancer).ShouldBe(["80 EnableProxyProtocol", "443 EnableProxyProtocol"]);
        new[] { "Target", "Interval", "Timeout", "UnhealthyThreshold", "HealthyThreshold" }.Select(n => Value(balancer, n)).ShouldBe(["TCP:80", "15", "5", "2", "4"]);
        Value(await cluster.ElbAsync("DescribeLoadBalancerAttributes", ("LoadBalancerName", name)), "IdleTimeout").ShouldBe("1200");
        (await cluster.Etcd.GetAsync("/deis/router/proxyProtocol")).ShouldBe("1");
        cluster.Routers.Routers.ShouldAllBe(r => r.DemandsProxy);

        cluster.Aws.Forget();
        var second = await cluster.RunAsync("setup");
        second.ExitCode.ShouldBe(0, second.Error);
        second.Output.ShouldContain("Nothing to do");
        cluster.Aws.Changes.ShouldBeEmpty();
        cluster.Aws.Actions.ShouldContain("DescribeLoadBalancers");

        var after = await cluster.RunAsync("verify");
        after.ExitCode.ShouldBe(0, after.Output + after.Error);
    }

    private static List<string> Listeners(XDocument document) =>
        [.. document.Descendants().Where(e => e.Name.LocalName == "Listener")
            .Select(l => string.Join(' ', new[] { "LoadBalancerPort", "Protocol", "InstancePort", "InstanceProtocol" }.Select(n => l.Elements().Single(e => e.Name.LocalName == n).Value)))
            .OrderBy(text => int.Parse(text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture))];

    private static List<string> BackendPolicies(XDocument document) =>
        [.. document.Descendants().Where(e => e.Name.LocalName == "InstancePort" && e.Parent!.Parent!.Name.LocalName == "BackendServerDescriptions")
            .Select(e => (Port: e.Value, Names: e.Parent!.Descendants().Where(n => n.Name.LocalName == "member").Select(n => n.Value).ToList()))
            .Where(b => b.Names.Count > 0)
            .OrderBy(b => int.Parse(b.Port, System.Globalization.CultureInfo.InvariantCulture))
            .Select(b => $"{b.Port} {string.Join(' ', b.Names)}")];

    private static string Value(XDocument document, string name) => document.Descendants().Single(e => e.Name.LocalName == name).Value;
}
