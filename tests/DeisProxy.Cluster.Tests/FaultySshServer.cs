using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using DeisProxy.Cluster.Ssh;
using DeisProxy.RealParts;

namespace DeisProxy.Cluster.Tests;

/// <summary>What a server has to say next.</summary>
public enum Stage
{
    Identification,
    Algorithms,
    KeyExchange,
    NewKeys,
    Service,
    Authentication,
    Signature,
    Channel,
    Command,
    Nothing,
}

/// <summary>What it does instead.</summary>
public enum Fault
{
    /// <summary>It says nothing any more.</summary>
    Hangs,

    /// <summary>It leaves that out, and goes on with all else.</summary>
    Ignores,

    Closes,
    Resets,
    Garbage,

    /// <summary>It greets without end.</summary>
    Floods,

    /// <summary>The same, a line at a time.</summary>
    Drips,
}

/// <summary>An SSH server (RFC 4253, 4252, 4254) that lets everybody in, and does at one point what no sshd does.</summary>
internal sealed class FaultySshServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ECDsa _hostKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly TemporaryDirectory _directory = new();
    private readonly ConcurrentQueue<Task> _serving = [];
    private readonly Task _accepting;
    private readonly (Stage Stage, Fault Fault) _plan;
    private readonly Func<FaultyChannel, string, Task> _run;

    private FaultySshServer(Stage stage, Fault fault, Func<FaultyChannel, string, Task>? run)
    {
        (_plan, _run) = ((stage, fault), run ?? ((channel, _) => channel.ExitAsync()));
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>As for <c>--node</c>.</summary>
    public NodeAddress Address => NodeAddress.Parse(_listener.LocalEndpoint.ToString()!);

    /// <summary>How to enter it, as far as it can be entered.</summary>
    public SshOptions Options => new() { User = "core", IdentityFile = _directory["key"], KnownHostsFile = _directory["known_hosts"] };

    /// <summary>How often somebody has connected.</summary>
    public int Entered => _serving.Count;

    private byte[] HostKey
    {
        get
        {
            var q = _hostKey.ExportParameters(includePrivateParameters: false).Q;
            return Ssh.Join("ecdsa-sha2-nistp256", "nistp256", (byte[])[4, .. q.X!, .. q.Y!]);
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="run">What it does with a command, instead of ending it with 0.</param>
    public static async Task<FaultySshServer> StartAsync(
        Stage stage = Stage.Nothing, Fault fault = Fault.Hangs, Func<FaultyChannel, string, Task>? run = null)
    {
        var server = new FaultySshServer(stage, fault, run);
        await SshServer.NewKeyAsync(server._directory["key"]);
        await File.WriteAllTextAsync(
            server._directory["known_hosts"],
            $"[127.0.0.1]:{server.Address.Port} ecdsa-sha2-nistp256 {Convert.ToBase64String(server.HostKey)}\n");
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving);
        _stop.Dispose();
        _hostKey.Dispose();
        _directory.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _serving.Enqueue(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (Exception error)
            // AcceptSocketAsync says that it is not listening, where it is called just after the end.
            when (error is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var wire = new SshWire(socket, _stop.Token);
        try
        {
            await TalkAsync(wire);
        }
        catch (Exception error) when (
            error is IOException or SocketException or OperationCanceledException or ObjectDisposedException or CryptographicException)
        {
            System.Diagnostics.Debug.WriteLine(error.Message);
        }
    }

    private async Task TalkAsync(SshWire wire)
    {
        const string Version = "SSH-2.0-Faulty";
        if (!await IsDueAsync(Stage.Identification, wire))
        {
            return;
        }

        await wire.WriteAsync(Encoding.ASCII.GetBytes($"{Version}\r\n"));
        var clientVersion = await wire.ReadLineAsync();
        byte[] algorithms =
        [
            20, .. new byte[16],
            .. Ssh.Join(
                "ecdh-sha2-nistp256", "ecdsa-sha2-nistp256", "aes128-gcm@openssh.com", "aes128-gcm@openssh.com", "hmac-sha2-256", "hmac-sha2-256",
                "none", "none", "", ""),
            0, 0, 0, 0, 0,
        ];
        if (!await IsDueAsync(Stage.Algorithms, wire))
        {
            return;
        }

        await wire.SendAsync(algorithms);
        var clientAlgorithms = await wire.ReceiveAsync();
        var clientKey = new SshReader((await wire.ReceiveAsync()).AsMemory(1)).Bytes();
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDiffieHellman.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint { X = clientKey[1..33], Y = clientKey[33..] },
        });
        var q = key.ExportParameters(includePrivateParameters: false).Q;
        byte[] serverKey = [4, .. q.X!, .. q.Y!];
        var secret = Ssh.Join(Ssh.Number(key.DeriveRawSecretAgreement(other.PublicKey)));
        var hash = SHA256.HashData(
            [.. Ssh.Join(clientVersion, Version, clientAlgorithms, algorithms, HostKey, clientKey, serverKey), .. secret]);
        var signature = _hostKey.SignData(hash, HashAlgorithmName.SHA256);
        var signed = Ssh.Join("ecdsa-sha2-nistp256", Ssh.Join(Ssh.Number(signature[..32]), Ssh.Number(signature[32..])));
        if (!await IsDueAsync(Stage.KeyExchange, wire))
        {
            return;
        }

        await wire.SendAsync([31, .. Ssh.Join(HostKey, serverKey, signed)]);
        if (!await IsDueAsync(Stage.NewKeys, wire))
        {
            return;
        }

        await wire.SendAsync([21]);
        await wire.ReceiveAsync();
        wire.Encrypt(letter => SHA256.HashData([.. secret, .. hash, (byte)letter, .. hash]));
        while (await wire.ReceiveAsync() is { } message)
        {
            if (!await AnswerAsync(message[0], new SshReader(message.AsMemory(1)), wire))
            {
                return;
            }
        }
    }

    private async Task<bool> AnswerAsync(byte type, SshReader message, SshWire wire)
    {
        switch (type)
        {
            case 1:
                return false;
            case 5:
                return await SayAsync(Stage.Service, [6, .. Ssh.Join(message.Text())], wire);
            case 50:
                _ = (message.Text(), message.Text());
                if (message.Text() != "publickey")
                {
                    return await SayAsync(Stage.Authentication, [51, .. Ssh.Join("publickey"), 0], wire);
                }

                var isSigned = message.Byte() == 1;
                return await SayAsync(Stage.Signature, isSigned ? [52] : [60, .. Ssh.Join(message.Bytes(), message.Bytes())], wire, isSigned);
            case 80:
                _ = message.Text();
                return message.Byte() == 0 || await SayAsync(Stage.Nothing, [82], wire);
            case 90:
                _ = message.Text();
                var channel = Ssh.Number(message.Number());
                return await SayAsync(Stage.Channel, [91, .. channel, .. channel, .. Ssh.Number(1 << 21), .. Ssh.Number(1 << 15)], wire);
            case 98:
                var number = message.Number();
                var request = message.Text();
                var isAnswered = message.Byte() == 1;
                if (request != "exec")
                {
                    return true;
                }

                if (!await IsDueAsync(Stage.Command, wire))
                {
                    return _plan.Fault == Fault.Ignores;
                }

                await (isAnswered ? wire.SendAsync([99, .. Ssh.Number(number)]) : Task.CompletedTask);
                await _run(new FaultyChannel(wire, number), message.Text());
                return true;
            default:
                return true;
        }
    }

    private async Task<bool> SayAsync(Stage stage, byte[] message, SshWire wire, bool isStage = true)
    {
        if (isStage && !await IsDueAsync(stage, wire))
        {
            return _plan.Fault == Fault.Ignores;
        }

        await wire.SendAsync(message);
        return true;
    }

    /// <summary>Whether it does now what it should; else it has done something else.</summary>
    private async Task<bool> IsDueAsync(Stage stage, SshWire wire)
    {
        if (stage == Stage.Nothing || stage != _plan.Stage)
        {
            return true;
        }

        switch (_plan.Fault)
        {
            case Fault.Hangs:
                await wire.HearAsync();
                break;
            case Fault.Resets:
                wire.Reset();
                break;
            case Fault.Garbage:
                await wire.WriteAsync(RandomNumberGenerator.GetBytes(1 << 16));
                await wire.HearAsync();
                break;
            case Fault.Floods or Fault.Drips:
                while (true)
                {
                    await (_plan.Fault == Fault.Drips ? Task.Delay(TimeSpan.FromMilliseconds(300), _stop.Token) : Task.CompletedTask);
                    await (stage == Stage.Identification
                        ? wire.WriteAsync(Encoding.ASCII.GetBytes($"{new string('x', 1000)}\n"))
                        : wire.SendAsync([53, .. Ssh.Join(new string('x', 30_000), "")]));
                }
        }

        return false;
    }
}

/// <summary>What it does with a channel.</summary>
internal sealed class FaultyChannel(SshWire wire, uint number)
{
    public Task DataAsync(byte[] data) => wire.SendAsync([94, .. Ssh.Number(number), .. Ssh.Join(data)]);

    public Task EndAsync() => wire.SendAsync([96, .. Ssh.Number(number)]);

    /// <summary>Ends the command with 0.</summary>
    public async Task ExitAsync()
    {
        await wire.SendAsync([98, .. Ssh.Number(number), .. Ssh.Join("exit-status"), 0, 0, 0, 0, 0]);
        await EndAsync();
        await wire.SendAsync([97, .. Ssh.Number(number)]);
    }
}
