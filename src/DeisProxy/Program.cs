using DeisProxy;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Output;
using DeisProxy.Traffic;

var interrupt = Interrupts.Listen();
var terminal = Terminal.OfProcess();
return await CommandLine.RunAsync(args, new CommandHost(terminal, OpenAsync, TimeProvider.System), interrupt);

Task<ClusterSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken) =>
    ClusterSession.OpenAsync(settings, EnterAsync, OpenSshNode.RunOnceAsync, BalancerTraffic.ConnectAsync, TimeProvider.System, cancellationToken);

async Task<INode> EnterAsync(IReadOnlyList<NodeAddress> nodes, SshOptions options, CancellationToken cancellationToken) =>
    await FailoverNode.EnterAsync(
        nodes,
        async (addresses, ct) =>
        {
            var (node, passedOver) = await OpenSshNode.ConnectFirstAsync(addresses, options, ct);
            foreach (var failure in passedOver)
            {
                terminal.Message(("warning: ", Tone.Warning), (failure.Message, Tone.Plain));
                terminal.Message($"  {failure.Remedy}");
            }

            return node;
        },
        cancellationToken);
