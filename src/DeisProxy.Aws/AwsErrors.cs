using System.Net.Sockets;
using Amazon.ElasticLoadBalancing.Model;
using Amazon.Runtime;
using DeisProxy.Core;

namespace DeisProxy.Aws;

/// <summary>Turns the SDK's exceptions into what happened, and what the person can do.</summary>
internal static class AwsErrors
{
    private static readonly HashSet<string> Denied = new(StringComparer.Ordinal)
    {
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthFailure",
    };

    private static readonly HashSet<string> BadCredentials = new(StringComparer.Ordinal)
    {
        "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
        "SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "OptInRequired", "SignatureExpired",
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
        catch (AmazonClientException error)
        {
            throw new DeisProxyException(
                "credentials-unusable",
                $"Could not find AWS credentials: {error.Message}",
                "aws sts get-caller-identity shows whether they work; an SSO profile needs aws sso login.",
                error);
        }
        catch (Exception error) when (error is HttpRequestException or TimeoutException or IOException)
        {
            // Where the SDK does not repeat a call, it passes on what HttpClient throws.
            throw NoAnswer(operation, error);
        }
    }

    private static DeisProxyException Translate(string operation, AmazonServiceException error)
    {
        var code = error.ErrorCode ?? "";
        return error switch
        {
            _ when Denied.Contains(code) => new DeisProxyException(
                "access-denied",
                $"AWS refuses {operation}: {error.Message}",
                $"Let these credentials do {operation}; docs/permissions.md has the IAM policy with everything that deis-proxy needs.",
                error),
            _ when BadCredentials.Contains(code) => new DeisProxyException(
                "credentials-rejected",
                $"AWS does not accept the credentials ({code}): {error.Message}",
                "aws sts get-caller-identity shows whether they work; temporary credentials expire, and a wrong clock spoils signatures.",
                error),
            AccessPointNotFoundException => new DeisProxyException(
                "load-balancer-gone",
                $"The load balancer does not exist: {error.Message}",
                "Check the region and the account, and the stack's resources in the AWS console.",
                error),
            CertificateNotFoundException => new DeisProxyException(
                "certificate-not-found",
                $"AWS does not find a listener's certificate: {error.Message}",
                "Check whether the certificate was deleted in IAM or ACM.",
                error),
            { InnerException: HttpRequestException or IOException or OperationCanceledException } => NoAnswer(operation, error),
            _ => new DeisProxyException(
                "aws-error",
                $"{operation} failed{(code.Length == 0 ? "" : $" ({code})")}: {error.Message}",
                "Run the command again; if it stays, the AWS console and CloudTrail show more.",
                error)
            {
                IsTransient = Throttled.Contains(code) || (int)error.StatusCode >= 500,
            },
        };
    }

    /// <summary>The message that says most: which address refuses a connection, or what is wrong with TLS.</summary>
    private static string Reason(Exception error)
    {
        var cause = error as HttpRequestException ?? error.InnerException;
        return (cause is HttpRequestException { InnerException: { } inner and not SocketException } ? inner : cause ?? error).Message;
    }

    private static DeisProxyException NoAnswer(string operation, Exception error) => new(
        "aws-unreachable",
        $"{operation} got no answer: {Reason(error)}",
        "Check the network, the proxy, and AWS_ENDPOINT_URL if it is set.",
        error)
    {
        IsTransient = true,
    };
}
