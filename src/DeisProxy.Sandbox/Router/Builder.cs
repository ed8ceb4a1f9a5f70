using System.Net.Sockets;

using DeisProxy.Sandbox.Traffic;

namespace DeisProxy.Sandbox.Router;

/// <summary>
/// The builder behind instance port 2222: an SSH server's first words. A client that does not begin with an SSH banner, such as a
/// load balancer's PROXY line, is told so and cut off, as OpenSSH does.
/// </summary>
internal static class Builder
{
    private const int BannerLimit = 255;

    public static async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        await using var stream = new WireStream(new NetworkStream(socket, ownsSocket: false));
        await stream.WriteAsync("SSH-2.0-OpenSSH_6.6.1p1 Ubuntu-2ubuntu2\r\n"u8.ToArray(), cancellationToken);
        var line = await stream.ReadLineAsync(BannerLimit, cancellationToken);
        if (line is null)
        {
            return;
        }

        if (!line.StartsWith("SSH-2.0-", StringComparison.Ordinal) && !line.StartsWith("SSH-1.99-", StringComparison.Ordinal))
        {
            await stream.WriteAsync("Protocol mismatch.\n"u8.ToArray(), cancellationToken);
            return;
        }

        // Nobody gets further than the banners here; wait until the client gives up.
        while (!(await stream.PeekAsync(cancellationToken)).IsEmpty)
        {
            await stream.ReadExactlyAsync(new byte[1], cancellationToken);
        }
    }
}
