using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The way into the cluster, and what is said when there is none.</summary>
public sealed class EnteringTests(RouterlessCluster cluster) : IClassFixture<RouterlessCluster>, IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task An_unknown_host_key_is_not_accepted()
    {
        await File.WriteAllTextAsync(_directory["known"], "");

        var run = await FailsAsync("ssh-host-key-unknown", "--known-hosts", _directory["known"]);

        run.Error.ShouldContain("ssh-keygen -lf");
        (await File.ReadAllTextAsync(_directory["known"])).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_changed_host_key_ends_the_search_for_a_node()
    {
        await SshServer.NewKeyAsync(_directory["other"]);
        await File.WriteAllTextAsync(_directory["known"], SshServer.KnownHostsLine(cluster.Ssh.Port, _directory["other"]));

        var run = await FailsAsync(
            "ssh-host-key-changed",
            "--known-hosts", _directory["known"],
            "--node", $"127.0.0.1:{RealProcess.FreePort()}", "--node", cluster.Ssh.Address, "--node", "localhost");

        run.Error.ShouldContain("somebody intercepts the connection");
        run.Error.ShouldContain(cluster.Ssh.Fingerprint);
    }

    [Fact]
    public async Task A_refused_key_says_which_key_and_user()
    {
        await SshServer.NewKeyAsync(_directory["stranger"]);

        var run = await FailsAsync("ssh-auth-refused", "--identity", _directory["stranger"]);

        run.ErrorLine.ShouldContain($"does not let {cluster.Ssh.User} in");
        run.Error.ShouldContain(_directory["stranger"]);
    }

    [Fact]
    public async Task A_node_that_cannot_be_reached_says_so()
    {
        var run = await FailsAsync("ssh-unreachable", "--node", $"127.0.0.1:{RealProcess.FreePort()}");

        run.Error.ShouldContain("--jump");
    }

    [Fact]
    public async Task The_next_node_is_tried_and_the_first_one_is_warned_of()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var closed = $"127.0.0.1:{RealProcess.FreePort()}";

        var run = await cluster.RunAsync("verify", "--no-probe", "--node", closed, "--node", cluster.Ssh.Address);

        run.ExitCode.ShouldBe(4, run.Error);
        run.Error.ShouldContain($"warning: {closed} cannot be reached");
        run.Output.ShouldContain("router-flag");
    }

    [Fact]
    public async Task DEISCTL_TUNNEL_names_the_node_as_it_does_for_deisctl()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var environment = cluster.AwsEnvironment();
        environment["DEISCTL_TUNNEL"] = cluster.Ssh.Address;

        var run = await ToolRun.StartAsync(
            [
                "verify", "--no-probe", "--ssh-user", cluster.Ssh.User, "-i", cluster.Ssh.IdentityFile, "--known-hosts", cluster.Ssh.KnownHostsFile,
                "-F", "/dev/null", "--etcd-endpoint", cluster.Etcd.Endpoint.ToString(),
            ],
            environment,
            TimeSpan.FromSeconds(60));

        run.ExitCode.ShouldBe(4, run.Error);
        run.Output.ShouldContain("router-flag");
    }

    [Fact]
    public async Task Without_an_ssh_program_and_a_home_a_key_and_known_hosts_are_enough()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync(With(("PATH", _directory.Path), ("HOME", "")), "verify", "--no-probe", "--verbose");

        run.ExitCode.ShouldBe(4, run.Error);
        run.Output.ShouldContain("router-flag");
        run.Error.ShouldContain("connecting with Renci.SshNet");
    }

    [Theory]
    [InlineData("renci")]
    [InlineData("openssh")]
    public async Task With_a_passphrase_from_the_environment_and_over_a_jump_host(string client)
    {
        await cluster.ResetAsync(StackTemplate.Http());
        File.Copy(cluster.Ssh.IdentityFile, _directory["key"]);
        await RealProcess.RunAsync("ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", _directory["key"]);
        string[] command =
        [
            "verify", "--no-probe", "--ssh-client", client, "--identity", _directory["key"], "--jump", $"{cluster.Ssh.User}@{cluster.Ssh.Address}",
        ];
        var path = client == "renci" ? _directory.Path : Environment.GetEnvironmentVariable("PATH")!;

        var refused = await cluster.RunAsync(With(("PATH", path), ("HOME", "")), command);
        refused.ExitCode.ShouldBe(1, refused.Error);
        refused.Error.ShouldContain("DEIS_PROXY_SSH_PASSPHRASE");

        var run = await cluster.RunAsync(
            With(("PATH", path), ("HOME", ""), ("TMPDIR", _directory.Path), ("DEIS_PROXY_SSH_PASSPHRASE", "secret")), command);
        run.ExitCode.ShouldBe(4, run.Error);
        Directory.EnumerateDirectories(_directory.Path, "dp-*").ShouldBeEmpty("what ssh was given to tell the passphrase is gone");
        run.Output.ShouldContain("router-flag");
    }

    [Fact]
    public async Task With_an_agent_only()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        await using var agent = await SshAgentProcess.StartAsync();
        await agent.AddAsync(cluster.Ssh.IdentityFile);
        var environment = cluster.AwsEnvironment();
        foreach (var (name, value) in With(("SSH_AUTH_SOCK", agent.Socket), ("PATH", _directory.Path), ("HOME", "")))
        {
            environment[name] = value;
        }

        var run = await ToolRun.StartAsync(
            [
                "verify", "--no-probe", "--ssh-user", cluster.Ssh.User, "--node", cluster.Ssh.Address, "--known-hosts", cluster.Ssh.KnownHostsFile,
                "--etcd-endpoint", cluster.Etcd.Endpoint.ToString(),
            ],
            environment,
            TimeSpan.FromSeconds(60));

        run.ExitCode.ShouldBe(4, run.Error);
        run.Output.ShouldContain("router-flag");
    }

    [Fact]
    public async Task Without_ssh_it_says_what_to_install()
    {
        await cluster.ResetAsync(StackTemplate.Http());

        var run = await cluster.RunAsync(With(("PATH", _directory.Path)), "setup", "--output", "json", "--ssh-client", "openssh");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("ssh-missing");
        run.Error.ShouldContain("openssh-client");
    }

    [Fact]
    public async Task An_etcd_without_its_v2_API_says_so()
    {
        await using var etcd = await EtcdServer.StartAsync(enableV2: false);

        await FailsAsync("etcd-without-v2", "--etcd-endpoint", etcd.Endpoint.ToString());
    }

    [Fact]
    public async Task An_etcd_that_is_not_there_says_so()
    {
        var run = await FailsAsync("etcd-unavailable", "--etcd-endpoint", $"http://127.0.0.1:{RealProcess.FreePort()}");

        run.Error.ShouldContain("etcdctl cluster-health");
    }

    [Fact]
    public async Task Without_credentials_it_says_where_they_can_come_from()
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var environment = With(
            ("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"), ("AWS_CONFIG_FILE", "/dev/null"),
            ("HOME", _directory.Path));

        var run = await cluster.RunAsync(environment, "setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBeOneOf("credentials-missing", "credentials-unusable");
        run.Error.ShouldContain("AWS_ACCESS_KEY_ID");
    }

    [Fact]
    public async Task Without_a_region_it_asks_for_one()
    {
        var environment = With(("AWS_DEFAULT_REGION", ""), ("AWS_CONFIG_FILE", "/dev/null"), ("HOME", _directory.Path));

        var run = await cluster.RunAsync(environment, "setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("region-missing");
        run.Error.ShouldContain("--region");
    }

    [Fact]
    public async Task A_profile_that_is_not_there_says_so()
    {
        var run = await cluster.RunAsync(With(("HOME", _directory.Path)), "setup", "--output", "json", "--profile", "nobody");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("profile-not-found");
    }

    [Fact]
    public async Task An_AWS_that_does_not_answer_says_so()
    {
        var address = $"127.0.0.1:{RealProcess.FreePort()}";
        var environment = With(("AWS_ENDPOINT_URL", $"http://{address}"));

        var run = await cluster.RunAsync(environment, "setup", "--output", "json");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("aws-unreachable");
        run.ErrorLine.ShouldContain(address);
        run.Error.ShouldContain("AWS_ENDPOINT_URL");
    }

    [Fact]
    public async Task The_time_limit_ends_it()
    {
        // A port that accepts and never answers.
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        var environment = With(("AWS_ENDPOINT_URL", $"http://{silent.LocalEndpoint}"));

        var run = await cluster.RunAsync(environment, "setup", "--output", "json", "--timeout", "2s");

        run.ExitCode.ShouldBe(1, run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe("timeout");
        run.Error.ShouldContain("--timeout");
    }

    private static Dictionary<string, string> With(params (string Name, string Value)[] variables) =>
        variables.ToDictionary(variable => variable.Name, variable => variable.Value, StringComparer.Ordinal);

    /// <summary>Runs setup: it must fail with a code before anything is changed, and without a stack trace.</summary>
    private async Task<ToolRun> FailsAsync(string code, params string[] options)
    {
        await cluster.ResetAsync(StackTemplate.Http());
        var run = await cluster.RunAsync(["setup", "--output", "json", .. options]);
        run.ExitCode.ShouldBe(1, run.Output + run.Error);
        run.Json["error"]!["code"]!.GetValue<string>().ShouldBe(code);
        run.Json["error"]!["remedy"]!.GetValue<string>().ShouldNotBeEmpty();
        run.Error.ShouldNotContain("   at ");
        cluster.Aws.Changes.ShouldBeEmpty();
        return run;
    }
}
