using Amazon.Runtime;

namespace Amazon.CloudFormation;

/// <summary>Values of <c>StackStatus</c> of the CloudFormation 2010-05-15 API.</summary>
public class StackStatus : ConstantClass
{
    public static readonly StackStatus DELETE_COMPLETE = new("DELETE_COMPLETE");

    public StackStatus(string value)
        : base(value)
    {
    }

    public static implicit operator StackStatus(string value) => FindValue(value);

    public static StackStatus FindValue(string value) => FindValue<StackStatus>(value);
}

/// <summary>Values of <c>TemplateStage</c> of the CloudFormation 2010-05-15 API.</summary>
public class TemplateStage : ConstantClass
{
    public static readonly TemplateStage Original = new("Original");

    public TemplateStage(string value)
        : base(value)
    {
    }

    public static implicit operator TemplateStage(string value) => FindValue(value);

    public static TemplateStage FindValue(string value) => FindValue<TemplateStage>(value);
}
