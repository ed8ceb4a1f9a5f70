using System.Net.Sockets;
using DeisProxy.Core;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// One shared connection to a node (OpenSSH's ControlMaster), in the background. A connection to its control socket is held
/// open for as long as this lives: ssh counts it as a user, so the master stays; when this process ends, even by SIGKILL, the kernel closes it and
/// the master ends by its ControlPersist; and when the master is lost, it is seen at once.
/// </summary>
internal sealed class SshMaster : IAsyncDisposable
{
    /// <summary>sun_path of the BSDs and macOS, without its NUL; Linux has 107.</summary>
    private const int MaximumSocketPath = 103;

    /// <summary>ssh binds the socket under a longer name first: '.' and 16 random characters.</summary>
    private const int TemporarySuffix = 17;

    private static readonly SshPurpose First = new SshPurpose.Command(["true"]);

    private static readonly TimeSpan ExitTime = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan FirstCommandTime = TimeSpan.FromSeconds(2);

    private readonly NodeAddress _node;
    private readonly SshOptions _options;
    private readonly DirectoryInfo _directory;
    private readonly Socket _keeper;
    private readonly Task _watch;
    private bool _hasRun;

    private SshMaster(NodeAddress node, SshOptions options, DirectoryInfo directory, string controlPath, Socket keeper)
    {
        _node = node;
        _options = options;
        _directory = directory;
        ControlPath = controlPath;
        _keeper = keeper;
        _watch = WatchAsync(keeper);
    }

    /// <summary>Whether this platform's ssh can share connections; Windows' cannot.</summary>
    public static bool IsSupported => !OperatingSystem.IsWindows();

    public string ControlPath { get; }

    /// <summary>Whether the master has ended.</summary>
    public bool IsLost => _watch.IsCompleted || HasEnded();

    public static async Task<SshMaster> StartAsync(NodeAddress node, SshOptions options, CancellationToken cancellationToken)
    {
        var directory = PrivateDirectory();
        var controlPath = Path.Combine(directory.FullName, "s");
        var started = false;
        var keeper = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await EnterAsync(node, options, controlPath, cancellationToken);
            started = true;
            try
            {
                await keeper.ConnectAsync(new UnixDomainSocketEndPoint(controlPath), cancellationToken);
            }
            catch (SocketException e)
            {
                throw SshFailure.Lost(node, innerException: e);
            }

            // sshd turns Nagle's algorithm off (TCP_NODELAY) when a first session is opened; a connection that only ever carries streams
            // would stall for 40 ms, the delayed acknowledgement, now and then. The command's result does not matter, nor that it ends.
            var hasRun = await TryAsync(node, options, controlPath, First, FirstCommandTime, cancellationToken);
            return new SshMaster(node, options, directory, controlPath, keeper) { _hasRun = hasRun };
        }
        catch
        {
            if (started)
            {
                await ExitAsync(node, options, controlPath);
            }

            keeper.Dispose();
            directory.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>Waits until the node has run a command: ssh does not say whether it starts one, and waits without end if it does not.</summary>
    /// <exception cref="DeisProxyException"><c>ssh-connection-lost</c>: it does not start one in time.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        _hasRun = _hasRun || await TryAsync(_node, _options, ControlPath, First, _options.EntryTime, cancellationToken);
        if (!_hasRun)
        {
            throw SshFailure.Lost(_node, "it does not answer in time");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!IsLost)
        {
            await ExitAsync(_node, _options, ControlPath);
        }

        _keeper.Dispose();
        await _watch;
        try
        {
            _directory.Delete(recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody has cleaned the temporary directory: nothing is left to remove.
            return;
        }
    }

    /// <summary>Starts a master. ssh's own ConnectTimeout ends with the key exchange.</summary>
    private static async Task EnterAsync(NodeAddress node, SshOptions options, string controlPath, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.EntryTime * (options.JumpHosts().Count + 1));
        try
        {
            var result = await SshProcess.RunAsync(
                SshArguments.Build(node, options, controlPath, new SshPurpose.Master()), options, limit.Token);
            if (result.ExitCode != 0)
            {
                var reason = await ReasonAsync(node, options, result.StandardError, limit.Token);
                throw SshFailure.From(node, options, result.ExitCode, reason, isEntering: true);
            }
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw SshFailure.Unreachable(node, "it does not answer in time", error);
        }
        catch (DeisProxyException error) when (error.Code == SshFailure.OutputTooLongCode)
        {
            throw SshFailure.Failed(node, "its greeting does not end", error);
        }
    }

    /// <summary>
    /// A master hides what its ProxyCommand says, so behind a jump host it only knows that its connection was closed. One that is
    /// no master tells the reason, and whether it is the host key is not to be missed.
    /// </summary>
    private static async Task<string> ReasonAsync(NodeAddress node, SshOptions options, string standardError, CancellationToken cancellationToken)
    {
        if (SshFailure.IsDefinite(standardError))
        {
            return standardError;
        }

        var again = await SshProcess.RunAsync(
            SshArguments.Build(node, options, controlPath: null, new SshPurpose.Command(["true"])), options, cancellationToken);
        return SshFailure.IsDefinite(again.StandardError) ? again.StandardError : standardError;
    }

    // A master that does not answer ends all the same: ControlPersist ends it once nobody uses it, ServerAlive once the network is dead.
    private static Task ExitAsync(NodeAddress node, SshOptions options, string controlPath) =>
        TryAsync(node, options, controlPath, new SshPurpose.Exit(), ExitTime, CancellationToken.None);

    /// <summary>Has the master do something.</summary>
    /// <returns>Whether it was done in time.</returns>
    private static async Task<bool> TryAsync(
        NodeAddress node, SshOptions options, string controlPath, SshPurpose purpose, TimeSpan time, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(time);
        try
        {
            await SshProcess.RunAsync(SshArguments.Build(node, options, controlPath, purpose), options, limit.Token);
            return true;
        }
        catch (Exception e) when (e is OperationCanceledException or DeisProxyException && !cancellationToken.IsCancellationRequested)
        {
            System.Diagnostics.Debug.WriteLine(e.Message);
            return false;
        }
    }

    private static async Task WatchAsync(Socket keeper)
    {
        // The master greets with a packet and then waits for a request that never comes; the next thing to read is its end.
        var buffer = new byte[256];
        try
        {
            while (await keeper.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A broken connection is an ended one.
            System.Diagnostics.Debug.WriteLine(e.Message);
        }
    }

    private bool HasEnded()
    {
        try
        {
            // The end may be in the kernel and not yet in the watching task.
            return _keeper.Poll(0, SelectMode.SelectRead) && _keeper.Available == 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            System.Diagnostics.Debug.WriteLine(e.Message);
            return true;
        }
    }

    /// <summary>A directory that only this user can enter, with a name short enough for a socket in it.</summary>
    private static DirectoryInfo PrivateDirectory()
    {
        // mkdtemp: mode 0700.
        var directory = Directory.CreateTempSubdirectory("dp-");
        if (directory.FullName.Length + "/s".Length + TemporarySuffix <= MaximumSocketPath)
        {
            return directory;
        }

        directory.Delete();
        var path = $"/tmp/dp-{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8))}";

        // CreateDirectory takes one that is there already, so that is looked at first; nobody can guess 64 random bits in between.
        if (OperatingSystem.IsWindows() || Directory.Exists(path))
        {
            throw new IOException($"{path} exists already.");
        }

        return Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
