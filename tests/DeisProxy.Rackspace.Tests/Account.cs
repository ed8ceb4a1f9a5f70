using DeisProxy.Core;
using DeisProxy.Core.Rackspace;
using DeisProxy.Sandbox;
using DeisProxy.Sandbox.Rackspace;

namespace DeisProxy.Rackspace.Tests;

/// <summary>A client of the sandbox's account, over loopback.</summary>
public sealed class Account : IAsyncDisposable
{
    public const long Web = 71;

    private Account(SandboxCloud sandbox, RackspaceSettings settings) =>
        (Sandbox, Settings, Client) = (sandbox, settings, new CloudLoadBalancers(settings));

    public SandboxCloud Sandbox { get; }

    public RackspaceSettings Settings { get; }

    public CloudLoadBalancers Client { get; }

    public CloudBalancer Balancer => Sandbox.Rackspace!.LoadBalancers.First(b => b.Id == Web);

    public IEnumerable<string> Calls => Sandbox.CallLog.Calls.Where(c => c.Service is "loadbalancers" or "identity").Select(c => c.Operation);

    public static async Task<Account> OpenAsync(
        RackspaceOptions? options = null, CloudBalancerOptions? web = null, Func<RackspaceSettings, RackspaceSettings>? change = null)
    {
        options ??= new RackspaceOptions { LoadBalancers = [web ?? CloudBalancerOptions.Web] };
        var sandbox = await SandboxCloud.StartAsync(SandboxOptions.DeisOnRackspace with { Rackspace = options });
        var settings = new RackspaceSettings(options.Username, options.ApiKey, sandbox.Rackspace!.AuthUrl, Region: null)
        {
            PollInterval = TimeSpan.FromMilliseconds(20),
        };
        return new Account(sandbox, change is null ? settings : change(settings));
    }

    public static async Task<DeisProxyException> FailureOfAsync(Func<Task> call) => await call.ShouldThrowAsync<DeisProxyException>();

    public Task<CloudLoadBalancer> ReadAsync() => Client.ReadAsync(Web, CancellationToken.None);

    public Task UpdateAsync(LoadBalancerUpdate update) => Client.UpdateAsync(Web, update, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Sandbox.DisposeAsync();
        Sandbox.Defects.ShouldBeEmpty();
    }
}
