using System.Diagnostics;

namespace DeisProxy.RealParts;

/// <summary>A real ssh-agent.</summary>
public sealed class SshAgentProcess : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private RealProcess? _process;

    /// <summary>As for SSH_AUTH_SOCK.</summary>
    public string Socket => _directory["agent"];

    public static async Task<SshAgentProcess> StartAsync()
    {
        var agent = new SshAgentProcess();
        agent._process = RealProcess.Start(RealProcess.Find("ssh-agent", "install the Debian package openssh-client"), "-D", "-a", agent.Socket);
        await agent._process.WaitUntilAsync(() => Task.FromResult(File.Exists(agent.Socket)), RealProcess.StartLimit);
        return agent;
    }

    /// <summary>Adds a key.</summary>
    /// <param name="option">Such as -c: somebody must confirm each use, and there is nobody.</param>
    public Task AddAsync(string key, string option = "-q") => TellAsync("-q", option, key);

    /// <summary>Locks it with a password, as <c>ssh-add -x</c>.</summary>
    public async Task LockAsync()
    {
        await File.WriteAllTextAsync(_directory["ask"], "#!/bin/sh\necho secret\n");
        await RealProcess.RunAsync("chmod", "700", _directory["ask"]);
        await TellAsync("-x");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _directory.Dispose();
    }

    private async Task TellAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("ssh-add", arguments) { UseShellExecute = false };
        start.Environment["SSH_AUTH_SOCK"] = Socket;
        start.Environment["SSH_ASKPASS"] = _directory["ask"];
        start.Environment["SSH_ASKPASS_REQUIRE"] = "force";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ssh-add ended with {process.ExitCode}.");
        }
    }
}
