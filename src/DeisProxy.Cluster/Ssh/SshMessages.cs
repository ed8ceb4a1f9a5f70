using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Renci.SshNet;
using Renci.SshNet.Messages;
using Renci.SshNet.Messages.Connection;

namespace DeisProxy.Cluster.Ssh;

/// <summary>
/// What a session of SSH.NET can do and does not offer: sending. With it a channel needs no listener on this machine, which
/// <c>ForwardedPortLocal</c> does, and which any local user could connect to.
/// </summary>
internal static class SshMessages
{
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "SendMessage")]
    public static extern void Send(Session session, Message message);

    /// <summary>Closing it frees the threads that send; SSH.NET waits for them.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    public static extern ref Socket? SocketOf(Session session);

    [UnsafeAccessor(UnsafeAccessorKind.Constructor)]
    public static extern GlobalRequestMessage GlobalRequest(byte[] name, bool wantReply);
}

/// <summary>A channel for a command (RFC 4254, 6.1).</summary>
internal sealed class SessionOpenInfo : ChannelOpenInfo
{
    public override string ChannelType => "session";
}

/// <summary>A channel for a TCP connection that the node makes (RFC 4254, 7.2).</summary>
internal sealed class TcpOpenInfo(string host, int port) : ChannelOpenInfo
{
    public override string ChannelType => "direct-tcpip";

    protected override void SaveData()
    {
        base.SaveData();
        Write(host);
        Write((uint)port);

        // Who wants the connection; it is only logged.
        Write("127.0.0.1");
        Write(0u);
    }
}

/// <summary>The command of a channel (RFC 4254, 6.5).</summary>
internal sealed class ExecInfo : RequestInfo
{
    private readonly byte[] _command;

    public ExecInfo(string command)
    {
        WantReply = true;
        _command = Encoding.UTF8.GetBytes(command);
    }

    public override string RequestName => "exec";

    protected override void SaveData()
    {
        base.SaveData();
        WriteBinaryString(_command);
    }
}

/// <summary>The node does not open a channel.</summary>
internal sealed class ChannelRefusedException(string reason) : IOException(reason);
