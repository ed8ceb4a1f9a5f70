using DeisProxy.Core;

namespace DeisProxy.Output;

/// <summary>Errors for people: what happened, then what to do about it. A stack trace means a bug in deis-proxy.</summary>
internal static class ErrorText
{
    /// <summary>Prints an error.</summary>
    public static void Print(Terminal terminal, Exception error, bool verbose)
    {
        switch (error)
        {
            case DeisProxyException expected:
                terminal.Error(expected.Message, expected.Remedy, expected.Code);
                for (var cause = expected.InnerException; verbose && cause is not null; cause = cause.InnerException)
                {
                    // What services say on further lines may repeat a whole request, with its credentials.
                    terminal.Message($"  caused by {cause.GetType().Name}: {cause.Message.Split('\n')[0].TrimEnd()}", Tone.Dim);
                }

                break;
            case OperationCanceledException:
                terminal.Error("Interrupted.", "", "interrupted");
                break;
            default:
                terminal.Error($"This is a bug in deis-proxy: {error.Message}", "Please report it with what follows.");
                foreach (var line in error.ToString().Split('\n'))
                {
                    terminal.Message(line.TrimEnd('\r'), Tone.Dim);
                }

                break;
        }
    }
}
