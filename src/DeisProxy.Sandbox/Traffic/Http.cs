using System.Globalization;
using System.Net;
using System.Text;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>Header fields in their order; names compare without case.</summary>
internal sealed class HttpFields : List<KeyValuePair<string, string>>
{
    public HttpFields()
    {
    }

    public HttpFields(IEnumerable<KeyValuePair<string, string>> fields)
        : base(fields)
    {
    }

    /// <summary>The values of one field, joined as HTTP allows; null when it is absent. Setting replaces, null removes.</summary>
    public string? this[string name]
    {
        get
        {
            var values = this.Where(field => Is(field, name)).Select(field => field.Value).ToList();
            return values.Count == 0 ? null : string.Join(", ", values);
        }

        set
        {
            RemoveAll(field => Is(field, name));
            if (value is not null)
            {
                Add(new(name, value));
            }
        }
    }

    public bool HasToken(string name, string token) =>
        this[name]?.Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase) ?? false;

    private static bool Is(KeyValuePair<string, string> field, string name) => string.Equals(field.Key, name, StringComparison.OrdinalIgnoreCase);
}

/// <summary>A request as it came over the wire.</summary>
internal sealed record HttpRequest(string Method, string Target, string Version, HttpFields Fields, byte[] Body)
{
    public string Line => $"{Method} {Target} {Version}";

    public string Path => Target.Split('?', 2)[0];

    public string Query => Target.Split('?', 2) is [_, var query] ? query : "";

    public bool KeepsAlive => string.Equals(Version, "HTTP/1.1", StringComparison.Ordinal)
        ? !Fields.HasToken("Connection", "close")
        : Fields.HasToken("Connection", "keep-alive");

    public bool IsUpgrade => Fields.HasToken("Connection", "upgrade") && Fields["Upgrade"] is not null;
}

/// <summary>A response to be sent, or one that was received.</summary>
internal sealed record HttpResponse(int Status, HttpFields Fields, byte[] Body)
{
    /// <summary>Leave out the body and keep its length: the answer to HEAD.</summary>
    public bool HeadOnly { get; init; }

    public static HttpResponse Text(int status, string contentType, string body, params IEnumerable<KeyValuePair<string, string>> fields) =>
        new(status, new HttpFields(fields) { new("Content-Type", contentType) }, Encoding.UTF8.GetBytes(body));
}

/// <summary>Reads and writes HTTP/1.1 messages on a stream; small on purpose, so that a connection can be cut at any byte.</summary>
internal static class Http
{
    private const int LineLimit = 16 * 1024;
    private const int FieldLimit = 100;
    private const int BodyLimit = 32 * 1024 * 1024;

    /// <summary>The next request, or null when the peer is done.</summary>
    public static async Task<HttpRequest?> ReadRequestAsync(WireStream stream, CancellationToken cancellationToken)
    {
        var line = await stream.ReadLineAsync(LineLimit, cancellationToken);
        if (line is null)
        {
            return null;
        }

        var parts = line.Split(' ');
        if (parts is not [{ Length: > 0 } method, { Length: > 0 } target, "HTTP/1.1" or "HTTP/1.0"]
            || !method.All(char.IsAsciiLetterUpper)
            || (target[0] != '/' && target[0] != '*' && !target.StartsWith("http://", StringComparison.OrdinalIgnoreCase)))
        {
            throw new MalformedRequestException(line);
        }

        var fields = await ReadFieldsAsync(stream, line, cancellationToken);
        if (string.Equals(parts[2], "HTTP/1.1", StringComparison.Ordinal) && fields["Host"] is null)
        {
            throw new MalformedRequestException(line);
        }

        if (fields.HasToken("Expect", "100-continue"))
        {
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken);
        }

