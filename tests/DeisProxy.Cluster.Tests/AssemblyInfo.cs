// Most of the time tests wait: for time limits, and for servers that hang.
[assembly: CollectionBehavior(MaxParallelThreads = 6)]
