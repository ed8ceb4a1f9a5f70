using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Xml;
using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;
using DeisProxy.Core;

namespace DeisProxy.Aws;

/// <summary>Turns the SDK's exceptions into what happened, and what the person can do.</summary>
internal static partial class AwsErrors
{
    private static readonly HashSet<string> Denied = new(StringComparer.Ordinal)
    {
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure",
    };

    private static readonly HashSet<string> BadCredentials = new(StringComparer.Ordinal)
    {
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
        "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "OptInRequired",
    };

    /// <summary>
    /// A signature is good for about five minutes before and after its time. The SDK corrects its clock by the service's where it can, and repeats
    /// the call: these are left where it cannot.
    /// </summary>
    private static readonly HashSet<string> WrongTime = new(StringComparer.Ordinal)
    {
        "RequestTimeTooSkewed", "RequestInTheFuture", "SignatureExpired",
    };

    /// <summary>
    /// What AWS answers when it is asked too often, or while another update is pending; hardly any is declared in the services' models.
    /// </summary>
    private static readonly HashSet<string> Throttled = new(StringComparer.Ordinal)
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "TooManyRequestsException",
        "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException", "DependencyThrottle",
        "ResourceContention",
    };

    /// <summary>Makes a call and translates what it throws.</summary>
    /// <param name="operation">Name of the API operation, as in IAM policies: <c>elasticloadbalancing:DescribeLoadBalancers</c>.</param>
    public static async Task<T> CallAsync<T>(string operation, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw NoAnswer(operation, error);
        }
        catch (AmazonServiceException error)
        {
            throw Translate(operation, error);
        }
        catch (ProcessAWSCredentialException error)
        {
            // Not kept as the cause, which --verbose prints: its message has what the command wrote.
            throw new DeisProxyException(
                "credentials-unusable",
                $"credential_process gave no AWS credentials: {ProcessFailure(error.Message)}.",
                "Run the command that credential_process names yourself; it must print JSON with Version, AccessKeyId and SecretAccessKey."
                    + AwsClients.NamedFiles());
        }
        catch (AmazonClientException error)
        {
            throw new DeisProxyException(
                "credentials-unusable",
                $"Could not find AWS credentials: {RemoteText.Clean(error.Message)}",
                $"aws sts get-caller-identity shows whether they work; an SSO profile needs aws sso login.{AwsClients.NamedFiles()}",
                error);
        }
        catch (Exception error) when (error is XmlException or FormatException or OverflowException)
        {
            // The SDK's own readers pass on what theirs throw.
            throw NotUnderstood(operation, RemoteText.Clean(error.Message).TrimEnd('.'), error);
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutException or IOException)
        {
            // Where the SDK does not repeat a call, it passes on what HttpClient throws.
            throw NoAnswer(operation, error);
        }
    }

    /// <summary>Reads all pages of a list.</summary>
    /// <param name="read">Reads the page that a token names, null the first, and gives its items and the token of the next one.</param>
    public static async Task<List<T>> ReadPagesAsync<T>(string operation, Func<string?, Task<(IEnumerable<T>? Items, string? Next)>> read)
    {
        var all = new List<T>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? token = null;
        do
        {
            var (items, next) = await read(token);
            all.AddRange(items ?? []);
            token = string.IsNullOrEmpty(next) ? null : next;
            if (token is not null && !seen.Add(token))
            {
                // Otherwise the pages would be asked for forever.
                throw NotUnderstood(operation, "it names the same next page again and again");
            }
        }
        while (token is not null);
        return all;
    }

    /// <summary>An answer that no service of AWS gives.</summary>
    public static DeisProxyException NotUnderstood(string operation, string why, Exception? innerException = null) => new(
        "aws-error",
        $"The answer to {operation} is not what AWS documents: {why}.",
        "Check AWS_ENDPOINT_URL and the proxy, if they are set: whatever answers there may not be AWS.",
        innerException);

    private static DeisProxyException Translate(string operation, AmazonServiceException error)
    {
        var code = error.ErrorCode ?? "";

        // After its first line, SignatureDoesNotMatch repeats the request, with the session token in it.
        var said = error.Message.Split('\n')[0].TrimEnd();
        return error switch
        {
            _ when Denied.Contains(code) => new DeisProxyException(
                "access-denied",
                $"AWS denied {operation}: {said}",
                $"Allow {operation} for these credentials; docs/permissions.md has the full IAM policy.",
                error),
            _ when IsWrongTime(code, said) => new DeisProxyException(
                "clock-wrong",
                $"AWS rejected the time of this machine: {said}",
                $"Check this machine's clock: it says {TimeProvider.System.GetUtcNow().UtcDateTime:u}. timedatectl shows whether it is synchronized.",
                error),
            _ when BadCredentials.Contains(code) => new DeisProxyException(
                "credentials-rejected",
                $"AWS rejected the credentials ({code}): {said}",
                "Check them with aws sts get-caller-identity; temporary credentials expire, and a wrong clock breaks signatures.",
                error),
            AccessPointNotFoundException => new DeisProxyException(
                "load-balancer-gone",
                $"The load balancer does not exist: {said}",
                "Check the region and the account, and the stack's resources in the AWS console.",
                error),
            CertificateNotFoundException => new DeisProxyException(
                "certificate-not-found",
                $"AWS could not find a listener's certificate: {said}",
                "Check whether the certificate was deleted in IAM or ACM.",
                error),
            { InnerException: HttpRequestException or IOException or OperationCanceledException } => NoAnswer(operation, error),
            _ => new DeisProxyException(
                "aws-error",
                $"{operation} failed{(code.Length == 0 ? "" : $" ({code})")}: {said}",
                "Run the command again. If it fails again, check the AWS console and CloudTrail.",
                error)
            {
                IsTransient = Throttled.Contains(code) || (int)error.StatusCode >= 500,
            },
        };
    }

    /// <summary>Why a credential_process failed. What it wrote is not repeated: there may be keys in it.</summary>
    private static string ProcessFailure(string message) => ExitValue().Match(message).Groups["value"].Value switch
    {
        "" => "what it printed is not what AWS documents",
        "126" => "its command may not be executed",
        "127" => "its command was not found",
        var status => $"it ended with status {status}",
    };

    /// <summary>Some services have no code of their own for it (Signature Version 4, troubleshooting).</summary>
    private static bool IsWrongTime(string code, string message) => WrongTime.Contains(code)
        || message.StartsWith("Signature expired", StringComparison.Ordinal)
        || message.StartsWith("Signature not yet current", StringComparison.Ordinal);

    /// <summary>The message that says most: which address refuses a connection, or what is wrong with TLS.</summary>
    private static string Reason(Exception error)
    {
        var cause = error as HttpRequestException ?? error.InnerException;
        return (cause is HttpRequestException { InnerException: { } inner and not SocketException } ? inner : cause ?? error).Message;
    }

    [GeneratedRegex("exit value (?<value>[0-9]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ExitValue();

    private static DeisProxyException NoAnswer(string operation, Exception error) => new(
        "aws-unreachable",
        $"{operation} got no answer: {Reason(error)}",
        "Check the network, the proxy, and AWS_ENDPOINT_URL if it is set.",
        error)
    {
        IsTransient = true,
    };
}
