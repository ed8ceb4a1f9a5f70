using System.Net;

using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace DeisProxy.Rackspace;

/// <summary>What is repeated, and after what pause.</summary>
internal static class Resilience
{
    /// <summary>A limit is per minute at most; who is told to wait longer should know.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(65);

    private const int Repetitions = 4;

    /// <summary>The pipeline of a kind of request.</summary>
    /// <param name="repeatable">Whether the request may be made twice: if not, it is repeated only where it was certainly not handled.</param>
    public static ResiliencePipeline<Answer> Pipeline(RackspaceSettings settings, bool repeatable) =>
        new ResiliencePipelineBuilder<Answer> { TimeProvider = settings.Time }
            .AddRetry(new RetryStrategyOptions<Answer>
            {
                MaxRetryAttempts = Repetitions,
                Delay = TimeSpan.FromMilliseconds(300),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome switch
                {
                    { Result.RetryAfter: { } wait } when wait > LongestWait => false,
                    { Result.IsRateLimit: true } => true,
                    { Result: { } answer } => repeatable && answer.Status >= HttpStatusCode.InternalServerError,
                    { Exception: HttpRequestException error } => repeatable || NeverArrived(error),
                    { Exception: IOException or TimeoutRejectedException } => repeatable,
                    _ => false,
                }),
                DelayGenerator = args => ValueTask.FromResult(args.Outcome.Result?.RetryAfter),
            })
            .AddTimeout(settings.CallTimeout)
            .Build();

    private static bool NeverArrived(HttpRequestException error) =>
        error.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError;
}
