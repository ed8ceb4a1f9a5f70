using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Tests;

public sealed class NodeAddressTests
{
    [Theory]
    [InlineData("node1.example.com", "node1.example.com", null, "node1.example.com")]
    [InlineData("deis_1", "deis_1", null, "deis_1")]
    [InlineData("10.21.1.5:2222", "10.21.1.5", 2222, "10.21.1.5:2222")]
    [InlineData("host:65535", "host", 65535, "host:65535")]
    [InlineData("::1", "::1", null, "::1")]
    [InlineData("2001:db8::1:22", "2001:db8::1:22", null, "2001:db8::1:22")]
    [InlineData("[2001:db8::1]:22", "2001:db8::1", 22, "[2001:db8::1]:22")]
    [InlineData("[::1]", "::1", null, "::1")]
    public void Reads_what_people_write(string text, string host, int? port, string shown)
    {
        var address = NodeAddress.Parse(text);
        address.Host.ShouldBe(host);
        address.Port.ShouldBe(port);
        address.ToString().ShouldBe(shown);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" host")]
    [InlineData("host ")]
    [InlineData("host\n")]
    [InlineData("host:22\n")]
    [InlineData("-oProxyCommand=touch /tmp/x")]
    [InlineData("-host")]
    [InlineData("host-")]
    [InlineData("a..b")]
    [InlineData("host.")]
    [InlineData("host:")]
    [InlineData("host:0")]
    [InlineData("host:65536")]
    [InlineData("host:+22")]
    [InlineData("host:22:33")]
    [InlineData("core@host")]
    [InlineData("$(id)")]
    [InlineData("a;b")]
    [InlineData("a|b")]
    [InlineData("%h")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[host]:22")]
    [InlineData("[::1")]
    [InlineData("[::1]22")]
    [InlineData("10.1")]
    [InlineData("256.1.1.1")]
    [InlineData("01.2.3.4")]
    [InlineData("ssh://host")]
    [InlineData("höst")]
    public void Refuses_everything_else(string text) =>
        Should.Throw<DeisProxyException>(() => NodeAddress.Parse(text)).Code.ShouldBe("bad-node-address");

    [Fact]
    public void Refuses_names_that_are_too_long()
    {
        Should.Throw<DeisProxyException>(() => NodeAddress.Parse(new string('a', 64)));
        Should.Throw<DeisProxyException>(() => NodeAddress.Parse(string.Join('.', Enumerable.Repeat(new string('a', 60), 5))));
    }

    [Fact]
    public void The_refusal_shows_no_raw_text() =>
        Should.Throw<DeisProxyException>(() => NodeAddress.Parse("\u001b[31mx\u0007")).Message.ShouldBe("'x' is not the address of a node.");

    [Theory]
    [InlineData("-l")]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("a@b")]
    [InlineData("$(id)")]
    [InlineData("core\n")]
    public void Refuses_a_bad_user(string user) =>
        Should.Throw<DeisProxyException>(() => new SshOptions { User = user }.Validate()).Code.ShouldBe("bad-ssh-user");

    [Theory]
    [InlineData("-oProxyCommand=x")]
    [InlineData("a@-x")]
    [InlineData("-l@host")]
    [InlineData("a,,b")]
    [InlineData("a, b")]
    [InlineData("a@b@c")]
    [InlineData("`id`")]
    public void Refuses_a_bad_jump_host(string jump) =>
        Should.Throw<DeisProxyException>(() => new SshOptions { Jump = jump }.Validate()).Code.ShouldBe("bad-jump-host");

    [Fact]
    public void Refuses_a_key_file_that_is_not_there() =>
        Should.Throw<DeisProxyException>(() => new SshOptions { IdentityFile = "/nonexistent/key" }.Validate()).Code.ShouldBe("ssh-file-missing");
}
