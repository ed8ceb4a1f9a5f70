using System.Net;
using System.Net.Sockets;

namespace DeisProxy.Core.Model;

/// <summary>Arithmetic on IPv4 networks. The router's <c>proxyRealIpCidr</c> takes exactly one.</summary>
public static class Networks
{
    /// <summary>Whether one network lies wholly within another.</summary>
    public static bool Covers(IPNetwork outer, IPNetwork inner) =>
        outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress);

    /// <summary>The smallest network that covers all given ones.</summary>
    /// <param name="networks">At least one IPv4 network.</param>
    /// <returns>The covering network; <c>0.0.0.0/0</c> if they share no leading bit.</returns>
    public static IPNetwork SmallestCover(IReadOnlyCollection<IPNetwork> networks)
    {
        if (networks.Count == 0 || networks.Any(n => n.BaseAddress.AddressFamily != AddressFamily.InterNetwork))
        {
            throw new ArgumentException("IPv4 networks are needed, at least one.", nameof(networks));
        }

        var first = ToNumber(networks.First());
        var prefix = networks.Min(n => n.PrefixLength);
        while (networks.Any(n => (ToNumber(n) & Mask(prefix)) != (first & Mask(prefix))))
        {
            prefix--;
        }

        var bytes = BitConverter.GetBytes(IPAddress.HostToNetworkOrder((int)(first & Mask(prefix))));
        return new IPNetwork(new IPAddress(bytes), prefix);

        static uint ToNumber(IPNetwork network) =>
            (uint)IPAddress.NetworkToHostOrder(BitConverter.ToInt32(network.BaseAddress.GetAddressBytes()));

        static uint Mask(int prefix) => prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);
    }
}
