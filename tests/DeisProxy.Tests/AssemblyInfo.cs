// Most of the time tests wait: for routers, for the load balancer, for limits.
[assembly: CollectionBehavior(MaxParallelThreads = 8)]

namespace DeisProxy.Tests;

/// <summary>Tests that replace the console, set environment variables or measure: of these a process has one each.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
