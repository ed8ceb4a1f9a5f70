namespace DeisProxy.RealParts;

/// <summary>
/// A network namespace: to what runs in it, a machine with a network of its own. It goes away with the <see cref="PrivateNetwork"/> that it was made
/// in.
/// </summary>
public sealed class NetworkNamespace
{
    private const string Directory = "/run/netns";

    private readonly List<string> _devices = [];

    private NetworkNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>Makes one, with its loopback interface up.</summary>
    public static async Task<NetworkNamespace> AddAsync(string name)
    {
        await IpAsync("netns", "add", name);
        await IpAsync("-n", name, "link", "set", "lo", "up");
        return new NetworkNamespace(name);
    }

    /// <summary>Runs <c>ip</c> in this process's own namespace.</summary>
    public static Task<string> IpAsync(params IEnumerable<string> arguments) => RealProcess.RunAsync(Ip(), arguments);

    /// <summary>Gives it an interface whose other end is a port of a bridge in this process's own namespace.</summary>
    public async Task ConnectAsync(string bridge, string device, string address)
    {
        await IpAsync("link", "add", "name", Outside(device), "type", "veth", "peer", "name", device, "netns", Name);
        _devices.Add(device);
        await IpAsync("link", "set", "dev", Outside(device), "master", bridge, "up");
        await IpAsync("-n", Name, "address", "add", address, "dev", device);
        await IpAsync("-n", Name, "link", "set", "dev", device, "up");
    }

    /// <summary>Removes it, so that its name can be used again in the same <see cref="PrivateNetwork"/>.</summary>
    public async Task DeleteAsync()
    {
        // A process that ends late keeps the namespace for a while, and with it what is connected.
        foreach (var device in _devices)
        {
            await IpAsync("link", "delete", "dev", Outside(device));
        }

        await IpAsync("netns", "delete", Name);
    }

    /// <summary>Pulls the cable of an interface, or plugs it in again: nothing gets through, and nobody is told.</summary>
    public Task PlugAsync(string device, bool connected) => IpAsync("link", "set", "dev", Outside(device), connected ? "up" : "down");

    /// <summary>Runs a program in it to its end and returns what it wrote; a failure throws with that.</summary>
    public Task<string> RunAsync(string program, params IEnumerable<string> arguments) => RealProcess.RunInAsync(this, program, arguments);

    /// <summary>The command that runs a program in it, as the same process.</summary>
    internal (string Program, IEnumerable<string> Arguments) Enter(string program, IEnumerable<string> arguments) =>
        (RealProcess.Find("nsenter", "install the Debian package util-linux"), [$"--net={Directory}/{Name}", program, .. arguments]);

    private static string Ip() => RealProcess.Find("ip", "install the Debian package iproute2");

    private string Outside(string device) => $"{Name}-{device}";
}
