using AwsSdk.StandIn;

namespace Amazon.ElasticLoadBalancing.Model;

/// <summary><c>LoadBalancerAttributes</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class LoadBalancerAttributes : IShape
{
    public CrossZoneLoadBalancing CrossZoneLoadBalancing { get; set; }

    public AccessLog AccessLog { get; set; }

    public ConnectionDraining ConnectionDraining { get; set; }

    public ConnectionSettings ConnectionSettings { get; set; }

    public List<AdditionalAttribute> AdditionalAttributes { get; set; }

    void IShape.Describe(Wire wire)
    {
        CrossZoneLoadBalancing = wire.Structure(CrossZoneLoadBalancing);
        AccessLog = wire.Structure(AccessLog);
        ConnectionDraining = wire.Structure(ConnectionDraining);
        ConnectionSettings = wire.Structure(ConnectionSettings);
        AdditionalAttributes = wire.List(AdditionalAttributes);
    }
}

/// <summary><c>CrossZoneLoadBalancing</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class CrossZoneLoadBalancing : IShape
{
    public bool? Enabled { get; set; }

    void IShape.Describe(Wire wire)
    {
        Enabled = wire.Flag(Enabled);
    }
}

/// <summary><c>AccessLog</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class AccessLog : IShape
{
    public bool? Enabled { get; set; }

    public string S3BucketName { get; set; }

    public int? EmitInterval { get; set; }

    public string S3BucketPrefix { get; set; }

    void IShape.Describe(Wire wire)
    {
        Enabled = wire.Flag(Enabled);
        S3BucketName = wire.Text(S3BucketName);
        EmitInterval = wire.Number(EmitInterval);
        S3BucketPrefix = wire.Text(S3BucketPrefix);
    }
}

/// <summary><c>ConnectionDraining</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class ConnectionDraining : IShape
{
    public bool? Enabled { get; set; }

    public int? Timeout { get; set; }

    void IShape.Describe(Wire wire)
    {
        Enabled = wire.Flag(Enabled);
        Timeout = wire.Number(Timeout);
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

/// <summary><c>AdditionalAttribute</c> of the Elastic Load Balancing 2012-06-01 API.</summary>
public class AdditionalAttribute : IShape
{
    public string Key { get; set; }

    public string Value { get; set; }

    void IShape.Describe(Wire wire)
    {
        Key = wire.Text(Key);
        Value = wire.Text(Value);
    }
}
