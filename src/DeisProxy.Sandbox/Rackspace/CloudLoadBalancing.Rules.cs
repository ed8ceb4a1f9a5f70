using System.Text.Json.Nodes;

namespace DeisProxy.Sandbox.Rackspace;

/// <summary>What the service allows, in the order in which it checks (lbrackspace/atlas-lb, LoadBalancerServiceImpl.prepareForUpdate).</summary>
internal sealed partial class CloudLoadBalancing
{
    private const int NodeLimit = 25;
    private const int LargestErrorPage = 65_536;

    private static readonly string[] Protocols =
    [
        "DNS_TCP", "DNS_UDP", "FTP", "HTTP", "HTTPS", "IMAPS", "IMAPv2", "IMAPv3", "IMAPv4", "LDAP", "LDAPS", "MYSQL", "POP3", "POP3S", "SFTP",
        "SMTP",
        "TCP", "TCP_CLIENT_FIRST", "TCP_STREAM", "UDP", "UDP_STREAM",
    ];

    private static readonly string[] Updatable = ["name", "algorithm", "protocol", "port", "timeout", "halfClosed", "httpsRedirect"];

    /// <summary>Protocols whose virtual IP addresses are checked for siblings.</summary>
    private static readonly string[] CheckedForSiblings = ["TCP", "TCP_CLIENT_FIRST", "DNS_TCP", "DNS_UDP", "UDP", "UDP_STREAM"];

    private static readonly string[] UdpProtocols = ["DNS_UDP", "UDP", "UDP_STREAM"];

    private CloudBalancerState Update(CloudBalancer balancer, JsonObject body)
    {
        var state = balancer.State;
        if (body.Count == 0 || body.Any(field => !Updatable.Contains(field.Key, StringComparer.Ordinal)))
        {
            throw new CloudFault(400, "Only name, algorithm, protocol, port, timeout, halfClosed and httpsRedirect can be updated.");
        }

        var protocol = Text(body, "protocol") ?? state.Protocol;
        var port = Optional<int>(body, "port");
        var redirect = Optional<bool>(body, "httpsRedirect");
        var changesProtocol = protocol != state.Protocol;
        if (!Protocols.Contains(protocol, StringComparer.Ordinal))
        {
            throw new CloudFault(400, "Load balancer protocol is invalid. Please specify a valid protocol.");
        }

        if (Optional<int>(body, "timeout") is < 30 or > 120)
        {
            throw new CloudFault(400, "Timeout must be between 30 and 120 seconds.");
        }

        if (state.Ssl is not null && changesProtocol)
        {
            throw new CloudFault(400, "Cannot update protocol on a load balancer with ssl termination.");
        }

        if (state is { Ssl: not null, HttpsRedirect: true } && port is not null and not 80)
        {
            throw new CloudFault(400, "Cannot change port on load balancers with HTTPS Redirect enabled.");
        }

        if ((redirect ?? state.HttpsRedirect) && !(protocol == "HTTPS" || (protocol == "HTTP" && state.Ssl is not null)))
        {
            throw new CloudFault(400, "HTTPS Redirect is only available for HTTPS, or HTTP with ssl termination.");
        }

        EnsureMutable(balancer);
        if (port is not null && port != state.Port && Siblings(balancer, balancer.VirtualIps).Any(sibling => sibling.State.Port == port))
        {
            throw new CloudFault(400, "Port currently assigned to another load balancer with this virtual ip. Please try another port.");
        }

        if (changesProtocol && CheckedForSiblings.Contains(protocol, StringComparer.Ordinal) && port is null)
        {
            throw new CloudFault(400, "Must provide port for TCP and UDP protocols.");
        }

        if ((Optional<bool>(body, "halfClosed") ?? state.HalfClosed) && protocol is not ("TCP" or "TCP_CLIENT_FIRST"))
        {
            throw new CloudFault(400, "Half closed is only available for TCP and TCP_CLIENT_FIRST protocols.");
        }

        if (changesProtocol && CheckedForSiblings.Contains(protocol, StringComparer.Ordinal) && _options.RefusesSharedVirtualIp
            && !MayShare(balancer))
        {
            throw new CloudFault(400, "Protocol is not valid. Please verify shared virtual ips and the ports being shared.");
        }

        if (state.Monitor is { Type: "HTTP" or "HTTPS" } monitor && monitor.Type != protocol)
        {
            throw new CloudFault(400, "Cannot update port as the loadbalancer has a incompatible Health Monitor type");
        }

        var changed = state with
        {
            Name = Text(body, "name") ?? state.Name,
            Algorithm = Text(body, "algorithm") ?? state.Algorithm,
            Protocol = protocol,
            Port = port ?? state.Port,
            Timeout = Optional<int>(body, "timeout") ?? state.Timeout,
            HalfClosed = Optional<bool>(body, "halfClosed") ?? state.HalfClosed,
            HttpsRedirect = redirect ?? state.HttpsRedirect,
        };
        return !changesProtocol ? changed : changed with
        {
            // None of this is in the answer: who wants to know has to read again.
            Caching = protocol == "HTTP" && state.Caching,
            ErrorPage = protocol == "HTTP" ? state.ErrorPage : null,
            Persistence = !_options.DropsPersistence && state.Persistence == (protocol == "HTTP" ? "HTTP_COOKIE" : "SOURCE_IP")
                ? state.Persistence
                : null,
        };
    }

    /// <summary>The service looks at one virtual IP address after the other, IPv6 last, and the last one decides.</summary>
    private bool MayShare(CloudBalancer balancer)
    {
        var may = true;
        foreach (var address in balancer.VirtualIps.OrderBy(ip => ip.IpVersion, StringComparer.Ordinal))
        {
            may = Siblings(balancer, [address]).All(sibling => UdpProtocols.Contains(sibling.State.Protocol, StringComparer.Ordinal));
        }

        return may;
    }

