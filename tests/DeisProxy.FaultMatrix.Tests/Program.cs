using DeisProxy;
using DeisProxy.Commands;
using DeisProxy.FaultMatrix.Tests;
using DeisProxy.Output;

// The program itself, but for its way into the nodes: it leads to the sandbox in the process that started this one.
var interrupt = Interrupts.Listen();
var session = SandboxWay.FromEnvironment();
return await CommandLine.RunAsync(
    args, new CommandHost(Terminal.OfProcess(), session.OpenAsync, TimeProvider.System) { RollbackLimit = SandboxWay.RollbackLimit }, interrupt);
