using Amazon.Runtime;

namespace Amazon.CloudFormation;

/// <summary>Values of <c>ResourceStatus</c> of the CloudFormation 2010-05-15 API.</summary>
public class ResourceStatus : ConstantClass
{
    public static readonly ResourceStatus CREATE_IN_PROGRESS = new("CREATE_IN_PROGRESS");

    public static readonly ResourceStatus CREATE_FAILED = new("CREATE_FAILED");

    public static readonly ResourceStatus CREATE_COMPLETE = new("CREATE_COMPLETE");

    public static readonly ResourceStatus DELETE_IN_PROGRESS = new("DELETE_IN_PROGRESS");

    public static readonly ResourceStatus DELETE_FAILED = new("DELETE_FAILED");

    public static readonly ResourceStatus DELETE_COMPLETE = new("DELETE_COMPLETE");

    public static readonly ResourceStatus DELETE_SKIPPED = new("DELETE_SKIPPED");

    public static readonly ResourceStatus UPDATE_IN_PROGRESS = new("UPDATE_IN_PROGRESS");

    public static readonly ResourceStatus UPDATE_FAILED = new("UPDATE_FAILED");

    public static readonly ResourceStatus UPDATE_COMPLETE = new("UPDATE_COMPLETE");

    public static readonly ResourceStatus IMPORT_FAILED = new("IMPORT_FAILED");

    public static readonly ResourceStatus IMPORT_COMPLETE = new("IMPORT_COMPLETE");

    public static readonly ResourceStatus IMPORT_IN_PROGRESS = new("IMPORT_IN_PROGRESS");

    public static readonly ResourceStatus IMPORT_ROLLBACK_IN_PROGRESS = new("IMPORT_ROLLBACK_IN_PROGRESS");

    public static readonly ResourceStatus IMPORT_ROLLBACK_FAILED = new("IMPORT_ROLLBACK_FAILED");

    public static readonly ResourceStatus IMPORT_ROLLBACK_COMPLETE = new("IMPORT_ROLLBACK_COMPLETE");

    public static readonly ResourceStatus UPDATE_ROLLBACK_IN_PROGRESS = new("UPDATE_ROLLBACK_IN_PROGRESS");

    public static readonly ResourceStatus UPDATE_ROLLBACK_COMPLETE = new("UPDATE_ROLLBACK_COMPLETE");

    public static readonly ResourceStatus UPDATE_ROLLBACK_FAILED = new("UPDATE_ROLLBACK_FAILED");

    public static readonly ResourceStatus ROLLBACK_IN_PROGRESS = new("ROLLBACK_IN_PROGRESS");

    public static readonly ResourceStatus ROLLBACK_COMPLETE = new("ROLLBACK_COMPLETE");

    public static readonly ResourceStatus ROLLBACK_FAILED = new("ROLLBACK_FAILED");

    public ResourceStatus(string value)
        : base(value)
    {
    }

    public static implicit operator ResourceStatus(string value) => FindValue(value);

    public static ResourceStatus FindValue(string value) => FindValue<ResourceStatus>(value);
}

/// <summary>Values of <c>StackStatus</c> of the CloudFormation 2010-05-15 API.</summary>
public class StackStatus : ConstantClass
{
    public static readonly StackStatus CREATE_IN_PROGRESS = new("CREATE_IN_PROGRESS");

    public static readonly StackStatus CREATE_FAILED = new("CREATE_FAILED");

    public static readonly StackStatus CREATE_COMPLETE = new("CREATE_COMPLETE");

    public static readonly StackStatus ROLLBACK_IN_PROGRESS = new("ROLLBACK_IN_PROGRESS");

    public static readonly StackStatus ROLLBACK_FAILED = new("ROLLBACK_FAILED");

    public static readonly StackStatus ROLLBACK_COMPLETE = new("ROLLBACK_COMPLETE");

    public static readonly StackStatus DELETE_IN_PROGRESS = new("DELETE_IN_PROGRESS");

    public static readonly StackStatus DELETE_FAILED = new("DELETE_FAILED");

    public static readonly StackStatus DELETE_COMPLETE = new("DELETE_COMPLETE");

    public static readonly StackStatus UPDATE_IN_PROGRESS = new("UPDATE_IN_PROGRESS");

    public static readonly StackStatus UPDATE_COMPLETE_CLEANUP_IN_PROGRESS = new("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");

    public static readonly StackStatus UPDATE_COMPLETE = new("UPDATE_COMPLETE");

    public static readonly StackStatus UPDATE_FAILED = new("UPDATE_FAILED");

    public static readonly StackStatus UPDATE_ROLLBACK_IN_PROGRESS = new("UPDATE_ROLLBACK_IN_PROGRESS");

    public static readonly StackStatus UPDATE_ROLLBACK_FAILED = new("UPDATE_ROLLBACK_FAILED");

    public static readonly StackStatus UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS = new("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");

    public static readonly StackStatus UPDATE_ROLLBACK_COMPLETE = new("UPDATE_ROLLBACK_COMPLETE");

    public static readonly StackStatus REVIEW_IN_PROGRESS = new("REVIEW_IN_PROGRESS");

    public static readonly StackStatus IMPORT_IN_PROGRESS = new("IMPORT_IN_PROGRESS");

    public static readonly StackStatus IMPORT_COMPLETE = new("IMPORT_COMPLETE");

    public static readonly StackStatus IMPORT_ROLLBACK_IN_PROGRESS = new("IMPORT_ROLLBACK_IN_PROGRESS");

    public static readonly StackStatus IMPORT_ROLLBACK_FAILED = new("IMPORT_ROLLBACK_FAILED");

    public static readonly StackStatus IMPORT_ROLLBACK_COMPLETE = new("IMPORT_ROLLBACK_COMPLETE");

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

    public static readonly TemplateStage Processed = new("Processed");

    public TemplateStage(string value)
        : base(value)
    {
    }

    public static implicit operator TemplateStage(string value) => FindValue(value);

    public static TemplateStage FindValue(string value) => FindValue<TemplateStage>(value);
}
