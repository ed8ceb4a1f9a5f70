namespace DeisProxy.Sandbox.Aws;

/// <content>Listeners.</content>
internal sealed partial class ElasticLoadBalancing
{
    private const string DefaultSslPolicy = "ELBSecurityPolicy-2016-08";
    private const int ListenerLimit = 100;

    private object?[] CreateLoadBalancerListeners(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var created = ReadListeners(request, loadBalancer.Name, loadBalancer.State);
        Change(request, loadBalancer, state => state with
        {
            Listeners = state.Listeners.AddRange(created),
            Policies = created.Exists(listener => listener.PolicyNames.Count > 0) && !state.Policies.Exists(policy => policy.Name == DefaultSslPolicy)
                ? state.Policies.Add(PolicyTypes.Predefined(DefaultSslPolicy)!)
                : state.Policies,
        });
        return [];
    }

    /// <summary>The listeners of a request that are not there yet, all of them valid: one bad listener refuses the whole request.</summary>
    private List<Listener> ReadListeners(QueryRequest request, string name, LoadBalancerState state)
    {
        var members = request.Structures("Listeners");
        if (members.Count == 0)
        {
            throw request.Missing("Listeners");
        }

        var created = new List<Listener>();
        foreach (var listener in members.Select(ReadListener))
        {
            var others = state.Listeners.Concat(created).ToList();
            if (others.Find(other => other.LoadBalancerPort == listener.LoadBalancerPort) is { } taken)
            {
                if (taken.Same(listener))
                {
                    continue;
                }

                throw new QueryException(
                    "DuplicateListener",
                    $"A listener already exists for {name} with LoadBalancerPort {listener.LoadBalancerPort}, but with a different InstancePort, "
                        + "Protocol, or SSLCertificateId");
            }

            if (others.Exists(other => other.InstancePort == listener.InstancePort && other.IsInstanceSecure != listener.IsInstanceSecure))
            {
                throw InvalidConfiguration($"Listeners that share instance port {listener.InstancePort} must all be secure (HTTPS or SSL) or all be "
                    + "not secure (HTTP or TCP)");
            }

            created.Add(listener.IsSecure ? listener with { PolicyNames = [DefaultSslPolicy] } : listener);
        }

        return state.Listeners.Count + created.Count <= ListenerLimit
            ? created
            : throw InvalidConfiguration($"The maximum number of listeners, {ListenerLimit}, is exceeded");
    }

    private Listener ReadListener(QueryRequest member)
    {
        var protocol = member.Required("Protocol").ToUpperInvariant();
        var loadBalancerPort = member.RequiredInt("LoadBalancerPort", 1, 65535);
        var instancePort = member.RequiredInt("InstancePort", 1, 65535);
        // Left out, it is the plain protocol of the same layer.
        var instanceProtocol = member.Optional("InstanceProtocol")?.ToUpperInvariant() ?? (protocol is "HTTP" or "HTTPS" ? "HTTP" : "TCP");
        var certificate = member.Optional("SSLCertificateId");
        foreach (var name in (string[])[protocol, instanceProtocol])
        {
            if (name is not ("HTTP" or "HTTPS" or "TCP" or "SSL"))
            {
                throw new QueryException(
                    "UnsupportedProtocol", $"Protocol '{name}' is not supported. Supported protocols are HTTP, HTTPS, TCP and SSL");
            }
        }

        var listener = new Listener(protocol, loadBalancerPort, instanceProtocol, instancePort, certificate is "" ? null : certificate);
        if (listener.TerminatesHttp != instanceProtocol is "HTTP" or "HTTPS")
        {
            throw InvalidConfiguration($"Protocol {protocol} and instance protocol {instanceProtocol} must be at the same Internet protocol layer");
        }

        if (!listener.IsSecure)
        {
            return listener with { CertificateId = null };
        }

        if (listener.CertificateId is null)
        {
            throw new QueryException("ValidationError", "Secure Listeners need to specify a SSLCertificateId");
        }

        RequireCertificate(listener.CertificateId);
        return listener;
    }

    private void RequireCertificate(string id)
    {
        if (!_cloud.Options.Certificates.Contains(id, StringComparer.Ordinal))
        {
            throw new QueryException("CertificateNotFound", $"Server Certificate not found for the key: {id}");
        }
    }

    private object?[] DeleteLoadBalancerListeners(QueryRequest request)
    {
        var loadBalancer = Find(request);
        if (!request.Has("LoadBalancerPorts"))
        {
            throw request.Missing("LoadBalancerPorts");
        }

        var ports = Enumerable.Range(1, request.List("LoadBalancerPorts").Count)
            .Select(number => request.RequiredInt($"LoadBalancerPorts.member.{number}", 1, 65535))
            .ToList();
        // A port without a listener is no error: the model declares none. Backend policies stay behind.
        Change(
            request,
            loadBalancer,
            state => state with { Listeners = state.Listeners.RemoveAll(listener => ports.Contains(listener.LoadBalancerPort)) });
        return [];
    }

    private object?[] SetLoadBalancerListenerSslCertificate(QueryRequest request)
    {
        var loadBalancer = Find(request);
        var listener = FindListener(request, loadBalancer);
        var certificate = request.Required("SSLCertificateId");
        RequireCertificate(certificate);
        if (!listener.IsSecure)
        {
            throw InvalidConfiguration(
                $"The listener on port {listener.LoadBalancerPort} uses {listener.Protocol}: only HTTPS and SSL listeners have a certificate");
        }

        Change(
            request,
            loadBalancer,
            state => state with { Listeners = state.Listeners.Replace(listener, listener with { CertificateId = certificate }) });
        return [];
    }

    private static Listener FindListener(QueryRequest request, LoadBalancer loadBalancer)
    {
        var port = request.RequiredInt("LoadBalancerPort", 1, 65535);
        return loadBalancer.State.Listeners.Find(listener => listener.LoadBalancerPort == port)
            ?? throw new QueryException("ListenerNotFound", $"There is no listener with port {port} for load balancer {loadBalancer.Name}");
    }
}
