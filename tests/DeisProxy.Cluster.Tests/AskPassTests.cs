using System.Diagnostics;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>The program that tells ssh a passphrase.</summary>
public sealed class AskPassTests
{
    [Theory]
    [InlineData("Enter passphrase for key '/home/me/.ssh/id_rsa': ", "it's $a \"secret\"\n", 0)]
    [InlineData("Enter PIN for ECDSA-SK key /home/me/.ssh/id_ecdsa_sk: ", "", 1)]
    [InlineData("core@node's password: ", "", 1)]
    public async Task Answers_the_question_for_a_passphrase_and_no_other(string question, string answer, int exitCode)
    {
        string program;
        using (var askPass = new AskPass())
        {
            program = askPass.Program;
            (await File.ReadAllTextAsync(program)).ShouldNotContain("secret");
            (await RealProcess.RunAsync("stat", "-c", "%a", Path.GetDirectoryName(program)!)).ShouldBe("700\n");
            var start = new ProcessStartInfo(program, [question]) { RedirectStandardOutput = true, UseShellExecute = false };
            start.Environment[KeyRing.PassphraseVariable] = "it's $a \"secret\"";
            using var process = Process.Start(start)!;
            (await process.StandardOutput.ReadToEndAsync(SshServers.Limit)).ShouldBe(answer);
            await process.WaitForExitAsync(SshServers.Limit);
            process.ExitCode.ShouldBe(exitCode);
        }

        Directory.Exists(Path.GetDirectoryName(program)).ShouldBeFalse();
    }

    /// <summary>Before 8.5 a server could ask in the same words.</summary>
    [Theory]
    [InlineData("7.4p1", 1)]
    [InlineData("8.4p1", 1)]
    [InlineData("8.5p1", 0)]
    [InlineData("9.9p2", 0)]
    [InlineData("10.0p2", 0)]
    public async Task An_ssh_that_does_not_tell_who_asks_gets_no_answer(string version, int exitCode)
    {
        using var programs = new TemporaryDirectory();
        programs.WriteScript("ssh", $"echo 'OpenSSH_{version} Debian-1, OpenSSL 3.0' >&2");
        using var askPass = new AskPass();
        var start = new ProcessStartInfo(askPass.Program, ["Enter passphrase for key '/home/me/.ssh/id_rsa': "])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["PATH"] = $"{programs.Path}:/usr/bin:/bin";
        start.Environment[KeyRing.PassphraseVariable] = "secret";

        using var process = Process.Start(start)!;

        (await process.StandardOutput.ReadToEndAsync(SshServers.Limit)).ShouldBe(exitCode == 0 ? "secret\n" : "");
        await process.WaitForExitAsync(SshServers.Limit);
        process.ExitCode.ShouldBe(exitCode);
    }
}
