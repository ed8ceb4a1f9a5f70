using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace DeisProxy.Fuzzing;

/// <summary>
/// A property over <see cref="Mutation"/>s: the same sample in every run of the tests; where DEIS_PROXY_FUZZ is set (to 100000, say), as many others.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FuzzAttribute : PropertyAttribute
{
    /// <summary>Runs it with any of them.</summary>
    /// <param name="sample">How many cases fit into a second or two.</param>
    public FuzzAttribute(int sample)
    {
        var isGiven = int.TryParse(Environment.GetEnvironmentVariable("DEIS_PROXY_FUZZ"), out var count);
        MaxTest = isGiven ? count : sample;
        Replay = isGiven ? null : "20261125,1";
        Arbitrary = [typeof(Mutation)];
    }
}

/// <summary>How what is right is made into what is hostile: the same every time for the same seed, which is what a failure prints.</summary>
internal sealed record Mutation(int Seed)
{
    /// <summary>Ends what hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly byte[][] Poison =
    [
        .. new[]
        {
            "", "\0", "\e[2J\e]0;owned\a", "\u009b31m", "\u202e", "\u2028", "\ufeff", "\ud7ff\ue000", "\r\n", "\t", "null", "[null]", "{}", "[]",
                "[[]]", "true",
            "-1", "0", "1e999", "99999999999999999999999", "-9223372036854775808", "9223372036854775807", "2147483648", "1.5", "\"", "'", "<", ">",
                "&",
            "&lol;", "&#0;", "&#xD800;", "<!DOCTYPE r [<!ENTITY lol \"lol\"><!ENTITY a SYSTEM \"file:///etc/passwd\">]>", "<![CDATA[", "]]>",
                "<!--", "<?xml?>",
            "../../..", "%00", "%s%n", "${jndi:ldap://x}", "$(reboot)", "`reboot`", "; reboot", "\\u0000", "\\ud800", "\\", "//", "/*", "*", "?",
                "!", "@", "#", "|1|",
            "HTTP/1.1 200 OK\r\n\r\n", "SSH-2.0-", "PROXY TCP4 ", ":", "::", "::1", "[::1]:99999", "256.256.256.256", "0.0.0.0/0", "fe80::1%eth0",
                ".", "..",
            "\"a\":1,\"a\":2", "\"$type\":\"x\"", "\"kind\":\"none\"",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff, 0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
    ];

    /// <summary>What stands where JSON expects something else.</summary>
    private static readonly string[] Values =
        ["null", "true", "0", "-1", "1e400", "12345678901234567890", "\"\"", "\"x\"", "\"\\u0000\\u001b[2J\"", "[]", "[null]", "{}",
            "{\"a\":null}", "[[[]]]"];

    /// <summary>Any of them.</summary>
    public static Arbitrary<Mutation> Arbitrary() => Gen.Choose(int.MinValue, int.MaxValue).Select(seed => new Mutation(seed)).ToArbitrary();

    /// <summary>Something hostile, made of one of the samples.</summary>
    public byte[] Of(IReadOnlyList<byte[]> samples)
    {
        var random = new Random(Seed);
        var sample = samples[random.Next(samples.Count)];
        var isRestructured = random.Next(2) == 0;
        var text = (isRestructured ? Restructure(sample, random) : sample).ToList();
        for (var left = random.Next(isRestructured ? 0 : 1, isRestructured ? 3 : 6); left > 0; left--)
        {
            Change(text, samples, random);
        }

        return [.. text];
    }

    /// <summary>The same as text; what is no UTF-8 in it is what a decoder makes of it.</summary>
    public string Of(params string[] samples) => Encoding.UTF8.GetString(Of([.. samples.Select(Encoding.UTF8.GetBytes)]));

    /// <summary>A choice that goes with it.</summary>
    public T Choose<T>(params T[] choices) => choices[(int)((uint)Seed / 7 % choices.Length)];

    /// <summary>Does something that may hang.</summary>
    public static Task WithinLimitAsync(Func<Task> act) => Task.Run(act).WaitAsync(Limit);

    /// <summary>What still is JSON or XML, but not what is expected: a part is missing, is of another kind or is there twice.</summary>
    private static byte[] Restructure(byte[] sample, Random random)
    {
        if (sample.AsSpan().StartsWith("{"u8))
        {
            var root = JsonNode.Parse(sample)!;
            var places = Descendants(root).Where(node => node.Parent is not null).ToList();
            for (var left = random.Next(1, 3); left > 0 && places.Count > 0; left--)
            {
                var place = places[random.Next(places.Count)];
                var value = JsonNode.Parse(Values[random.Next(Values.Length)]);
                switch (place.Parent)
                {
                    case JsonObject parent when parent.FirstOrDefault(pair => pair.Value == place).Key is { } name:
                        _ = random.Next(4) == 0 ? parent.Remove(name) : (parent[name] = value) is null;
                        break;
                    case JsonArray list when list.IndexOf(place) is >= 0 and var index:
                        list[index] = random.Next(4) == 0 ? place.DeepClone() : value;
                        break;
                }
            }

            return Encoding.UTF8.GetBytes(root.ToJsonString());
        }

        if (sample.AsSpan().StartsWith("<"u8))
        {
            var root = XElement.Parse(Encoding.UTF8.GetString(sample));
            for (var left = random.Next(1, 3); left > 0; left--)
            {
                var elements = root.Descendants().ToList();
                if (elements.Count == 0)
                {
                    break;
                }

                var element = elements[random.Next(elements.Count)];
                switch (random.Next(4))
                {
                    case 0:
                        element.Remove();
                        break;
                    case 1:
                        element.RemoveNodes();
                        break;
                    case 2:
                        element.AddAfterSelf(new XElement(element));
                        break;
                    default:
                        element.ReplaceNodes(elements[random.Next(elements.Count)].Value);
                        break;
                }
            }

            return Encoding.UTF8.GetBytes(root.ToString(SaveOptions.DisableFormatting));
        }

        return sample;
    }

    private static IEnumerable<JsonNode> Descendants(JsonNode node) => (node switch
    {
        JsonObject members => members.Select(pair => pair.Value),
        JsonArray list => list,
        _ => [],
    }).OfType<JsonNode>().SelectMany(Descendants).Prepend(node);

    private static void Change(List<byte> text, IReadOnlyList<byte[]> samples, Random random)
    {
        var at = random.Next(text.Count + 1);
        var length = Math.Min(random.Next(1, 1 + random.Next(1, 64)), text.Count - at);
        switch (random.Next(10))
        {
            case 0:
                text.RemoveRange(at, length);
                break;
            case 1:
                text.RemoveRange(at, text.Count - at);
                break;
            case 2:
                text.InsertRange(at, text.GetRange(at, length));
                break;
            case 3 when length > 0:
                text[at] = (byte)random.Next(256);
                break;
            case 4 when length > 0:
                text[at] ^= (byte)(1 << random.Next(8));
                break;
            case 5:
                // A value, as its quotes or tags enclose it, becomes another one.
                Replace(text, at, Poison[random.Next(Poison.Length)]);
                break;
            case 6:
                var other = samples[random.Next(samples.Count)];
                var from = random.Next(other.Length + 1);
                text.InsertRange(at, other.AsSpan(from, Math.Min(random.Next(200), other.Length - from)).ToArray());
                break;
            case 7 when random.Next(200) == 0:
                // Now and then very much of something: up to some megabytes.
                var piece = Poison[random.Next(Poison.Length)] is { Length: > 0 } poison ? poison : "a"u8.ToArray();
                text.InsertRange(at, Enumerable.Repeat(piece, random.Next(1 << random.Next(4, 20))).SelectMany(bytes => bytes));
                break;
            default:
                text.InsertRange(at, Poison[random.Next(Poison.Length)]);
                break;
        }
    }

    private static void Replace(List<byte> text, int at, byte[] value)
    {
        var (begin, end) = (at, at);
        while (begin > 0 && !IsBoundary(text[begin - 1]))
        {
            begin--;
        }

        while (end < text.Count && !IsBoundary(text[end]))
        {
            end++;
        }

        text.RemoveRange(begin, end - begin);
        text.InsertRange(begin, value);
    }

    private static bool IsBoundary(byte letter) => "\"<>:,{}[] \n"u8.Contains(letter);
}
