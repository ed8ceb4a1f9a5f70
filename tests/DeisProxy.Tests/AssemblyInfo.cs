// The tests replace the console and set environment variables, of which a process has one each.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
