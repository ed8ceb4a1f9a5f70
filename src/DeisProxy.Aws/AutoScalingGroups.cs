using Amazon.AutoScaling.Model;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using AutoScalingGroup = DeisProxy.Core.Model.AutoScalingGroup;

namespace DeisProxy.Aws;

/// <summary>The auto scaling groups that keep the nodes, through the Auto Scaling API 2011-01-01.</summary>
public sealed class AutoScalingGroups(AwsClients clients) : IAutoScalingControl
{
    /// <summary>Names that one request takes (API <c>DescribeAutoScalingGroups</c>: 50 by default, 100 at most on a page).</summary>
    private const int Chunk = 50;

    /// <inheritdoc/>
    public async Task<ValueList<AutoScalingGroup>> ReadAsync(ValueList<string> names, CancellationToken cancellationToken)
    {
        // Without names the API would list every group of the account.
        var groups = new List<AutoScalingGroup>();
        foreach (var chunk in names.Chunk(Chunk))
        {
            var request = new DescribeAutoScalingGroupsRequest { AutoScalingGroupNames = [.. chunk] };
            var page = await AwsErrors.CallAsync("autoscaling:DescribeAutoScalingGroups", ct => clients.AutoScaling.DescribeAutoScalingGroupsAsync(request, ct), cancellationToken);
            groups.AddRange((page.AutoScalingGroups ?? []).Select(ToModel));
        }

        return groups.OrderBy(g => g.Name, StringComparer.Ordinal).ToValueList();
    }

    /// <inheritdoc/>
    public async Task SetAsync(AutoScalingProcesses processes, bool suspend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(processes);
        if (suspend)
        {
            var request = new SuspendProcessesRequest { AutoScalingGroupName = processes.Group, ScalingProcesses = [.. processes.Processes] };
            await AwsErrors.CallAsync("autoscaling:SuspendProcesses", ct => clients.AutoScaling.SuspendProcessesAsync(request, ct), cancellationToken);
        }
        else
        {
            var request = new ResumeProcessesRequest { AutoScalingGroupName = processes.Group, ScalingProcesses = [.. processes.Processes] };
            await AwsErrors.CallAsync("autoscaling:ResumeProcesses", ct => clients.AutoScaling.ResumeProcessesAsync(request, ct), cancellationToken);
        }
    }

    internal static AutoScalingGroup ToModel(Amazon.AutoScaling.Model.AutoScalingGroup group) => new(
        group.AutoScalingGroupName,
        (group.HealthCheckType ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToValueList(),
        (group.SuspendedProcesses ?? []).Select(p => p.ProcessName).Order(StringComparer.Ordinal).ToValueList());
}
