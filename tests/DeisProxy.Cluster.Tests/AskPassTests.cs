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
}
