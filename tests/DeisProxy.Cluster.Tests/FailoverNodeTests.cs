using System.Diagnostics;
using DeisProxy.Cluster.Ssh;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Tests;

/// <summary>How the node to enter by is chosen, where real servers give no control over who is late.</summary>
public sealed class FailoverNodeTests
{
    private static readonly NodeAddress[] Addresses = [.. new[] { "a", "b", "c", "d" }.Select(NodeAddress.Parse)];

    [Fact]
    public async Task Nodes_that_do_not_answer_are_tried_side_by_side()
    {
        var transport = new Transport { Late = { ["a"] = 60, ["b"] = 60, ["c"] = 60 } };
        var clock = Stopwatch.StartNew();
        await using (var node = await FailoverNode.EnterAsync(transport, Addresses, _ => { }, CancellationToken.None))
        {
            node.Name.ShouldBe("d");
        }

        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
        transport.Open.ShouldBe(0);
    }

    [Fact]
    public async Task Who_fails_is_told_in_the_order_of_the_nodes_and_who_is_entered_too_late_is_left()
    {
        var transport = new Transport { Late = { ["a"] = 1.3, ["b"] = 0.1, ["c"] = 2, ["d"] = 30 }, Failing = ["a", "b"] };
        var passedOver = new List<string>();
        await using (var node = await FailoverNode.EnterAsync(transport, Addresses, e => passedOver.Add(e.Message), CancellationToken.None))
        {
            node.Name.ShouldBe("c");
        }

        passedOver.ShouldBe(["a", "b"]);
        transport.Open.ShouldBe(0);
    }

    [Fact]
    public async Task Advice_is_given_once_for_several_nodes()
    {
        var transport = new Transport { Failing = ["a", "b", "c"], Remedy = name => $"Read it (on the node: ssh-keygen). Then add: {name}" };
        var passedOver = new List<string>();
        await using (await FailoverNode.EnterAsync(transport, Addresses, e => passedOver.Add(e.Remedy), CancellationToken.None))
        {
            passedOver.ShouldBe(["Read it (on the node: ssh-keygen). Then add: a", "b", "c"]);
        }

        var error = await Should.ThrowAsync<DeisProxyException>(
            () => FailoverNode.EnterAsync(transport, Addresses[..2], _ => { }, CancellationToken.None));
        error.Remedy.ShouldBe("Read it (on the node: ssh-keygen). Then add: a; b");
    }

    [Fact]
    public async Task Who_is_entered_after_another_one_is_left()
    {
        var transport = new Transport { Late = { ["a"] = 6, ["b"] = 0.1 }, Stubborn = ["a"] };
        await using (var node = await FailoverNode.EnterAsync(transport, Addresses, _ => { }, CancellationToken.None))
        {
            node.Name.ShouldBe("b");
            transport.Entered.ShouldBe(2);
            transport.Open.ShouldBe(1);
        }

        transport.Open.ShouldBe(0);
    }

    [Fact]
    public async Task A_changed_host_key_is_seen_though_another_node_was_entered_first()
    {
        var transport = new Transport { Late = { ["a"] = 6, ["b"] = 0.1 }, Stubborn = ["a"], Failing = ["a"], Code = "ssh-host-key-changed" };
        var error = await Should.ThrowAsync<DeisProxyException>(
            () => FailoverNode.EnterAsync(transport, Addresses, _ => { }, CancellationToken.None));
        error.Code.ShouldBe("ssh-host-key-changed");
        transport.Entered.ShouldBe(1);
        transport.Open.ShouldBe(0);
    }

    [Fact]
    public async Task While_a_person_is_asked_no_other_node_is_begun()
    {
        var transport = new Transport { Late = { ["a"] = 2 }, Asking = TimeSpan.FromSeconds(5) };
        await using var node = await FailoverNode.EnterAsync(transport, Addresses, _ => { }, CancellationToken.None);
        node.Name.ShouldBe("a");
    }

    [Fact]
    public async Task A_cancelled_search_leaves_nothing_open()
    {
        var transport = new Transport { Late = { ["a"] = 4, ["b"] = 30, ["c"] = 30, ["d"] = 30 }, Stubborn = ["a"] };
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Should.ThrowAsync<OperationCanceledException>(() => FailoverNode.EnterAsync(transport, Addresses, _ => { }, soon.Token));
        transport.Entered.ShouldBe(1);
        transport.Open.ShouldBe(0);
    }

    private sealed class Transport : INodeTransport
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();
        private int _open;

        /// <summary>How long from now on a person is being asked.</summary>
        public TimeSpan Asking { get; init; }

        public bool IsAsking => _clock.Elapsed < Asking;

        /// <summary>Those that do not hear that they are no longer wanted.</summary>
        public string[] Stubborn { get; init; } = [];

        public string Code { get; init; } = "ssh-unreachable";

        public Func<string, string> Remedy { get; init; } = _ => "";

        public int Entered { get; private set; }

        public Dictionary<string, double> Late { get; } = [];

        public string[] Failing { get; init; } = [];

        public int Open => _open;

        public bool HasJump => false;

        public async Task<INode> ConnectAsync(NodeAddress address, CancellationToken cancellationToken)
        {
            var name = address.ToString();
            await Task.Delay(
                TimeSpan.FromSeconds(Late.GetValueOrDefault(name)), Stubborn.Contains(name) ? CancellationToken.None : cancellationToken);
            if (Failing.Contains(name))
            {
                throw new DeisProxyException(Code, name, Remedy(name));
            }

            Interlocked.Increment(ref _open);
            Entered++;
            return new Node(name, () => Interlocked.Decrement(ref _open));
        }

        public INodeTransport Through(INode entry) => throw new NotSupportedException();
    }

    private sealed class Node(string name, Action left) : INode
    {
        public string Name => name;

        public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DisposeAsync()
        {
            left();
            return ValueTask.CompletedTask;
        }
    }
}
