using System.Runtime.InteropServices;

namespace DeisProxy;

/// <summary>Turns the signals that ask a process to end into a cancellation, so that it ends at a safe point and not at once.</summary>
/// <remarks>For as long as the process lives: a signal that comes when everything is done must not change what the exit code says of it.</remarks>
internal static class Interrupts
{
    private static readonly CancellationTokenSource Source = new();
    private static readonly List<PosixSignalRegistration> Registrations = [];

    /// <summary>Begins to listen.</summary>
    public static CancellationToken Listen()
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            Registrations.Add(PosixSignalRegistration.Create(signal, Interrupt));
        }

        return Source.Token;
    }

    private static void Interrupt(PosixSignalContext context)
    {
        context.Cancel = true;
        Source.Cancel();
    }
}
