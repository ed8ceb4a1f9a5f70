using System.CommandLine;
using DeisProxy.Output;
using DeisProxy.Sandbox;

namespace DeisProxy.Commands;

/// <summary><c>deis-proxy sandbox</c>: keep the demo's cloud running, for deis-proxy in another window and for the aws CLI.</summary>
internal sealed class SandboxCommand : Command
{
    private readonly Option<int> _awsPort = new("--aws-port")
    {
        Description = "port of the AWS endpoint; 0, or not given: a free one",
        HelpName = "port",
        CustomParser = result => OptionParsers.Port(result, least: 0),
    };
    private readonly Option<bool> _deis16 = new("--tcp-stack")
    {
        Description = "start with the stack that Deis v1.6 makes: TCP listeners and a policy, only the key is missing",
    };

    public SandboxCommand(Terminal terminal)
        : base("sandbox", "keep the demo's sandbox running, print how to point deis-proxy and the aws CLI at it")
    {
        Options.Add(_awsPort);
        Options.Add(_deis16);
        SetAction(async (parsed, cancellationToken) =>
        {
            try
            {
                var options = (parsed.GetValue(_deis16) ? SandboxOptions.DeisV16 : SandboxOptions.DeisV15) with
                {
                    AwsPort = parsed.GetValue(_awsPort),
                };
                await using var sandbox = await SandboxCloud.StartAsync(options, cancellationToken);
                await using var node = await SandboxNode.StartAsync(cancellationToken);
                Print(terminal, sandbox, node);
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

    private static void Print(Terminal terminal, SandboxCloud sandbox, SandboxNode? node)
    {
        var balancer = sandbox.FindLoadBalancer();
        terminal.Result($"export AWS_ENDPOINT_URL={sandbox.AwsEndpoint}");
        terminal.Result("export AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox");
        terminal.Result($"export AWS_DEFAULT_REGION={sandbox.Options.Region}");
        if (node is not null)
        {
            terminal.Result($"export DEISCTL_TUNNEL={node.Address}");
        }

        terminal.Result("");
        terminal.Result("# the script's first call:");
        terminal.Result($"aws elb describe-load-balancers --load-balancer-names {balancer.Name}");
        terminal.Result("# deis-proxy against it:");
        if (node is null)
        {
            terminal.Result("# (no sshd is installed here, so there is no node to enter by; on Debian: apt-get install openssh-server)");
        }
        else
        {
            foreach (var command in (string[])[SetupCommand.CommandName, "verify", "teardown"])
            {
                terminal.Result($"deis-proxy {command} {node.Options} --etcd-endpoint {sandbox.EtcdEndpoint}");
            }
        }

        foreach (var listener in balancer.Listeners)
        {
            terminal.Result($"# load balancer port {listener.LoadBalancerPort} is 127.0.0.1:{balancer.DataPlanePort(listener.LoadBalancerPort)}");
        }

        terminal.Message("The sandbox runs until it is interrupted (Ctrl-C).");
    }
}
