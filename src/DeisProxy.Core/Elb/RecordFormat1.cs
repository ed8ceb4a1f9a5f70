using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Elb;

/// <summary>Brings a record that deis-proxy 0.1.0 wrote to today's format. It held setup's options instead of what setup made.</summary>
internal static class RecordFormat1
{
    /// <summary>Rewrites the record in place.</summary>
    /// <exception cref="JsonException">It is no such record.</exception>
    public static void Upgrade(JsonObject record)
    {
        if (record["original"] is not JsonObject original || record["goal"] is not JsonObject goal || record["steps"] is not JsonArray steps)
        {
            throw new JsonException("The record lacks what was there before, the options or the steps.");
        }

        record["format"] = RunRecord.CurrentFormat;
        record["original"] = Snapshot(original);
        record["routerPorts"] = goal["routerPorts"]?.DeepClone();
        if (record["cutOff"] is JsonObject cutOff)
        {
            record["cutOff"] = With("kind", "listener", cutOff);
        }

        // Auto scaling is left alone by now; a step more or less changes nothing else.
        var scaling = steps.Select((step, index) => (step, index)).Where(s => (string?)s.step?["kind"] == "auto-scaling").ToList();
        var current = (int?)record["current"] ?? 0;
        record["current"] = Math.Max(0, current - scaling.Count(s => s.index <= current));
        record["repairs"] = ((int?)record["repairs"] ?? 0) - scaling.Count(s => s.index < ((int?)record["repairs"] ?? 0));
        foreach (var (step, _) in scaling)
        {
            steps.Remove(step);
        }

        record["made"] = JsonSerializer.SerializeToNode(Made(record["original"]!, goal), RecordJson.Contract.ClusterSnapshot);
        record.Remove("goal");
    }

    private static ClusterSnapshot Made(JsonNode original, JsonObject goal)
    {
        var start = original.Deserialize(RecordJson.Contract.ClusterSnapshot) ?? throw new JsonException("The record lacks what was there before.");
        var cidr = (string?)goal["realIpCidr"]?["cidr"];
        var wanted = new SetupGoal(
            goal["routerPorts"].Deserialize(RecordJson.Contract.ValueListInt32) ?? [],
            (int?)goal["idleTimeoutSeconds"],
            cidr is null ? RealIpGoal.Auto : new RealIpGoal(cidr),
            AllowRedirectLoop: true);
        return SetupPlanner.Plan(start, wanted).Steps.Aggregate(start, (state, step) => step.ApplyTo(state));
    }

    private static JsonObject Snapshot(JsonObject old) => new()
    {
        ["balancer"] = new JsonObject
        {
            ["kind"] = "elb",
            ["stack"] = old["stack"]?.DeepClone(),
            ["loadBalancer"] = old["loadBalancer"]?.DeepClone(),
            ["networks"] = old["loadBalancerNetworks"]?.DeepClone(),
            ["surroundings"] = old["surroundings"]?.DeepClone() ?? new JsonObject(),
        },
        ["nodes"] = old["nodes"]?.DeepClone(),
        ["router"] = old["router"]?.DeepClone(),
    };

    private static JsonObject With(string name, string value, JsonObject old)
    {
        var result = new JsonObject { [name] = value };
        foreach (var (key, node) in old)
        {
            result[key] = node?.DeepClone();
        }

        return result;
    }
}
