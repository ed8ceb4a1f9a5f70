using DeisProxy.Commands;

namespace DeisProxy.Providers;

/// <summary>The providers that there are.</summary>
internal static class ProviderList
{
    /// <summary>Their names, the default first.</summary>
    public static string[] Names { get; } = [AwsProvider.ProviderName];

    /// <summary>Makes the provider that the settings name.</summary>
    /// <exception cref="Core.DeisProxyException">Credentials or region are missing.</exception>
    public static IProvider Create(ConnectionSettings settings, TimeProvider time) => settings.Provider switch
    {
        AwsProvider.ProviderName => new AwsProvider(settings.Aws, settings.Stack, settings.LoadBalancer, settings.Goal, time),
        var other => throw new InvalidOperationException($"There is no provider {other}."),
    };
}
