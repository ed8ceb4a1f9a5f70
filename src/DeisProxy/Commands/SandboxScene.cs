using DeisProxy.Providers;
using DeisProxy.Sandbox;

namespace DeisProxy.Commands;

/// <summary>A cluster that demo and sandbox offer: what it is, and how deis-proxy is told of it.</summary>
/// <param name="Arguments">What each command is told, as a person would tell it, but for the nodes.</param>
/// <param name="Variables">What the environment says of the provider.</param>
/// <param name="Ports">Ports for clients, that of HTTP first, each with the port on 127.0.0.1 that stands for it.</param>
internal sealed record SandboxScene(
    string Provider, string Title, SandboxOptions Options, Func<SandboxCloud, string[]> Arguments, Func<SandboxCloud, string[]> Variables,
    Func<SandboxCloud, IEnumerable<(string Name, int Loopback)>> Ports)
{
    /// <summary>All of them, the default first.</summary>
    public static SandboxScene[] All { get; } =
    [
        new(
            AwsProvider.ProviderName,
            "A Deis v1.5 stack as its template makes it",
            SandboxOptions.DeisV15,
            sandbox => ["--region", sandbox.Options.Region],
            sandbox =>
            [
                $"AWS_ENDPOINT_URL={sandbox.AwsEndpoint}", "AWS_ACCESS_KEY_ID=sandbox AWS_SECRET_ACCESS_KEY=sandbox",
                $"AWS_REGION={sandbox.Options.Region} AWS_DEFAULT_REGION={sandbox.Options.Region}",
            ],
            sandbox => sandbox.FindLoadBalancer() is var balancer ? balancer.Listeners.OrderBy(l => l.LoadBalancerPort)
                .Select(l => ($"load balancer port {l.LoadBalancerPort}", balancer.DataPlanePort(l.LoadBalancerPort))) : []),
        new(
            RackspaceProvider.ProviderName,
            "A Deis cluster on Rackspace as its documentation has it",
            SandboxOptions.DeisOnRackspace,
            _ => ["--provider", RackspaceProvider.ProviderName, "--load-balancer", "deis"],
            sandbox => sandbox.Rackspace is { } account
                ?
                [
                    $"OS_AUTH_URL={account.AuthUrl}", $"RACKSPACE_USERNAME={account.Options.Username} RACKSPACE_API_KEY={account.Options.ApiKey}",
                    $"OS_REGION_NAME={account.Options.DefaultRegion}",
                ]
                : [],
            sandbox => sandbox.Rackspace!.LoadBalancers.Select(b =>
                ($"load balancer {b.State.Name}, port {b.State.Port},",
                    sandbox.Rackspace.DataPlanePort(b.VirtualIps[0].Address, b.State.Port)!.Value))),
        new(
            NoBalancerProvider.ProviderName,
            "A cluster without a load balancer",
            SandboxOptions.DeisWithoutBalancer with { ClientAddress = null },
            _ => ["--provider", NoBalancerProvider.ProviderName],
            _ => [],
            sandbox => sandbox.Routers.Select(router => ($"port 80 of the router on {router.Node}", router.Port))),
    ];

    /// <summary>
    /// What a command is told beyond <see cref="Arguments"/>. The load balancer's name leads nowhere, so verify is told where an application is, and
    /// whose address is to be seen.
    /// </summary>
    public string[] OptionsOf(string command, SandboxCloud sandbox)
    {
        var application = $"127.0.0.1:{Ports(sandbox).First().Loopback}/";
        return command == "verify"
            ? ["--url", $"http://{application}", "--echo-url", $"http://{application}", "--websocket-url", $"ws://{application}",
                "--expect-ip", ClientOf(sandbox)]
            : ["--yes"];
    }

    /// <summary>The address that clients of the sandbox seem to have.</summary>
    public static string ClientOf(SandboxCloud sandbox) => sandbox.Options.ClientAddress ?? "127.0.0.1";
}
