using System.Globalization;
using System.Text.Json.Nodes;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>Load balancers and their parts as the service's answers show them.</summary>
internal static class CloudDocuments
{
    public static JsonObject Document(CloudBalancer balancer, bool inList)
    {
        var state = balancer.State;
        var document = new JsonObject
        {
            ["name"] = state.Name,
            ["id"] = balancer.Id,
            ["protocol"] = state.Protocol,
            ["port"] = state.Port,
            ["algorithm"] = state.Algorithm,
            ["status"] = balancer.Status,
            ["virtualIps"] = new JsonArray([.. balancer.VirtualIps.Select(JsonNode (ip) => new JsonObject
            {
                ["id"] = ip.Id, ["address"] = ip.Address, ["type"] = "PUBLIC", ["ipVersion"] = ip.IpVersion,
            })]),
            ["created"] = new JsonObject { ["time"] = balancer.Created.ToString("u", CultureInfo.InvariantCulture) },
            ["updated"] = new JsonObject { ["time"] = balancer.Updated.ToString("u", CultureInfo.InvariantCulture) },
        };
        if (inList)
        {
            document["nodeCount"] = balancer.Nodes.Count;
            return document;
        }

        document["timeout"] = state.Timeout;
        document["connectionLogging"] = new JsonObject { ["enabled"] = false };
        document["nodes"] = new JsonArray([.. balancer.Nodes.Select(JsonNode (node) => new JsonObject
        {
            ["id"] = node.Id,
            ["address"] = node.Address,
            ["port"] = node.Port,
            ["condition"] = node.Condition,
            ["status"] = balancer.IsOnline(node) ? "ONLINE" : "OFFLINE",
        })]);
        if (state.HttpsRedirect)
        {
            document["httpsRedirect"] = true;
        }

        if (state.HalfClosed)
        {
            document["halfClosed"] = true;
        }

        if (Persistence(state) is { } persistence)
        {
            document["sessionPersistence"] = persistence;
        }

        return document;
    }

    public static JsonObject? Persistence(CloudBalancerState state) => state.Persistence is { } type
        ? new JsonObject { ["persistenceType"] = type }
        : null;

    public static JsonObject ErrorPage(string content) => new() { ["errorpage"] = new JsonObject { ["content"] = content } };

    public static JsonObject Document(CloudMonitor monitor)
    {
        var document = new JsonObject
        {
            ["type"] = monitor.Type,
            ["delay"] = monitor.Delay,
            ["timeout"] = monitor.Timeout,
            ["attemptsBeforeDeactivation"] = monitor.Attempts,
        };
        foreach (var (name, value) in new[]
        {
            ("path", monitor.Path), ("statusRegex", monitor.StatusRegex), ("bodyRegex", monitor.BodyRegex), ("hostHeader", monitor.HostHeader),
        })
        {
            if (value is not null)
            {
                document[name] = value;
            }
        }

        return document;
    }
}
