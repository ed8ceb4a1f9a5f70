using DeisProxy.Commands;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>Runs a command line in this process, where contacting anything is an error of its own.</summary>
internal static class Shell
{
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();

        // Help and version are written by the library, to the console.
        var console = Console.Out;
        Console.SetOut(output);
        try
        {
            var host = new CommandHost(
                new Terminal(TextReader.Null, output, error),
                (_, _) => throw new InvalidOperationException("Something was contacted."),
                TimeProvider.System);
            var exitCode = await CommandLine.RunAsync(arguments, host, CancellationToken.None);
            return (exitCode, output.ToString(), error.ToString());
        }
        finally
        {
            Console.SetOut(console);
        }
    }
}
