using System.Diagnostics;
using System.IO.Compression;
using System.Text.Json;
using DeisProxy.MissingParts;

namespace AwsSdk.StandIn.Tests;

/// <summary>AWS's own service models, from the copy that Python's botocore carries.</summary>
internal static class Botocore
{
    private const string HowToInstall = "its service models are read; install the Debian package python3-botocore";

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

        using Process python = MissingPartException.Start(start, HowToInstall);
        Task<string> errors = python.StandardError.ReadToEndAsync();
        string output = python.StandardOutput.ReadToEnd();
        python.WaitForExit(60_000).ShouldBeTrue("python3 did not end");
        string said = errors.GetAwaiter().GetResult();
        if (said.Contains("No module named 'botocore'", StringComparison.Ordinal))
        {
            throw new MissingPartException("botocore", HowToInstall);
        }

        python.ExitCode.ShouldBe(0, said);
        return output;
    }
}
