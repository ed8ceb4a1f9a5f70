using System.ComponentModel;
using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;

namespace AwsSdk.StandIn.Tests;

/// <summary>AWS's own service models, from the copy that Python's botocore carries.</summary>
internal static class Botocore
{
    private static readonly Lazy<string> Folder = new(() => Python("import botocore, os; print(os.path.dirname(botocore.__file__))").Trim());

    public static JsonElement Model(Service service)
    {
        string name = service.ServiceId switch
        {
            "Elastic Load Balancing" => "elb",
            _ => service.SigningName,
        };
        string path = Path.Combine(Folder.Value, "data", name, service.Version, "service-2.json");
        using Stream stream = File.Exists(path) ? File.OpenRead(path) : new GZipStream(File.OpenRead(path + ".gz"), CompressionMode.Decompress);
        return JsonDocument.Parse(stream).RootElement;
    }

    public static string Python(string code, params string[] arguments)
    {
        ProcessStartInfo start = new("python3") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-c", code, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        using Process python = Start(start);
        Task<string> errors = python.StandardError.ReadToEndAsync();
        string output = python.StandardOutput.ReadToEnd();
        python.WaitForExit(60_000).ShouldBeTrue("python3 did not end");
        python.ExitCode.ShouldBe(
            0, "This test reads botocore's service models (Debian package python3-botocore): " + errors.GetAwaiter().GetResult());
        return output;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException("This test reads botocore's service models (Debian package python3-botocore).", exception);
        }
    }
}
