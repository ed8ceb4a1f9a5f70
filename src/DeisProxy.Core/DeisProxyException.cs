namespace DeisProxy.Core;

/// <summary>
/// An expected failure: something in the user's world is not as it must be. It is shown as
/// <c>error: WHAT HAPPENED</c> followed by what to do about it, never with a stack trace.
/// </summary>
public sealed class DeisProxyException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="code">Stable kebab-case identifier that scripts may depend on, such as <c>stack-not-found</c>.</param>
    public DeisProxyException(string code, string message, string remedy, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        Remedy = remedy;
    }

    /// <summary>The same error with another remedy.</summary>
    public DeisProxyException With(string remedy) =>
        remedy == Remedy ? this : new(Code, Message, remedy, InnerException) { IsTransient = IsTransient };

    /// <summary>Stable kebab-case identifier, the <c>error.code</c> of the JSON output.</summary>
    public string Code { get; }

    /// <summary>What the person can do about it.</summary>
    public string Remedy { get; }

    /// <summary>Whether the same call may well succeed in a moment: a lost connection, a throttled request, a server's own error.</summary>
    public bool IsTransient { get; init; }
}
