using DeisProxy;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Commands;
using DeisProxy.Core;
using DeisProxy.Output;
using DeisProxy.Traffic;

HttpClient.DefaultProxy = new NoProxyForLoopback(HttpClient.DefaultProxy);
var interrupt = Interrupts.Listen();
var terminal = Terminal.OfProcess();
var dialog = new SshDialog(
    terminal.HasPerson ? terminal.AskSecretAsync : null,
    text => terminal.Warning(text),
    terminal.Detail);
SshTransport? transport = null;
try
{
    return await CommandLine.RunAsync(args, new CommandHost(terminal, OpenAsync, TimeProvider.System), interrupt);
}
finally
{
    transport?.Dispose();
}

Task<ClusterSession> OpenAsync(ConnectionSettings settings, CancellationToken cancellationToken) => ClusterSession.OpenAsync(
    settings with { Detail = terminal.IsVerbose ? terminal.Detail : null },
    transport = new SshTransport(settings.Ssh, dialog),
    WarnOfNode,
    BalancerTraffic.ConnectAsync,
    TimeProvider.System,
    cancellationToken);

void WarnOfNode(DeisProxyException failure) => terminal.Warning(failure.Message, failure.Remedy, failure.Code);
