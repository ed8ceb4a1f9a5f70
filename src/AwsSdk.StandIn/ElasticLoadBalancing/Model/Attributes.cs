using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary><c>LoadBalancerAttributes</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class LoadBalancerAttributes : IShape
{
    public ConnectionSettings ConnectionSettings { get; set; }

    void IShape.Describe(Wire wire)
    {
        ConnectionSettings = wire.Structure(ConnectionSettings);
    }
}

/// <summary><c>ConnectionSettings</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class ConnectionSettings : IShape
{
    public int? IdleTimeout { get; set; }

    void IShape.Describe(Wire wire)
    {
        IdleTimeout = wire.Number(IdleTimeout);
    }
}
