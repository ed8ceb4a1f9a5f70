using Amazon.Runtime;

namespace Amazon.ElasticLoadBalancingV2;

/// <summary>Values of <c>ProtocolEnum</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class ProtocolEnum : ConstantClass
{
    public static readonly ProtocolEnum HTTP = new("HTTP");

    public static readonly ProtocolEnum HTTPS = new("HTTPS");

    public static readonly ProtocolEnum TCP = new("TCP");

    public static readonly ProtocolEnum TLS = new("TLS");

    public static readonly ProtocolEnum UDP = new("UDP");

    public static readonly ProtocolEnum TCP_UDP = new("TCP_UDP");

    public static readonly ProtocolEnum GENEVE = new("GENEVE");

    public ProtocolEnum(string value)
        : base(value)
    {
    }

    public static implicit operator ProtocolEnum(string value) => FindValue(value);

    public static ProtocolEnum FindValue(string value) => FindValue<ProtocolEnum>(value);
}

/// <summary>Values of <c>TargetTypeEnum</c> of the Elastic Load Balancing v2 2015-12-01 API.</summary>
public class TargetTypeEnum : ConstantClass
{
    public static readonly TargetTypeEnum Instance = new("instance");

    public static readonly TargetTypeEnum Ip = new("ip");

    public static readonly TargetTypeEnum Lambda = new("lambda");

    public static readonly TargetTypeEnum Alb = new("alb");

    public TargetTypeEnum(string value)
        : base(value)
    {
    }

    public static implicit operator TargetTypeEnum(string value) => FindValue(value);

    public static TargetTypeEnum FindValue(string value) => FindValue<TargetTypeEnum>(value);
}
