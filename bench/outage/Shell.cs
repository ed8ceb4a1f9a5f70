using System.Diagnostics;
using DeisProxy.RealParts;

namespace DeisProxy.Outage;

/// <summary>A look at the testbed by hand.</summary>
internal static class Shell
{
    /// <summary>Builds the testbed and runs a command on it, from the operator's machine.</summary>
    public static async Task<int> RunAsync(string line, int nodes, bool lagging, CancellationToken cancellationToken)
    {
        await using var bed = await Testbed.StartAsync(new TestbedOptions { Nodes = nodes });
        await bed.ResetAsync();
        bed.Pace = lagging ? CloudPace.Lagging : CloudPace.Immediate;
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, RedirectStandardInput = true, ArgumentList = { "-c", line } };
        foreach (var (name, value) in bed.ToolEnvironment)
        {
            start.Environment[name] = value;
        }

        start.Environment["tool"] = RunningTool.Published ?? $"dotnet {Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll")}";
        start.Environment["options"] = string.Join(' ', bed.ToolOptions);
        start.Environment["ssh"] = $"ssh -F none -i {bed.IdentityFile} -o UserKnownHostsFile={bed.KnownHostsFile} -l {bed.Nodes[0].Ssh.User}";
        start.Environment["lb"] = RecordingProxy.DnsName(bed.LoadBalancer);
        foreach (var (index, node) in bed.Nodes.Index())
        {
            start.Environment[$"n{index + 1}"] = node.OperatorAddress;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }
}
