using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Model;

namespace DeisProxy.Cluster.Tests;

/// <summary>What stands against entering the routers' nodes; what is done on them is shown by the drills of the outage benchmark.</summary>
public sealed class RouterNodesTests
{
    private static readonly RouterState Routers = new()
    {
        Version = new DeisVersion(1, 12, 3),
        ProxyProtocol = null,
        ProxyRealIpCidr = null,
        EnforcesHttps = false,
        HstsEnabled = false,
        HasCertificate = false,
        LiveRouters = [new("10.21.1.11", "10.21.1.11", 80), new("10.21.1.12", "10.21.1.12", 80)],
    };

    private readonly List<Silent> _entered = [];

    [Fact]
    public async Task A_changed_host_key_ends_it_and_the_other_nodes_are_left_again()
    {
        var nodes = Nodes("ssh-host-key-changed");

        (await nodes.PrepareAsync(Routers, [], CancellationToken.None).ShouldThrowAsync<DeisProxyException>()).Code.ShouldBe("ssh-host-key-changed");

        await nodes.DisposeAsync();
        _entered.ShouldHaveSingleItem().IsDisposed.ShouldBeTrue();
    }

    [Fact]
    public async Task A_node_that_cannot_be_entered_is_a_result()
    {
        await using var nodes = Nodes("ssh-unreachable");

        var means = await nodes.PrepareAsync(Routers, [80], CancellationToken.None);

        means.CannotRender.ShouldNotBeNull();
        means.CannotHold.ShouldNotBeNull();
    }

    /// <summary>The second router's node cannot be entered; the first says nothing to anything.</summary>
    private RouterNodes Nodes(string code) => new(new Silent(), [], [], new Refusing(code, _entered));

    private sealed class Refusing(string code, List<Silent> entered) : INodeTransport
    {
        public bool HasJump => false;

        public Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken)
        {
            if (address.Host == "10.21.1.12")
            {
                throw new DeisProxyException(code, "It cannot be entered.", "-");
            }

            entered.Add(new Silent());
            return Task.FromResult<INode>(entered[^1]);
        }

        public INodeTransport Through(INode entry) => this;
    }

    private sealed class Silent : INode
    {
        public string Name => "10.21.9.9";

        public bool IsDisposed { get; private set; }

        public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            Task.FromResult(new CommandResult(0, "", ""));

        public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            Task.FromResult<Stream>(new MemoryStream());

        public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
            throw new IOException("Nothing listens there.");

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
