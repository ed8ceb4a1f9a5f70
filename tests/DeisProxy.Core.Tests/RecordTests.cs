using System.Text.Json.Nodes;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;

namespace DeisProxy.Core.Tests;

/// <summary>
/// Records that earlier releases wrote. The data is what deis-proxy 0.1.0 (f9e4c9b) left after a setup of the sandbox's v1.5 stack.
/// </summary>
public sealed class RecordTests
{
    [Fact]
    public void A_record_of_the_first_release_tells_what_was_there_and_what_setup_made()
    {
        var record = RunRecord.Parse(Format1().ToJsonString())!;

        record.Format.ShouldBe(RunRecord.CurrentFormat);
        record.RouterPorts.ShouldBe([80, 443]);
        record.Original.LoadBalancer.ListenerOn(80)!.Protocol.ShouldBe(ListenerProtocol.Http);
        record.Original.Router.ProxyProtocol.ShouldBeNull();
        record.Made.LoadBalancer.ListenerOn(80)!.Protocol.ShouldBe(ListenerProtocol.Tcp);
        record.Made.LoadBalancer.SendsProxyLineTo(80).ShouldBeTrue();
        record.Made.Router.ProxyProtocol.ShouldBe("1");
        record.Steps.Select(s => s.Id).ShouldBe(["health-check", "policy", "listener-80", "flip"]);

        var plan = TeardownPlanner.Plan(record.Made, record.Original, record.Made, SetupGoal.Default);
        record.Made.After(plan.Steps).ShouldBe(record.Original);
        RunRecord.Parse(record.ToJson()).ShouldBe(record);
    }

    [Fact]
    public void What_the_first_release_did_to_auto_scaling_is_left_out_and_what_it_was_at_stays()
    {
        var json = Format1();
        var steps = json["steps"]!.AsArray();
        var suspend = JsonNode.Parse("""{"kind":"auto-scaling","groups":[{"group":"nodes","processes":["HealthCheck"]}],"suspend":true}""");
        steps.Insert(0, suspend);
        json["current"] = 3;
        var cutOff = steps[3]!.DeepClone().AsObject();
        cutOff.Remove("kind");
        json["cutOff"] = cutOff;

        var record = RunRecord.Parse(json.ToJsonString())!;

        record.Steps[record.Current].Id.ShouldBe("listener-80");
        record.CutOff.ShouldBe(record.Steps[record.Current]);
        Recovery.Steps(record, record.Original.With(l => l with { Listeners = [.. l.Listeners.Where(x => x.LoadBalancerPort != 80)] }), "setup")
            .ShouldHaveSingleItem().ShouldBe(new ListenerStep(From: null, record.Made.LoadBalancer.ListenerOn(80)));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"format":3,"command":"setup"}""")]
    [InlineData("[]")]
    public void What_is_no_record_is_not_taken_for_one(string text)
    {
        RunRecord? record = null;
        var error = Xunit.Record.Exception(() => record = RunRecord.Parse(text));

        record.ShouldBeNull();
        (error is null or System.Text.Json.JsonException).ShouldBeTrue(error?.ToString());
    }

    private static JsonObject Format1()
    {
        using var data = typeof(RecordTests).Assembly.GetManifestResourceStream("record-format-1.json")!;
        return JsonNode.Parse(data)!.AsObject();
    }
}
