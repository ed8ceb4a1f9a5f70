using DeisProxy.Core;
using DeisProxy.Core.Applying;

namespace DeisProxy.Cluster.Etcd;

/// <summary>Keeps the journal in the cluster's etcd, below <c>/deis-proxy/LOAD-BALANCER</c>.</summary>
public sealed class EtcdRecordStore(EtcdClient etcd, string loadBalancer) : IRecordStore
{
    /// <inheritdoc/>
    public async Task<string?> ReadAsync(string name, CancellationToken cancellationToken) =>
        (await EtcdErrors.CallAsync(() => etcd.GetAsync(Key(name), recursive: false, cancellationToken)))?.Value;

    /// <inheritdoc/>
    public Task WriteAsync(string name, string text, CancellationToken cancellationToken) =>
        EtcdErrors.CallAsync(() => etcd.SetAsync(Key(name), text, condition: null, timeToLive: null, cancellationToken));

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken) => EtcdErrors.CallAsync(async () =>
    {
        try
        {
            await etcd.DeleteAsync(Key(name), condition: null, recursive: false, cancellationToken);
        }
        catch (EtcdException error) when (error.ErrorCode == EtcdErrorCode.KeyNotFound)
        {
            // Gone is what was asked for.
        }

        return true;
    });

    private string Key(string name) => $"/deis-proxy/{loadBalancer}/{name}";
}

/// <summary>Turns what etcd refuses into an error for people; what is not available already is one.</summary>
internal static class EtcdErrors
{
    public static async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EtcdException error)
        {
            throw new DeisProxyException(
                "etcd-refused",
                $"etcd rejected the request: {error.Message}",
                "Check that key on a node: etcdctl ls --recursive /deis-proxy.",
                error);
        }
    }
}
