using DeisProxy.Aws;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core.Elb;
using DeisProxy.Rackspace;

namespace DeisProxy.Commands;

/// <summary>Which load balancer and which cluster.</summary>
internal sealed record ConnectionSettings
{
    public required string Provider { get; init; }

    /// <summary>The options that were given, names and values, to be repeated in the commands that are printed.</summary>
    public required IReadOnlyList<string> Given { get; init; }

    /// <summary>The CloudFormation stack; null for providers that have none.</summary>
    public required string? Stack { get; init; }

    public required string? LoadBalancer { get; init; }

    public required AwsAccess Aws { get; init; }

    /// <summary>The Rackspace account; null: the environment's.</summary>
    public RackspaceSettings? Rackspace { get; init; }

    /// <summary>Port of a second load balancer for WebSockets; null for none.</summary>
    public int? WebSocketPort { get; init; }

    /// <summary>Whether session persistence may go with the protocol.</summary>
    public bool DropSessionPersistence { get; init; }

    /// <summary>Nodes to enter by, in this order; empty: the load balancer's instances.</summary>
    public required IReadOnlyList<NodeAddress> Nodes { get; init; }

    public required SshOptions Ssh { get; init; }

    /// <summary>Where etcd is as seen from the node; empty: the usual places.</summary>
    public required IReadOnlyList<Uri> EtcdEndpoints { get; init; }

    /// <summary>What setup is to reach.</summary>
    public required SetupGoal Goal { get; init; }

    public required TimeSpan? Timeout { get; init; }

    /// <summary>Is told each call with its time.</summary>
    public Action<string>? Detail { get; init; }

    /// <summary>Limit of one request to etcd; null for the usual one.</summary>
    public TimeSpan? EtcdTimeout { get; init; }

    /// <summary>Folder of the journal's copy on this machine; null for the usual one.</summary>
    public string? StateFolder { get; init; }
}
