using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Tests;

public sealed class SshArgumentsTests
{
    private const string Common =
        "-o BatchMode=yes -o StrictHostKeyChecking=yes -o UpdateHostKeys=no -o LogLevel=INFO -o ConnectTimeout=10 -o ConnectionAttempts=1 "
        + "-o ServerAliveInterval=5 -o ServerAliveCountMax=3 -o TCPKeepAlive=yes -o ForwardAgent=no -o ForwardX11=no "
        + "-o ClearAllForwardings=yes -o PermitLocalCommand=no -o RemoteCommand=none -o RequestTTY=no";

    private static readonly NodeAddress Node = NodeAddress.Parse("node:2222");

    [Fact]
    public void Master() => Line(new SshPurpose.Master()).ShouldBe(
        $"{Common}|-l|core|-p|2222|-S|/tmp/d/s|-M|-f|-N|-o|ControlPersist=10|--|node".Replace(' ', '|'));

    [Fact]
    public void Exit() => Line(new SshPurpose.Exit()).ShouldBe($"{Common}|-l|core|-p|2222|-S|/tmp/d/s|-O|exit|--|node".Replace(' ', '|'));

    [Fact]
    public void Stream() => Line(new SshPurpose.Stream("::1", 80)).ShouldBe(
        $"{Common}|-l|core|-p|2222|-S|/tmp/d/s|-o|ControlMaster=no|-W|[::1]:80|--|node".Replace(' ', '|'));

    [Fact]
    public void Command() => SshArguments.Build(Node, new SshOptions(), "/tmp/d/s", new SshPurpose.Command(["echo", "a b", "$x"])).ShouldBe(
        [.. Common.Split(' '), "-l", "core", "-p", "2222", "-S", "/tmp/d/s", "-n", "-T", "-o", "ControlMaster=no", "--", "node", "echo 'a b' '$x'"]);

    [Fact]
    public void A_command_that_is_talked_to() => SshArguments.Build(
        Node, new SshOptions(), "/tmp/d/s", new SshPurpose.Command(["cat"], IsTalkedTo: true)).ShouldBe(
        [.. Common.Split(' '), "-l", "core", "-p", "2222", "-S", "/tmp/d/s", "-T", "-o", "ControlMaster=no", "--", "node", "cat"]);

    /// <summary>Whatever else a server asks must not be answered with the passphrase.</summary>
    [Fact]
    public void Where_a_program_tells_the_passphrase_ssh_asks_for_nothing_else()
    {
        using var askPass = new AskPass();
        var line = string.Join(' ', SshArguments.Build(Node, new SshOptions { AskPass = askPass }, null, new SshPurpose.Master()));
        line.ShouldStartWith(
            "-o BatchMode=no -o NumberOfPasswordPrompts=1 -o PasswordAuthentication=no -o KbdInteractiveAuthentication=no "
            + "-o StrictHostKeyChecking=yes ");
    }

    [Fact]
    public void Without_a_master_and_with_every_option() => SshArguments.Build(
        NodeAddress.Parse("node"),
        new SshOptions
        {
            User = "me",
            IdentityFile = "/k e/y",
            ConfigFile = "/c",
            KnownHostsFile = "/k h",
            ConnectTimeout = TimeSpan.FromSeconds(1.5),
        },
        null,
        new SshPurpose.Stream("h", 1)).ShouldBe(
        [
            "-F", "/c", .. Common.Replace("Timeout=10", "Timeout=2").Split(' '), "-o", "UserKnownHostsFile=\"/k h\"", "-l", "me",
            "-i", "/k e/y", "-o", "IdentitiesOnly=yes", "-S", "none", "-o", "ControlMaster=no", "-W", "h:1", "--", "node",
        ]);

    [Fact]
    public void Jump_hosts_get_the_same_strictness()
    {
        var options = new SshOptions { Jump = "me@a:1,b", KnownHostsFile = "/k" };
        var strict = string.Join(' ', $"{Common} -o UserKnownHostsFile=\"/k\"".Split(' ').Select(word => word is "-o" ? word : $"'{word}'"));
        var first = $"ssh {strict} -l me -p 1 -S none -W '[%h]:%p' -- a";
        var second = $"ssh {strict} -o 'ProxyCommand={first.Replace("'", "'\\''")}'".Replace("%", "%%") + " -S none -W '[%h]:%p' -- b";
        var arguments = SshArguments.Build(Node, options, null, new SshPurpose.Exit());
        arguments.Single(argument => argument.StartsWith("ProxyCommand=", StringComparison.Ordinal)).ShouldBe("ProxyCommand=" + second);
    }

    [Fact]
    public void A_percent_sign_in_the_control_path_is_no_expansion() =>
        SshArguments.Build(Node, new SshOptions(), "/tmp/%h/s", new SshPurpose.Exit()).ShouldContain(argument => argument == "/tmp/%%h/s");

    [Theory]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a b")]
    [InlineData("a:1")]
    public void A_bad_inner_host_is_refused(string host) =>
        Should.Throw<DeisProxyException>(() => Line(new SshPurpose.Stream(host, 1))).Code.ShouldBe("bad-address");

    private static string Line(SshPurpose purpose) => string.Join('|', SshArguments.Build(Node, new SshOptions(), "/tmp/d/s", purpose));
}
