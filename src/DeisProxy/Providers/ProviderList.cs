using DeisProxy.Commands;
using DeisProxy.Core.Rackspace;
using DeisProxy.Rackspace;

namespace DeisProxy.Providers;

/// <summary>The providers that there are.</summary>
internal static class ProviderList
{
    /// <summary>Their names, the default first.</summary>
    public static string[] Names { get; } = [AwsProvider.ProviderName, RackspaceProvider.ProviderName, NoBalancerProvider.ProviderName];

    /// <summary>Makes the provider that the settings name.</summary>
    /// <exception cref="Core.DeisProxyException">Credentials or region are missing.</exception>
    public static IProvider Create(ConnectionSettings settings, TimeProvider time) => settings.Provider switch
    {
        AwsProvider.ProviderName => new AwsProvider(
            settings.Aws with { Detail = settings.Detail }, settings.Stack!, settings.LoadBalancer, settings.Goal, time),
        RackspaceProvider.ProviderName => new RackspaceProvider(
            settings.Rackspace ?? RackspaceSettings.FromEnvironment(settings.Aws.Region, Environment.GetEnvironmentVariable) with
            {
                Time = time,
                Detail = settings.Detail,
            },
            settings.LoadBalancer,
            new CloudGoal(
                settings.Goal.RouterPorts,
                settings.Goal.IdleTimeoutSeconds,
                settings.WebSocketPort,
                settings.DropSessionPersistence,
                ErrorPageFile: ""),
            settings.StateFolder),
        NoBalancerProvider.ProviderName => new NoBalancerProvider(settings.Nodes[0].ToString(), time),
        var other => throw new InvalidOperationException($"There is no provider {other}."),
    };
}
