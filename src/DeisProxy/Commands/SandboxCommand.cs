using System.CommandLine;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Output;
using DeisProxy.Providers;
using DeisProxy.Sandbox;

namespace DeisProxy.Commands;

/// <summary><c>deis-proxy sandbox</c>: keep the demo's cloud running, for deis-proxy in another window and for the aws CLI.</summary>
internal sealed class SandboxCommand : Command
{
    /// <summary>The nodes' network: whoever dials one of them by accident gets no farther than this machine.</summary>
    private const string NodeNetwork = "127.21.0.0/16";

    /// <summary>A zone in which nobody can have a name (RFC 2606).</summary>
    private const string DnsZone = "elb.invalid";

    private readonly Option<string> _provider = new("--provider")
    {
        Description = "whose load balancer to start",
        HelpName = string.Join('|', SandboxScene.All.Select(s => s.Provider)),
        DefaultValueFactory = _ => SandboxScene.All[0].Provider,
    };
    private readonly Option<int> _awsPort = new("--aws-port")
    {
        Description = "port of the AWS endpoint; by default a free one",
        HelpName = "port",
        CustomParser = result => OptionParsers.Port(result, least: 0),
    };
    private readonly Option<bool> _deis16 = new("--tcp-stack")
    {
        Description = "start with the stack that Deis v1.6 makes: TCP listeners and a policy, only the key is missing",
    };

    public SandboxCommand(Terminal terminal)
        : base("sandbox", "keep the demo's sandbox running and print how to point deis-proxy and the aws CLI at it")
    {
        _provider.AcceptOnlyFromAmong([.. SandboxScene.All.Select(s => s.Provider)]);
        Options.Add(_provider);
        Options.Add(_awsPort);
        Options.Add(_deis16);
        Validators.Add(result =>
        {
            var isAws = result.GetResult(_provider) is not { Implicit: false, Tokens: [{ Value: not AwsProvider.ProviderName }] };
            foreach (var option in (Option[])[_awsPort, _deis16])
            {
                if (!isAws && result.GetResult(option) is { Implicit: false })
                {
                    result.AddError($"{option.Name} requires --provider {AwsProvider.ProviderName}.");
                }
            }
        });
        SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var scene = SandboxScene.All.First(s => s.Provider == parsed.GetValue(_provider));
                var options = (parsed.GetValue(_deis16) ? SandboxOptions.DeisV16 : scene.Options) with
                {
                    AwsPort = parsed.GetValue(_awsPort),
                    VpcCidr = NodeNetwork,
                    DnsZone = DnsZone,
                    PublicAddresses = false,
                };
                await using var sandbox = await SandboxCloud.StartAsync(options, cancellationToken);
                await using var node = await SandboxNode.StartAsync(sandbox, cancellationToken);
                Print(terminal, scene, sandbox, node);
                await Task.Delay(Timeout.Infinite, cancellationToken);
                return ExitCode.Done;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                terminal.Message("The sandbox has ended.");
                return ExitCode.Done;
            }
            catch (Core.DeisProxyException error)
            {
                ErrorText.Print(terminal, error, verbose: false);
                return ExitCode.Failed;
            }
        });
    }

    /// <summary>The words that start this program: it need not be on the PATH.</summary>
    private static IEnumerable<string> Self => Environment.ProcessPath is not { } path ? ["deis-proxy"]
        : Path.GetFileNameWithoutExtension(path) == "dotnet" ? [path, Path.GetFullPath(Environment.GetCommandLineArgs()[0])]
        : [path];

    private static void Print(Terminal terminal, SandboxScene scene, SandboxCloud sandbox, SandboxNode? node)
    {
        foreach (var variables in scene.Variables(sandbox))
        {
            terminal.Result($"export {variables}");
        }

        if (scene.Provider == AwsProvider.ProviderName)
        {
            terminal.Result("# the script's first call:");
            terminal.Result($"aws elb describe-load-balancers --load-balancer-names {sandbox.FindLoadBalancer().Name}");
        }

        terminal.Result("# deis-proxy against it:");
        if (node is null)
        {
            terminal.Result("# (no node to connect to: that needs Linux with sshd; on Debian: apt-get install openssh-server)");
        }
        else
        {
            foreach (var command in (string[])[SetupCommand.CommandName, "verify", "teardown"])
            {
                terminal.Result(ShellQuote.Join(
                    [.. Self, command, .. scene.Arguments(sandbox), .. node.Options, "--etcd-endpoint", sandbox.EtcdEndpoint.ToString(),
                        .. command == "verify" ? scene.OptionsOf(command, sandbox) : []]));
            }
        }

        foreach (var (name, loopback) in scene.Ports(sandbox))
        {
            terminal.Result($"# {name} is 127.0.0.1:{loopback}");
        }

        terminal.Message("The sandbox runs until it is interrupted (Ctrl-C).");
    }
}
