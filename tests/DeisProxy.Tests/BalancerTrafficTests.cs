using DeisProxy.Core.Elb;
using DeisProxy.Core.Tests;
using DeisProxy.Traffic;

namespace DeisProxy.Tests;

/// <summary>Where single requests through a load balancer are sent.</summary>
public sealed class BalancerTrafficTests
{
    [Theory]
    [InlineData("::1", "::1")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("localhost", "127.0.0.1")]
    public async Task A_load_balancer_is_asked_at_its_IPv4_addresses_or_at_its_IPv6_addresses_where_it_has_no_others(string name, string address)
    {
        var asked = new List<string>();
        var traffic = new BalancerTraffic(
            (host, _, _) =>
            {
                asked.Add(host);
                return Task.FromResult<Stream>(new Answer());
            },
            (_, _, _) => throw new IOException("Nobody needs a node for it."));

        var found = await traffic.FindAsync(Snapshots.Deis15.LoadBalancer with { DnsName = name }, [80], CancellationToken.None);

        found.ShouldBe([80]);
        asked.ShouldBe([address]);
    }

    private sealed class Answer() : MemoryStream("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray())
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
