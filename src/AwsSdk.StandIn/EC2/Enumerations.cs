using Amazon.Runtime;

namespace Amazon.EC2;

/// <summary>Values of <c>InstanceStateName</c> of the EC2 2016-11-15 API.</summary>
public class InstanceStateName : ConstantClass
{
    public static readonly InstanceStateName Pending = new("pending");

    public static readonly InstanceStateName Running = new("running");

    public static readonly InstanceStateName ShuttingDown = new("shutting-down");

    public static readonly InstanceStateName Terminated = new("terminated");

    public static readonly InstanceStateName Stopping = new("stopping");

    public static readonly InstanceStateName Stopped = new("stopped");

    public InstanceStateName(string value)
        : base(value)
    {
    }

    public static implicit operator InstanceStateName(string value) => FindValue(value);

    public static InstanceStateName FindValue(string value) => FindValue<InstanceStateName>(value);
}

/// <summary>Values of <c>SubnetState</c> of the EC2 2016-11-15 API.</summary>
public class SubnetState : ConstantClass
{
    public static readonly SubnetState Pending = new("pending");

    public static readonly SubnetState Available = new("available");

    public static readonly SubnetState Unavailable = new("unavailable");

    public static readonly SubnetState Failed = new("failed");

    public static readonly SubnetState FailedInsufficientCapacity = new("failed-insufficient-capacity");

    public SubnetState(string value)
        : base(value)
    {
    }

    public static implicit operator SubnetState(string value) => FindValue(value);

    public static SubnetState FindValue(string value) => FindValue<SubnetState>(value);
}

/// <summary>Values of <c>VpcCidrBlockStateCode</c> of the EC2 2016-11-15 API.</summary>
public class VpcCidrBlockStateCode : ConstantClass
{
    public static readonly VpcCidrBlockStateCode Associating = new("associating");

    public static readonly VpcCidrBlockStateCode Associated = new("associated");

    public static readonly VpcCidrBlockStateCode Disassociating = new("disassociating");

    public static readonly VpcCidrBlockStateCode Disassociated = new("disassociated");

    public static readonly VpcCidrBlockStateCode Failing = new("failing");

    public static readonly VpcCidrBlockStateCode Failed = new("failed");

    public VpcCidrBlockStateCode(string value)
        : base(value)
    {
    }

    public static implicit operator VpcCidrBlockStateCode(string value) => FindValue(value);

    public static VpcCidrBlockStateCode FindValue(string value) => FindValue<VpcCidrBlockStateCode>(value);
}

/// <summary>Values of <c>VpcState</c> of the EC2 2016-11-15 API.</summary>
public class VpcState : ConstantClass
{
    public static readonly VpcState Pending = new("pending");

    public static readonly VpcState Available = new("available");

    public VpcState(string value)
        : base(value)
    {
    }

    public static implicit operator VpcState(string value) => FindValue(value);

    public static VpcState FindValue(string value) => FindValue<VpcState>(value);
}
