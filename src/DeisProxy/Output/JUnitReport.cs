using System.Globalization;
using System.Text;
using System.Xml;
using DeisProxy.Core.Verifying;

namespace DeisProxy.Output;

/// <summary>The checks as a JUnit XML report, which CI systems show.</summary>
internal static class JUnitReport
{
    /// <summary>
    /// Makes the report: a check that failed is a failure, one that was skipped is skipped, a warning is a note, what prevented checking is an error.
    /// </summary>
    /// <param name="error">Why there are no more checks; null if there is no such reason.</param>
    public static string Write(string stack, IReadOnlyCollection<CheckResult> checks, Exception? error, DateTimeOffset begun, TimeSpan duration)
    {
        using var text = new Utf8Writer();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true }))
        {
            xml.WriteStartElement("testsuite");
            xml.WriteAttributeString("name", $"deis-proxy verify {Terminal.Clean(stack)}");
            xml.WriteAttributeString("timestamp", begun.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
            WriteTime(xml, duration);
            Count("tests", checks.Count + (error is null ? 0 : 1));
            Count("failures", checks.Count(c => c.Status == CheckStatus.Fail));
            Count("errors", error is null ? 0 : 1);
            Count("skipped", checks.Count(c => c.Status == CheckStatus.Skip));
            foreach (var check in checks)
            {
                WriteCheck(xml, check);
            }

            if (error is not null)
            {
                WriteError(xml, ErrorDocument.Of(error));
            }

            xml.WriteEndElement();

            void Count(string name, int value) => xml.WriteAttributeString(name, XmlConvert.ToString(value));
        }

        return text.ToString();
    }

    private static void WriteCheck(XmlWriter xml, CheckResult check)
    {
        var seen = Terminal.Clean(check.Seen);
        StartCase(xml, check.Id);
        WriteTime(xml, check.Duration);
        switch (check.Status)
        {
            case CheckStatus.Fail:
                xml.WriteStartElement("failure");
                xml.WriteAttributeString("message", seen);
                xml.WriteString($"expected: {Terminal.Clean(check.Expected)}\n{Terminal.Clean(check.Remedy)}");
                xml.WriteEndElement();
                break;
            case CheckStatus.Skip:
                xml.WriteStartElement("skipped");
                xml.WriteAttributeString("message", seen);
                xml.WriteEndElement();
                break;
            case CheckStatus.Warn:
                xml.WriteElementString("system-out", $"warning: {seen}\n{Terminal.Clean(check.Remedy)}");
                break;
            case CheckStatus.Pass:
            default:
                break;
        }

        xml.WriteEndElement();
    }

    private static void WriteError(XmlWriter xml, ErrorDocument error)
    {
        StartCase(xml, "verify");
        xml.WriteStartElement("error");
        xml.WriteAttributeString("type", error.Code);
        xml.WriteAttributeString("message", Terminal.Clean(error.Message));
        xml.WriteString(Terminal.Clean(error.Remedy));
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void StartCase(XmlWriter xml, string name)
    {
        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("classname", "deis-proxy.verify");
        xml.WriteAttributeString("name", name);
    }

    private static void WriteTime(XmlWriter xml, TimeSpan time) =>
        xml.WriteAttributeString("time", time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture));

    private sealed class Utf8Writer : StringWriter
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
