using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary><c>LoadBalancerDescription</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class LoadBalancerDescription : IShape
{
    public string LoadBalancerName { get; set; }

    public string DNSName { get; set; }

    public List<ListenerDescription> ListenerDescriptions { get; set; }

    public List<BackendServerDescription> BackendServerDescriptions { get; set; }

    public List<string> Subnets { get; set; }

    public string VPCId { get; set; }

    public List<Instance> Instances { get; set; }

    public HealthCheck HealthCheck { get; set; }

    public List<string> SecurityGroups { get; set; }

    void IShape.Describe(Wire wire)
    {
        LoadBalancerName = wire.Text(LoadBalancerName);
        DNSName = wire.Text(DNSName);
        ListenerDescriptions = wire.List(ListenerDescriptions);
        BackendServerDescriptions = wire.List(BackendServerDescriptions);
        Subnets = wire.Texts(Subnets);
        VPCId = wire.Text(VPCId);
        Instances = wire.List(Instances);
        HealthCheck = wire.Structure(HealthCheck);
        SecurityGroups = wire.Texts(SecurityGroups);
    }
}

/// <summary><c>ListenerDescription</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class ListenerDescription : IShape
{
    public Listener Listener { get; set; }

    public List<string> PolicyNames { get; set; }

    void IShape.Describe(Wire wire)
    {
        Listener = wire.Structure(Listener);
        PolicyNames = wire.Texts(PolicyNames);
    }
}

/// <summary><c>Listener</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class Listener : IShape
{
    public string Protocol { get; set; }

    public int? LoadBalancerPort { get; set; }

    public string InstanceProtocol { get; set; }

    public int? InstancePort { get; set; }

    public string SSLCertificateId { get; set; }

    void IShape.Describe(Wire wire)
    {
        Protocol = wire.Text(Protocol);
        LoadBalancerPort = wire.Number(LoadBalancerPort);
        InstanceProtocol = wire.Text(InstanceProtocol);
        InstancePort = wire.Number(InstancePort);
        SSLCertificateId = wire.Text(SSLCertificateId);
    }
}

/// <summary><c>Instance</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class Instance : IShape
{
    public string InstanceId { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceId = wire.Text(InstanceId);
    }
}

/// <summary><c>HealthCheck</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class HealthCheck : IShape
{
    public string Target { get; set; }

    public int? Interval { get; set; }

    public int? Timeout { get; set; }

    public int? UnhealthyThreshold { get; set; }

    public int? HealthyThreshold { get; set; }

    void IShape.Describe(Wire wire)
    {
        Target = wire.Text(Target);
        Interval = wire.Number(Interval);
        Timeout = wire.Number(Timeout);
        UnhealthyThreshold = wire.Number(UnhealthyThreshold);
        HealthyThreshold = wire.Number(HealthyThreshold);
    }
}

/// <summary><c>InstanceState</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class InstanceState : IShape
{
    public string InstanceId { get; set; }

    public string State { get; set; }

    public string Description { get; set; }

    void IShape.Describe(Wire wire)
    {
        InstanceId = wire.Text(InstanceId);
        State = wire.Text(State);
        Description = wire.Text(Description);
    }
}
