using System.Net;
using System.Net.Sockets;
using System.Text;
using DeisProxy.Cluster.Router;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
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

    [Fact]
    public async Task A_node_that_hangs_does_not_keep_others_from_being_told_to_hold_on()
    {
        using var server = new SessionServer();
        using var hanging = new SessionServer { Hangs = true };
        await using var nodes = new RouterNodes(new Silent(), [], [], new Speaking(server, hanging));
        await nodes.PrepareAsync(Routers, [80], SshServers.Limit);

        await nodes.HoldAsync(HeldConnections.WithProxyLine, SshServers.Limit);

        await server.StayedAsync(3).WaitAsync(SshServers.Limit);
        hanging.Stays.ShouldBe(1);
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

    /// <summary>Sessions on the nodes lead to servers here.</summary>
    private sealed class Speaking(SessionServer first, SessionServer second) : INodeTransport
    {
        public bool HasJump => false;

        public Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken) =>
            Task.FromResult<INode>(new Silent { Server = address.Host == "10.21.1.12" ? second : first });

        public INodeTransport Through(INode entry) => this;
    }

    /// <summary>Answers every request with "done"; one that hangs answers no "stay".</summary>
    private sealed class SessionServer : LoopbackServer
    {
        private readonly SemaphoreSlim _stayed = new(0);
        private int _stays;

        public bool Hangs { get; init; }

        public int Stays => _stays;

        public async Task StayedAsync(int times)
        {
            for (var time = 0; time < times; time++)
            {
                await _stayed.WaitAsync();
            }
        }

        public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }

        protected override async Task ServeAsync(NetworkStream stream)
        {
            using var reader = new StreamReader(stream);
            while (await reader.ReadLineAsync() is { } request)
            {
                if (request == "stay")
                {
                    Interlocked.Increment(ref _stays);
                    _stayed.Release();
                }

                if (request != "stay" || !Hangs)
                {
                    await stream.WriteAsync(Encoding.ASCII.GetBytes($"{request.Split(' ')[0]} done\n"));
                }
            }
        }
    }

    private sealed class Silent : INode
    {
        public SessionServer? Server { get; init; }

        public string Name => "10.21.9.9";

        public bool IsDisposed { get; private set; }

        public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            Task.FromResult(new CommandResult(0, "", ""));

        public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            Server is { } server ? server.ConnectAsync(cancellationToken) : Task.FromResult<Stream>(new MemoryStream());

        public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
            throw new IOException("Nothing listens there.");

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
