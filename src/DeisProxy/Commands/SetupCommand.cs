using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using DeisProxy.Core.Elb;
using DeisProxy.Providers;

namespace DeisProxy.Commands;

/// <summary><c>deis-proxy setup</c>: switch the load balancer to TCP/SSL, turn the PROXY protocol on at both ends.</summary>
internal sealed class SetupCommand : Command
{
    /// <summary>Name of the command.</summary>
    public const string CommandName = "setup";

    private const string Keep = "keep";

    /// <summary>What <c>--idle-timeout keep</c> is read as; the library cannot hold a null that a parser gave.</summary>
    private const int KeepIdleTimeout = 0;

    private readonly ConnectionOptions _connection = new();
    private readonly OutputOptions _output = new();
    private readonly ChangeOptions _change = new();
    private readonly Option<int> _idleTimeout = new("--idle-timeout")
    {
        Description = "raise the idle timeout to this many seconds (1-3600), or keep",
        HelpName = "seconds|keep",
        CustomParser = ParseIdleTimeout,
        DefaultValueFactory = _ => SetupGoal.DefaultIdleTimeoutSeconds,
    };
    private readonly Option<RealIpGoal?> _realIpCidr = new("--real-ip-cidr")
    {
        Description = "network that routers trust: auto, keep or a network [default: auto]",
        HelpName = "auto|keep|network",
        CustomParser = ParseRealIp,
    };
    private readonly Option<bool> _allowRedirectLoop = new("--allow-redirect-loop")
    {
        Description = "continue even if routers that enforce HTTPS would redirect forever",
    };

    private readonly Option<int> _webSocketOnly = new("--websocket-only")
    {
        Description = "Rackspace: keep the load balancer and create a second one for WebSockets on this port",
        HelpName = "port",
        CustomParser = result => OptionParsers.Port(result, least: 1),
    };
    private readonly Option<bool> _dropPersistence = new("--drop-session-persistence")
    {
        Description = "Rackspace: continue without session persistence by cookie or TLS session, which TCP does not have",
    };

    public SetupCommand(CommandHost host)
        : base(CommandName, "switch the load balancer to TCP; on AWS, turn the PROXY protocol on at both ends")
    {
        _connection.AddTo(this);
        Option[] goals = [_idleTimeout, _realIpCidr, _allowRedirectLoop, _webSocketOnly, _dropPersistence];
        foreach (var option in goals)
        {
            Options.Add(option);
        }

        Validators.Add(result =>
        {
            foreach (var option in (Option[])[_webSocketOnly, _dropPersistence])
            {
                if (result.GetResult(option) is { Implicit: false } && _connection.Provider(result) != RackspaceProvider.ProviderName)
                {
                    result.AddError($"{option.Name} requires --provider {RackspaceProvider.ProviderName}.");
                }
            }
        });
        _change.AddTo(this);
        _output.AddTo(this);
        SetAction((parsed, cancellationToken) =>
        {
            var (connection, change) = (_connection.Read(parsed), _change.Read(parsed, goals));
            var idleTimeout = parsed.GetValue(_idleTimeout);
            var goal = connection.Goal with
            {
                IdleTimeoutSeconds = idleTimeout == KeepIdleTimeout ? null : idleTimeout,
                RealIpCidr = parsed.GetValue(_realIpCidr) ?? RealIpGoal.Auto,
                AllowRedirectLoop = parsed.GetValue(_allowRedirectLoop),
                Hold = change.Hold,
            };
            return new ChangeRun(host, Name, connection with
            {
                Goal = goal,
                WebSocketPort = parsed.GetResult(_webSocketOnly) is { Implicit: false } ? parsed.GetValue(_webSocketOnly) : null,
                DropSessionPersistence = parsed.GetValue(_dropPersistence),
            }, _output.Read(parsed), change)
                .RunAsync((provider, snapshot, _) => provider.PlanSetup(snapshot), cancellationToken);
        });
    }

    private static int ParseIdleTimeout(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == Keep)
        {
            return KeepIdleTimeout;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= 3600)
        {
            return seconds;
        }

        result.AddError($"\"{text}\" is not an idle timeout; it takes 1 to 3600 seconds, or keep.");
        return KeepIdleTimeout;
    }

    private static RealIpGoal? ParseRealIp(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text is "auto" or Keep)
        {
            return text == Keep ? RealIpGoal.Keep : RealIpGoal.Auto;
        }

        if (IPNetwork.TryParse(text, out var network) && network.ToString() == text
            && network.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
        {
            return new RealIpGoal(network.ToString());
        }

        result.AddError($"\"{text}\" is not an IPv4 network; it looks like 10.21.0.0/16 (no address bits after the prefix), or auto, or keep.");
        return null;
    }
}
