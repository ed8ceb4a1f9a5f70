using System.Text;

namespace DeisProxy.Cluster.Ssh;

/// <summary>What a command writes.</summary>
internal static class CommandOutput
{
    /// <summary>What is kept, in bytes; more than that is no answer to anything that deis-proxy asks.</summary>
    private const int Maximum = 16 * 1024 * 1024;

    /// <summary>Reads to the end.</summary>
    /// <param name="read">Reads into a buffer, as of a stream.</param>
    /// <exception cref="Core.DeisProxyException"><c>ssh-output-too-long</c>.</exception>
    public static async Task<string> ReadAsync(
        Func<Memory<byte>, CancellationToken, ValueTask<int>> read, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        var buffer = new byte[16 * 1024];
        for (int count; (count = await read(buffer, cancellationToken)) > 0; output.Write(buffer, 0, count))
        {
            if (output.Length + count > Maximum)
            {
                throw SshFailure.OutputTooLong(Maximum);
            }
        }

        return Encoding.UTF8.GetString(output.GetBuffer(), 0, (int)output.Length);
    }
}
