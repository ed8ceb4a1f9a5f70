// Each running class has a cluster of its own: moto, etcd, sshd and three nginx. Two of them fill a small machine.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