        var body = await ReadBodyAsync(stream, fields, untilClose: false, cancellationToken);
        return new HttpRequest(method, target, parts[2], fields, body);
    }

    /// <summary>The response to a request.</summary>
    public static async Task<HttpResponse> ReadResponseAsync(WireStream stream, string requestMethod, CancellationToken cancellationToken)
    {
        while (true)
        {
            var line = await stream.ReadLineAsync(LineLimit, cancellationToken) ?? throw new MalformedRequestException("");
            if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal)
                || line.Split(' ', 3) is not [_, var code, ..]
                || !int.TryParse(code, NumberStyles.None, CultureInfo.InvariantCulture, out var status))
            {
                throw new MalformedRequestException(line);
            }

            var fields = await ReadFieldsAsync(stream, line, cancellationToken);
            if (status is >= 100 and < 200 and not 101)
            {
                continue;
            }

            var bodiless = status is 101 or 204 or 304 || string.Equals(requestMethod, "HEAD", StringComparison.Ordinal);
            var body = bodiless ? [] : await ReadBodyAsync(stream, fields, untilClose: true, cancellationToken);
            return new HttpResponse(status, fields, body) { HeadOnly = bodiless };
        }
    }

    public static async Task WriteRequestAsync(Stream stream, HttpRequest request, CancellationToken cancellationToken)
    {
        var fields = new HttpFields(request.Fields);
        fields["Transfer-Encoding"] = null;
        fields["Content-Length"] = request.Body.Length > 0 || request.Fields["Content-Length"] is not null ? $"{request.Body.Length}" : null;
        await WriteAsync(stream, request.Line, fields, request.Body, cancellationToken);
    }

    public static async Task WriteResponseAsync(Stream stream, HttpResponse response, CancellationToken cancellationToken)
    {
        var fields = new HttpFields(response.Fields);
        fields["Transfer-Encoding"] = null;
        if (response.Status is not (101 or 204 or 304) && !(response.HeadOnly && fields["Content-Length"] is not null))
        {
            fields["Content-Length"] = $"{response.Body.Length}";
        }

        await WriteAsync(stream, StatusLine(response.Status), fields, response.HeadOnly ? [] : response.Body, cancellationToken);
    }

    public static string StatusLine(int status) => $"HTTP/1.1 {status} {Reason(status)}";

    public static string Reason(int status) => status switch
    {
        200 => "OK",
        301 => "Moved Permanently",
        404 => "Not Found",
        405 => "Method Not Allowed",
        412 => "Precondition Failed",
        502 => "Bad Gateway",
        504 => "Gateway Timeout",
        101 => "Switching Protocols",
        _ => string.Concat(((HttpStatusCode)status).ToString().Select((letter, at) => at > 0 && char.IsUpper(letter) ? $" {letter}" : $"{letter}")),
    };

    /// <summary>Parses <c>application/x-www-form-urlencoded</c>.</summary>
    public static List<KeyValuePair<string, string>> ParseForm(string form)
    {
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var pair in form.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            fields.Add(new(Unescape(at < 0 ? pair : pair[..at]), at < 0 ? "" : Unescape(pair[(at + 1)..])));
        }

        return fields;
    }

    /// <summary>Undoes percent escapes and <c>+</c>.</summary>
    public static string Unescape(string value)
    {
        for (var at = value.IndexOf('%', StringComparison.Ordinal); at >= 0; at = value.IndexOf('%', at + 1))
        {
            if (at + 2 >= value.Length || !char.IsAsciiHexDigit(value[at + 1]) || !char.IsAsciiHexDigit(value[at + 2]))
            {
                throw new FormatException($"invalid URL escape \"{value[at..Math.Min(at + 3, value.Length)]}\"");
            }
        }

        return WebUtility.UrlDecode(value);
    }

    private static async Task WriteAsync(Stream stream, string line, HttpFields fields, byte[] body, CancellationToken cancellationToken)
    {
        var head = new StringBuilder(line).Append("\r\n");
        foreach (var (name, value) in fields)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        head.Append("\r\n");
        // One write, so that a peer which reads once sees the whole message.
        await stream.WriteAsync((byte[])[.. Encoding.Latin1.GetBytes(head.ToString()), .. body], cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }

    private static async Task<HttpFields> ReadFieldsAsync(WireStream stream, string startLine, CancellationToken cancellationToken)
    {
        var fields = new HttpFields();
        while (true)
        {
            var line = await stream.ReadLineAsync(LineLimit, cancellationToken) ?? throw new MalformedRequestException(startLine);
            if (line.Length == 0)
            {
                return fields;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line[..colon].Any(char.IsWhiteSpace) || fields.Count >= FieldLimit)
            {
                throw new MalformedRequestException(startLine);
            }

            fields.Add(new(line[..colon], line[(colon + 1)..].Trim()));
        }
    }

    private static async Task<byte[]> ReadBodyAsync(WireStream stream, HttpFields fields, bool untilClose, CancellationToken cancellationToken)
    {
        if (fields.HasToken("Transfer-Encoding", "chunked"))
        {
            return await ReadChunksAsync(stream, cancellationToken);
        }

        if (fields["Content-Length"] is { } text)
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > BodyLimit)
            {
                throw new MalformedRequestException($"Content-Length: {text}");
            }

            var body = new byte[length];
            await stream.ReadExactlyAsync(body, cancellationToken);
            return body;
        }

        if (!untilClose)
        {
            return [];
        }

        using var all = new MemoryStream();
        await stream.CopyToAsync(all, cancellationToken);
        return all.ToArray();
    }

    private static async Task<byte[]> ReadChunksAsync(WireStream stream, CancellationToken cancellationToken)
    {
        using var all = new MemoryStream();
        while (true)
        {
            var line = await stream.ReadLineAsync(LineLimit, cancellationToken) ?? throw new MalformedRequestException("");
            if (!int.TryParse(line.Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var length)
                || length < 0 || all.Length + length > BodyLimit)
            {
                throw new MalformedRequestException(line);
            }

            var chunk = new byte[length];
            await stream.ReadExactlyAsync(chunk, cancellationToken);
            all.Write(chunk);
            var end = await stream.ReadLineAsync(LineLimit, cancellationToken);
            if (length == 0)
            {
                // Trailers are allowed and of no interest.
                while (!string.IsNullOrEmpty(end))
                {
                    end = await stream.ReadLineAsync(LineLimit, cancellationToken);
                }

                return all.ToArray();
            }
        }
    }
}