    private IEnumerable<CloudBalancer> Siblings(CloudBalancer? balancer, IReadOnlyList<CloudVirtualIp> addresses) => _balancers.Values
        .Where(other => other != balancer && !other.IsDeleted && other.VirtualIps.Any(ip => addresses.Any(address => address.Id == ip.Id)));

    private static string ReadPersistence(CloudBalancerState state, JsonObject body) => (Text(body, "persistenceType"), state.Protocol) switch
    {
        ("HTTP_COOKIE", "HTTP") or ("SSL_ID", "HTTPS") => Text(body, "persistenceType")!,
        ("SOURCE_IP", not "HTTP") => "SOURCE_IP",
        ("HTTP_COOKIE", _) => throw new CloudFault(400, "HTTP_COOKIE session persistence is only valid with HTTP protocol."),
        ("SOURCE_IP", _) => throw new CloudFault(400, "SOURCE_IP session persistence is only valid with non-HTTP protocols."),
        ("SSL_ID", _) => throw new CloudFault(400, "SSL_ID session persistence is only valid with HTTPS protocol."),
        _ => throw new CloudFault(400, "Must provide a valid persistence type."),
    };

    private static CloudMonitor ReadMonitor(CloudBalancer balancer, JsonObject body)
    {
        var type = Text(body, "type") ?? balancer.State.Monitor?.Type ?? throw new CloudFault(400, "Must provide a health monitor type.");
        var monitor = new CloudMonitor(
            type,
            Required<int>(body, "delay"),
            Required<int>(body, "timeout"),
            Required<int>(body, "attemptsBeforeDeactivation"))
        {
            Path = Text(body, "path"),
            StatusRegex = Text(body, "statusRegex"),
            BodyRegex = Text(body, "bodyRegex"),
            HostHeader = Text(body, "hostHeader"),
        };
        if (monitor.Delay is < 1 or > 3600 || monitor.Timeout is < 1 or > 300 || monitor.Attempts is < 1 or > 10)
        {
            throw new CloudFault(400, "Health monitor delay, timeout or attemptsBeforeDeactivation is out of range.");
        }

        switch (type)
        {
            case "CONNECT" when monitor is { Path: null, StatusRegex: null, BodyRegex: null, HostHeader: null }:
                return monitor;
            case "CONNECT":
                throw new CloudFault(400, "Connect monitors cannot have a path, statusRegex, bodyRegex or hostHeader.");
            case "HTTP" or "HTTPS" when !(monitor.Path?.StartsWith('/') ?? false) || monitor.StatusRegex is null:
                throw new CloudFault(400, $"Must provide a path and a statusRegex for {type} monitors.");
            case "HTTP" or "HTTPS" when balancer.State.Protocol != type:
                throw new CloudFault(400, $"Health monitor type {type} is only valid with protocol {type}.");
            case "HTTP" or "HTTPS":
                return monitor;
            default:
                throw new CloudFault(400, "Health monitor type is invalid.");
        }
    }

    private static string ReadErrorPage(JsonObject body) => Text(body, "content") is { Length: > 0 and <= LargestErrorPage } content
        ? content
        : throw new CloudFault(400, $"Must provide content of at most {LargestErrorPage} characters.");

    private JsonObject Create(JsonObject body)
    {
        if (_balancers.Values.Count(other => !other.IsDeleted) >= _options.LoadBalancerLimit)
        {
            throw new CloudFault(413, $"Load balancer limit reached. You are allowed {_options.LoadBalancerLimit} load balancers.");
        }

        var nodes = (body["nodes"] as JsonArray ?? []).OfType<JsonObject>()
            .Select((node, i) => new CloudNode(
                (++_lastId * 100) + i,
                Text(node, "address") ?? throw new CloudFault(400, "Must provide a valid ip for the node."),
                Required<int>(node, "port"),
                Text(node, "condition") ?? "ENABLED"))
            .ToList();
        if (nodes.Count > NodeLimit)
        {
            throw new CloudFault(413, $"Nodes must not exceed {NodeLimit} per load balancer.");
        }

        var state = new CloudBalancerState
        {
            Name = Text(body, "name") ?? throw new CloudFault(400, "Must provide a name for the load balancer."),
            Protocol = Text(body, "protocol") ?? "HTTP",
            Port = Required<int>(body, "port"),
            Timeout = Optional<int>(body, "timeout") ?? 30,
        };
        var known = _balancers.Values.SelectMany(balancer => balancer.VirtualIps).ToList();
        var addresses = (body["virtualIps"] as JsonArray ?? []).OfType<JsonObject>()
            .Select(ip => known.Find(address => address.Id == Optional<long>(ip, "id"))
                ?? throw new CloudFault(400, "Shared virtual ip could not be found. Please provide a valid shared virtual ip id."))
            .ToList();
        if (addresses.Count == 0)
        {
            throw new CloudFault(400, "Must provide at least one virtual ip.");
        }

        if (Siblings(balancer: null, addresses).Any(sibling => sibling.State.Port == state.Port))
        {
            throw new CloudFault(400, "Port currently assigned to another load balancer with this virtual ip. Please try another port.");
        }

        var time = Draw(_options.ChangeTime);
        var created = new CloudBalancer(_context, ++_lastId, state, addresses, nodes);
        if (body["healthMonitor"] is JsonObject monitor)
        {
            created.Change(state with { Monitor = ReadMonitor(created, monitor) }, TimeSpan.Zero, TimeSpan.Zero);
        }

        created.Build(time);
        _balancers[created.Id] = created;
        return new JsonObject { ["loadBalancer"] = CloudDocuments.Document(created, inList: false) };
    }
}
