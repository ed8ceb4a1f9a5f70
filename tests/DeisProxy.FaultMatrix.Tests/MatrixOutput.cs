using Xunit.Abstractions;
using Xunit.Sdk;

namespace DeisProxy.FaultMatrix.Tests;

/// <summary>Prints while the tests run; what a test itself prints is shown after its end only.</summary>
public sealed class MatrixOutput(IMessageSink sink)
{
    public void Print(string line) => sink.OnMessage(new DiagnosticMessage(line));
}
