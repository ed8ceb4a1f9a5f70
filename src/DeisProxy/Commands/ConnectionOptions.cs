using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using DeisProxy.Aws;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Providers;

namespace DeisProxy.Commands;

/// <summary>The options that say which load balancer and which cluster, the same for every command that touches one.</summary>
internal sealed class ConnectionOptions
{
    /// <summary>Environment variable in which deisctl takes the node to connect to.</summary>
    private const string TunnelVariable = "DEISCTL_TUNNEL";

    private readonly Option<string> _stack = new("--stack", "-s")
    {
        Description = "CloudFormation stack, by name or id",
        HelpName = "name",
        DefaultValueFactory = _ => "deis",
        CustomParser = OptionParsers.Name,
    };
    private readonly Option<string> _provider = new("--provider")
    {
        Description = "the load balancer's provider; none: clients reach the routers directly",
        HelpName = string.Join('|', ProviderList.Names),
        DefaultValueFactory = _ => ProviderList.Names[0],
    };
    private readonly Option<string?> _loadBalancer = new("--load-balancer")
    {
        Description = "load balancer, by logical id or name; for Rackspace by id or name; required if there are several",
        HelpName = "id",
        CustomParser = OptionParsers.Name,
    };
    private readonly Option<string?> _region = new("--region")
    {
        Description = "region; otherwise AWS_REGION, AWS_DEFAULT_REGION, the profile's; for Rackspace OS_REGION_NAME",
        HelpName = "region",
    };
    private readonly Option<string?> _profile = new("--profile")
    {
        Description = "AWS profile; otherwise the SDK's chain of credentials",
        HelpName = "name",
        CustomParser = OptionParsers.Name,
    };
    private readonly Option<NodeAddress[]> _nodes = new("--node")
    {
        Description = "node to connect to, repeatable; otherwise DEISCTL_TUNNEL, otherwise the load balancer's instances",
        HelpName = "host[:port]",
        CustomParser = ParseNodes,
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _sshClient = new("--ssh-client")
    {
        Description = "how to connect to nodes: renci (Renci.SshNet, built in), openssh (the system's ssh), "
            + "or auto: renci, unless your ssh configuration needs openssh",
        HelpName = "auto|renci|openssh",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<string> _sshUser = new("--ssh-user")
    {
        Description = "user on the node",
        HelpName = "user",
        CustomParser = result => ParseSsh(result, text => new SshOptions { User = text }),
        DefaultValueFactory = _ => "core",
    };
    private readonly Option<string?> _identity = new("--identity", "-i")
    {
        Description = "private key, as ssh -i",
        HelpName = "file",
        CustomParser = OptionParsers.File,
    };
    private readonly Option<string?> _sshConfig = new("--ssh-config", "-F")
    {
        Description = "SSH configuration, as ssh -F",
        HelpName = "file",
        CustomParser = OptionParsers.File,
    };
    private readonly Option<string?> _jump = new("--jump", "-J")
    {
        Description = "jump host, as ssh -J",
        HelpName = "host",
        CustomParser = result => ParseSsh(result, text => new SshOptions { Jump = text.Length == 0 ? " " : text }),
    };
    private readonly Option<string?> _knownHosts = new("--known-hosts")
    {
        Description = "file of known host keys",
        HelpName = "file",
        CustomParser = OptionParsers.File,
    };
    private readonly Option<Uri[]> _etcd = new("--etcd-endpoint")
    {
        Description = "etcd as seen from the node; otherwise http://127.0.0.1:4001, then :2379",
        HelpName = "url",
        CustomParser = ParseEndpoint,
    };
    private readonly Option<int[]> _routerPorts = new("--router-ports")
    {
        Description = "instance ports on which routers demand the PROXY line [default: 80,443]",
        HelpName = "ports",
        CustomParser = ParsePorts,
    };
    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "limit for the whole command, such as 90s or 10m",
        HelpName = "time",
        CustomParser = OptionParsers.Duration,
    };

    public ConnectionOptions()
    {
        _provider.AcceptOnlyFromAmong(ProviderList.Names);
        _sshClient.AcceptOnlyFromAmong("auto", "renci", "openssh");
    }

    /// <summary>Declares the options on a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in Identifying.Append(_timeout))
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            try
            {
                var tunnel = result.GetResult(_nodes) is null ? Tunnel() : [];
                if (Provider(result) == NoBalancerProvider.ProviderName && result.GetResult(_nodes) is null && tunnel.Length == 0)
                {
                    result.AddError($"--provider none needs a node: name one with --node or {TunnelVariable}.");
                }
            }
            catch (DeisProxyException error)
            {
                result.AddError($"{TunnelVariable}: {error.Message} {error.Remedy}");
            }

            CheckProvider(result);
        });
    }

    /// <summary>What is said to one provider is not meant for another.</summary>
    private void CheckProvider(System.CommandLine.Parsing.CommandResult result)
    {
        var provider = Provider(result);
        var region = result.GetResult(_region) is { Implicit: false, Tokens: [{ Value: var text }] } ? text : null;
        if (provider == AwsProvider.ProviderName && AwsClients.MalformedEndpointVariable() is { } variable)
        {
            result.AddError($"{variable} does not hold an address; it looks like https://HOST or http://HOST:PORT.");
        }

        if (provider == AwsProvider.ProviderName && region is not null && !AwsClients.IsRegionName(region))
        {
            result.AddError($"\"{region}\" is not an AWS region; regions look like us-east-1.");
        }
        else if (provider == RackspaceProvider.ProviderName && region is not null && !(region.Length == 3 && region.All(char.IsAsciiLetter)))
        {
            result.AddError($"\"{region}\" is not a Rackspace region; regions look like ORD.");
        }

        foreach (var option in provider switch
        {
            AwsProvider.ProviderName => [],
            RackspaceProvider.ProviderName => (Option[])[_stack, _profile],
            _ => [_stack, _profile, _region, _loadBalancer],
        })
        {
            if (result.GetResult(option) is { Implicit: false })
            {
                result.AddError($"{option.Name} cannot be used with --provider {provider}.");
            }
        }
    }

    /// <summary>The provider that a command line names; the default where what it names is refused anyway.</summary>
    public string Provider(System.CommandLine.Parsing.CommandResult result) =>
        result.GetResult(_provider) is { Implicit: false, Tokens: [{ Value: var name }] } ? name : ProviderList.Names[0];

    /// <summary>The options that say which cluster it is and how to enter it: every command that is printed repeats them.</summary>
    private IEnumerable<Option> Identifying =>
    [
        _stack, _provider, _loadBalancer, _region, _profile, _nodes,
        _sshClient, _sshUser, _identity, _sshConfig, _jump, _knownHosts, _etcd, _routerPorts,
    ];

    /// <summary>Reads what was given.</summary>
    public ConnectionSettings Read(ParseResult parsed) => new()
    {
        Provider = parsed.GetRequiredValue(_provider),
        Given = OptionParsers.Given(parsed, Identifying),
        Stack = parsed.GetRequiredValue(_provider) == AwsProvider.ProviderName ? parsed.GetRequiredValue(_stack) : null,
        LoadBalancer = parsed.GetValue(_loadBalancer),
        Aws = new AwsAccess { Region = parsed.GetValue(_region), Profile = parsed.GetValue(_profile) },
        Nodes = parsed.GetValue(_nodes) is { Length: > 0 } nodes ? nodes : Tunnel(),
        Ssh = new SshOptions
        {
            Client = Enum.Parse<SshClientKind>(parsed.GetRequiredValue(_sshClient), ignoreCase: true),
            User = parsed.GetRequiredValue(_sshUser),
            IdentityFile = parsed.GetValue(_identity),
            ConfigFile = parsed.GetValue(_sshConfig),
            Jump = parsed.GetValue(_jump),
            KnownHostsFile = parsed.GetValue(_knownHosts),
        },
        EtcdEndpoints = parsed.GetValue(_etcd) ?? [],
        Timeout = parsed.GetValue(_timeout),
        Goal = SetupGoal.Default with
        {
            RouterPorts = (parsed.GetValue(_routerPorts) is { Length: > 0 } ports ? ports : [DeisPort.Http, DeisPort.Https])
                .Distinct().Order().ToValueList(),
        },
    };

    private static NodeAddress[] Tunnel() =>
        Environment.GetEnvironmentVariable(TunnelVariable) is { Length: > 0 } tunnel ? [NodeAddress.Parse(tunnel)] : [];

    private static NodeAddress[] ParseNodes(ArgumentResult result)
    {
        var nodes = new List<NodeAddress>();
        foreach (var token in result.Tokens)
        {
            try
            {
                nodes.Add(NodeAddress.Parse(token.Value));
            }
            catch (DeisProxyException error)
            {
                result.AddError($"{error.Message} {error.Remedy}");
            }
        }

        return [.. nodes];
    }

    private static string ParseSsh(ArgumentResult result, Func<string, SshOptions> use)
    {
        var text = result.Tokens[0].Value;
        try
        {
            use(text).Validate();
        }
        catch (DeisProxyException error)
        {
            result.AddError($"{error.Message} {error.Remedy}");
        }

        return text;
    }

    private static Uri[] ParseEndpoint(ArgumentResult result)
    {
        var endpoints = new List<Uri>();
        foreach (var text in result.Tokens.Select(token => token.Value))
        {
            if (OptionParsers.IsText(text) && Uri.TryCreate(text, UriKind.Absolute, out var uri)
                && uri is { Scheme: "http", PathAndQuery: "/", Fragment: "", UserInfo: "", HostNameType: not UriHostNameType.Basic })
            {
                endpoints.Add(uri);
            }
            else
            {
                result.AddError($"\"{text}\" is not an etcd endpoint; it looks like http://127.0.0.1:4001.");
            }
        }

        return [.. endpoints];
    }

    private static int[] ParsePorts(ArgumentResult result)
    {
        var ports = new List<int>();
        foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
            {
                result.AddError($"\"{text}\" is not a port; --router-ports takes ports with commas between them, such as 80,443.");
            }
            else if (port is DeisPort.Builder or DeisPort.Health)
            {
                var what = port == DeisPort.Builder ? "the builder's SSH server" : "the router's health check";
                result.AddError($"Port {port} never speaks the PROXY protocol ({what}); it cannot be a router port.");
            }
            else
            {
                ports.Add(port);
            }
        }

        return [.. ports];
    }
}
