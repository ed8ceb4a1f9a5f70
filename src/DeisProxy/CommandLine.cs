using System.CommandLine;
using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy;

/// <summary>The command line: what can be said, and what wrong usage is answered with.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs a command line.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, CommandHost host, CancellationToken cancellationToken)
    {
        var root = new RootCommand(
            "Makes WebSockets work through the load balancer of a Deis v1 cluster: AWS (TCP with the PROXY protocol), Rackspace (TCP_CLIENT_FIRST), "
                + "or none.")
        {
            new SetupCommand(host),
            new VerifyCommand(host),
            new TeardownCommand(host),
            new TemplateCommand(host),
            new DemoCommand(host),
            new SandboxCommand(host.Terminal),
        };
        var parsed = root.Parse(arguments);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                host.Terminal.Message(("error: ", Tone.Bad), (error.Message, Tone.Plain));
            }

            var command = parsed.CommandResult.Command is RootCommand ? "" : $" {parsed.CommandResult.Command.Name}";
            host.Terminal.Message($"  See 'deis-proxy{command} --help'.");
            return ExitCode.Usage;
        }

        // Interrupts are handled once, for the whole program: the library's own handler would end the process after two seconds.
        return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false }, cancellationToken);
    }
}
