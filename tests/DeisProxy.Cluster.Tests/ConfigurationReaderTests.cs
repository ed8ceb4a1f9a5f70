using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>ssh is asked once for all hosts, but only where its configuration says the same about each.</summary>
public sealed class ConfigurationReaderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("", "one:22", "two:22", 1)]
    [InlineData("Host *\n  Port 23\n  # Host one, HostName %h.example.com", "one:23", "two:23", 1)]
    [InlineData("HostName three", "three:22", "three:22", 2)]
    [InlineData("Host nobody\n  Port 24\nHost *\n  Port 23", "one:23", "two:23", 2)]
    [InlineData("Host one\n  Port 23", "one:23", "two:22", 2)]
    [InlineData("host=one\n  Port 23", "one:23", "two:22", 2)]
    [InlineData("Ho\"st\" one\n  Port 23", "one:23", "two:22", 2)]
    [InlineData("Host * !two\n  Port 23", "one:23", "two:22", 2)]
    [InlineData("Match host one\n  Port 23", "one:23", "two:22", 2)]
    [InlineData("Include {included}", "one:23", "two:22", 2)]
    [InlineData("Host *\n  Include {folder}/incl*", "one:23", "two:22", 2)]
    [InlineData("Host nobody\n  Include {included}", "one:22", "two:22", 2)]
    [InlineData("HostName %h.example.com", "one.example.com:22", "two.example.com:22", 2)]
    [InlineData("CanonicalizeMaxDots 0", "one:22", "two:22", 2)]
    public async Task Every_host_gets_what_is_said_about_it(string configuration, string one, string two, int asked)
    {
        await File.WriteAllTextAsync(_directory["included"], "Host one\n  Port 23\n");
        await File.WriteAllTextAsync(_directory["config"], configuration
            .Replace("{included}", _directory["included"], StringComparison.Ordinal)
            .Replace("{folder}", _directory.Path, StringComparison.Ordinal) + "\n");
        using var reader = await ReaderAsync();

        (await FindAsync(reader, "one")).ShouldBe(one);
        (await FindAsync(reader, "two")).ShouldBe(two);

        Asked().ShouldBe(asked);
    }

    [Fact]
    public async Task The_user_and_the_port_of_each_host_hold()
    {
        _ = RealProcess.Find("ssh", "install the Debian package openssh-client");
        await File.WriteAllTextAsync(_directory["config"], "Port 23\nUser someone\n");
        using var reader = new ConfigurationReader(new SshOptions { ConfigFile = _directory["config"] }, _ => { });
        (string Name, string? User)[] hosts = [("one", "core"), ("two:24", "core"), ("three", null), ("four", "core")];
        var found = await Task.WhenAll(
            hosts.Select(host => reader.ResolveAsync(NodeAddress.Parse(host.Name), host.User, jump: null, SshServers.Limit)));
        found.Select(host => $"{host.User}@{host.Host}:{host.Port}").ShouldBe(["core@one:23", "core@two:24", "someone@three:23", "core@four:23"]);
    }

    /// <summary>A program that says nothing about what it has read may have read anything.</summary>
    [Fact]
    public async Task An_ssh_that_does_not_say_what_it_has_read_is_asked_about_each()
    {
        await File.WriteAllTextAsync(_directory["config"], "");
        using var reader = await ReaderAsync("2>/dev/null");
        await FindAsync(reader, "one");
        await FindAsync(reader, "two");
        Asked().ShouldBe(2);
    }

    /// <summary>A <c>Match exec</c> may wait for anything.</summary>
    [Fact]
    public async Task An_answer_that_does_not_come_holds_up_no_other_host()
    {
        await File.WriteAllTextAsync(_directory["config"], "");
        using var reader = await ReaderAsync(first: "case \"$*\" in *'-- one') exec sleep 100 ;; esac");
        using var stop = new CancellationTokenSource();
        var one = FindAsync(reader, "one", stop.Token);
        (await FindAsync(reader, "two").WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe("two:22");
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => one);
    }

    private static async Task<string> FindAsync(ConfigurationReader reader, string name, CancellationToken? stop = null)
    {
        var found = await reader.ResolveAsync(NodeAddress.Parse(name), "core", jump: null, stop ?? SshServers.Limit);
        return $"{found.Host}:{found.Port}";
    }

    private int Asked() => File.ReadLines(_directory["asked"]).Count(line => line.Contains(_directory["config"], StringComparison.Ordinal));

    /// <summary>With an ssh that writes down what it is asked.</summary>
    private async Task<ConfigurationReader> ReaderAsync(string redirection = "", string first = "")
    {
        var folder = Directory.CreateDirectory(_directory["bin"]).FullName;
        var (ssh, wrapper) = (RealProcess.Find("ssh", "install the Debian package openssh-client"), Path.Combine(folder, "ssh"));
        await File.WriteAllTextAsync(wrapper, $"#!/bin/sh\necho \"$@\" >>{_directory["asked"]}\n{first}\nexec {ssh} \"$@\" {redirection}\n");
        await RealProcess.RunAsync("chmod", "700", wrapper);
        return new ConfigurationReader(new SshOptions { ConfigFile = _directory["config"], SearchPath = folder }, _ => { });
    }
}
