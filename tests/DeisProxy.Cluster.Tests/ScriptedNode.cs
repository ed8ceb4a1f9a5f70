using System.Text;
using DeisProxy.Cluster.Ssh;

namespace DeisProxy.Cluster.Tests;

/// <summary>A node whose streams answer in turn what they are told; null: closed without a word.</summary>
internal sealed class ScriptedNode(Queue<string?> answers) : INode
{
    public string Name => "scripted";

    public Task<CommandResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("No command is expected.");

    public Task<Stream> StartAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("No command is expected.");

    public Task<Stream> OpenStreamAsync(string host, int port, CancellationToken cancellationToken) =>
        Task.FromResult<Stream>(new Answer(Encoding.ASCII.GetBytes(answers.Dequeue() ?? "")));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Answer(byte[] bytes) : MemoryStream(bytes)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
