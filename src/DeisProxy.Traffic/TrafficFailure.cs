using System.Net.Sockets;
using System.Security.Authentication;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Traffic;

/// <summary>Tells the ways apart in which a connection can fail.</summary>
internal static class TrafficFailure
{
    /// <summary>Longest time to resolve a name and to connect.</summary>
    public static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5);

    /// <summary>Longest time of a whole exchange.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(10);

    /// <summary>What happened, in one of the words that checks judge by.</summary>
    public static (TrafficOutcome Outcome, string Detail) Of(Exception error) => error switch
    {
        OperationCanceledException => (TrafficOutcome.TimedOut, ""),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => (TrafficOutcome.NameNotResolved, Innermost(error)),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => (TrafficOutcome.NotConnected, Innermost(error)),
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => (TrafficOutcome.TlsFailed, Innermost(error)),
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => (TrafficOutcome.Closed, ""),
        HttpRequestException { InnerException: IOException { InnerException: SocketException } } => (TrafficOutcome.Closed, ""),
        HttpRequestException => (TrafficOutcome.Invalid, Innermost(error)),
        AuthenticationException => (TrafficOutcome.TlsFailed, error.Message),
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
            (TrafficOutcome.NameNotResolved, error.Message),
        SocketException => (TrafficOutcome.NotConnected, error.Message),
        IOException => (TrafficOutcome.Closed, ""),
        _ => (TrafficOutcome.Invalid, error.Message),
    };

    private static string Innermost(Exception error) => error.GetBaseException().Message;
}
