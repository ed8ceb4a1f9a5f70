using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace DeisProxy.MissingParts;

/// <summary>A program or a right that a test needs is not there; the same as that of the real parts, for tests that use none.</summary>
internal sealed class MissingPartException(string part, string howToGet, Exception? inner = null)
    : Exception($"The tests need {part}: {howToGet}", inner)
{
    /// <summary>Starts a program that may not be installed.</summary>
    public static Process Start(ProcessStartInfo start, string howToInstall)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new MissingPartException(start.FileName, howToInstall, missing);
        }
    }
}

/// <summary>
/// Runs tests as xunit does, but reports one that fails for a missing part as skipped, with the part's name. In CI that is a failure.
/// </summary>
public sealed class SkippingFramework(IMessageSink diagnostics) : XunitTestFramework(diagnostics)
{
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assembly, sources, diagnostics)
    {
        protected override void RunTestCases(
            IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions) =>
            base.RunTestCases(testCases, new Sink(executionMessageSink), executionOptions);
    }

    /// <summary>A fixture's failure is each of its tests', with the fixture's exception among those that led to it.</summary>
    private sealed class Sink(IMessageSink inner) : LongLivedMarshalByRefObject, IMessageSink
    {
        public bool OnMessage(IMessageSinkMessage message)
        {
            if (message is ITestFailed failed
                && Array.FindIndex(failed.ExceptionTypes, type => type?.EndsWith(".MissingPartException", StringComparison.Ordinal) == true)
                    is >= 0 and var index)
            {
                message = new TestSkipped(failed.Test, failed.Messages[index]);
            }

            return inner.OnMessage(message);
        }
    }
}
