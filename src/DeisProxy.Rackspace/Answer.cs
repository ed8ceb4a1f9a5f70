using System.Globalization;
using System.Net;
using System.Text.Json;

using DeisProxy.Core;

namespace DeisProxy.Rackspace;

/// <summary>An answer of a service.</summary>
/// <param name="Request">Method and path, for people.</param>
/// <param name="Message">What its error says, cleaned; empty for success.</param>
/// <param name="RetryAfter">When it says how long to wait; null if it says nothing.</param>
internal sealed record Answer(string Request, HttpStatusCode Status, string Text, string Message, bool IsRateLimit, TimeSpan? RetryAfter)
{
    private const string Immutable = "considered immutable";

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public bool IsGone => Status is HttpStatusCode.NotFound or HttpStatusCode.Gone;

    /// <summary>Whether another change is under way; 422 has other meanings, too.</summary>
    public bool IsImmutable => Status == HttpStatusCode.UnprocessableEntity && Message.Contains(Immutable, StringComparison.OrdinalIgnoreCase);

    public static Answer Of(string request, HttpResponseMessage response, string text, DateTimeOffset now)
    {
        if (response.IsSuccessStatusCode)
        {
            return new(request, response.StatusCode, text, "", IsRateLimit: false, RetryAfter: null);
        }

        var fault = Parse(text);
        var wait = WaitOf(response, fault, now);
        return new(
            request,
            response.StatusCode,
            text,
            MessageOf(fault, text),
            // Of the two forms of 413 the service's own limits are bare JSON; waiting would not help there.
            IsRateLimit: response.StatusCode == HttpStatusCode.RequestEntityTooLarge
                && (wait is not null || fault is null or { OverLimit: not null }),
            wait);
    }

    private static FaultDocument? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, Wire.Default.FaultDocument);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string MessageOf(FaultDocument? fault, string text)
    {
        var messages = (fault?.ValidationErrors?.Messages ?? [])
            .Append(fault?.OverLimit?.Message ?? fault?.Unauthorized?.Message ?? fault?.BadRequest?.Message)
            .Append(fault is { ValidationErrors.Messages.Count: > 0 } ? null : fault?.Message)
            .Append(fault?.Details)
            .OfType<string>()
            .Where(m => m.Length > 0)
            .Distinct(StringComparer.Ordinal);
        var message = RemoteText.Clean(string.Join(" ", messages));
        return message.Length > 0 ? message : RemoteText.Clean(text);
    }

    private static TimeSpan? WaitOf(HttpResponseMessage response, FaultDocument? fault, DateTimeOffset now)
    {
        // Compared with the service's own clock, which need not be ours.
        var sent = response.Headers.Date ?? now;
        var until = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => sent + delta,
            { Date: { } date } => date,
            _ => DateTimeOffset.TryParse(fault?.OverLimit?.RetryAfter, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var named)
                ? named
                : (DateTimeOffset?)null,
        };
        return until is null ? null : TimeSpan.FromTicks(Math.Max(0, (until.Value - sent).Ticks));
    }
}
