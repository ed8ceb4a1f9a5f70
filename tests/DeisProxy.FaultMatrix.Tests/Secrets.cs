namespace DeisProxy.FaultMatrix.Tests;

/// <summary>What must come out nowhere: not on the terminal, not with --verbose, not in JSON, JUnit, the journal or files.</summary>
internal static class Secrets
{
    /// <summary>The platform's private key in etcd, and the key of the Rackspace account.</summary>
    public const string Key = FaultySandbox.Secret;

    public const string AwsKey = "PLANTEDawsKEY/K7MDENG+bPxRfiCYEXAMPLEKEY";

    public const string AwsToken = "PLANTEDsessionTOKEN/FwoGZXIvYXdzEXAMPLE==";

    public const string RackspaceToken = "planted-rackspace-token-0123456789abcdef";

    public const string Passphrase = "PLANTED-passphrase-of-the-key";

    /// <summary>A visitor's session, as it stands in the routers' logs.</summary>
    public const string Session = "PLANTED-session-of-a-visitor";

    private static readonly string[] All = [Key, AwsKey, AwsToken, RackspaceToken, Passphrase, Session];

    /// <summary>
    /// An error that repeats the request. AWS says of a signature that it does not accept how it should have been made, with the session token;
    /// Rackspace might repeat what it was sent, at its sign-in the key and later the token. Messages are cut at 300 characters, here in a secret.
    /// </summary>
    public static (string Code, string Message, int Status) Echo(string service) => service switch
    {
        "identity" => ("Forbidden", $"You are not authorized: {new string('x', 260)} apiKey: {Key}", 403),
        "loadbalancers" => ("Forbidden", $"You are not authorized: apiKey: {Key} {new string('x', 200)} X-Auth-Token: {RackspaceToken}", 403),
        _ => (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.\n\n"
                + $"The Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:{AwsToken}\nx-key:{Key}\n'",
            403),
    };

    /// <summary>Those that are in a text, be it only their beginnings.</summary>
    public static IReadOnlyList<string> In(string text) => [.. All.Where(secret => text.Contains(secret[..12], StringComparison.Ordinal))];
}
