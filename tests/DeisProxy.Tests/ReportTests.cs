using System.Text.Json;
using System.Xml.Linq;
using DeisProxy.Core;
using DeisProxy.Core.Verifying;
using DeisProxy.Output;
using FsCheck.Xunit;

namespace DeisProxy.Tests;

/// <summary>Reports for programs: whatever text is in them, programs can read them.</summary>
[Collection(nameof(Alone))]
public sealed class ReportTests
{
    private const string Hostile = "]]><evil a=\"1\"/>&amp;\u0000\u0001\e[2J\u202E\uFFFE";

    [Fact]
    public void JUnit_with_hostile_text_is_well_formed_and_says_what_it_must()
    {
        var xml = JUnitReport.Write(
            Hostile,
            [
                new CheckResult("stack", CheckStatus.Pass, Hostile, Hostile, ""),
                new CheckResult("listeners", CheckStatus.Fail, Hostile, Hostile, Hostile),
                new CheckResult("routers", CheckStatus.Skip, Hostile, Hostile, "") { Duration = TimeSpan.FromSeconds(1.5) },
                new CheckResult("idle-timeout", CheckStatus.Warn, Hostile, Hostile, Hostile),
            ],
            error: null, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(2));

        var suite = XDocument.Parse(xml).Root!;
        suite.Attribute("timestamp")!.Value.ShouldBe("1970-01-01T00:00:00");
        suite.Attribute("time")!.Value.ShouldBe("2.000");
        suite.Elements().Select(c => c.Attribute("time")!.Value).ShouldBe(["0.000", "0.000", "1.500", "0.000"]);
        suite.Attribute("tests")!.Value.ShouldBe("4");
        suite.Attribute("failures")!.Value.ShouldBe("1");
        suite.Attribute("skipped")!.Value.ShouldBe("1");
        suite.Attribute("errors")!.Value.ShouldBe("0");
        suite.Elements().Select(c => c.Attribute("name")!.Value).ShouldBe(["stack", "listeners", "routers", "idle-timeout"]);
        suite.Descendants("failure").Single().Attribute("message")!.Value.ShouldStartWith("]]><evil a=\"1\"/>&amp;\uFFFD");
        suite.Descendants("evil").ShouldBeEmpty();
        suite.Descendants("system-out").Single().Value.ShouldContain("warning: ]]><evil");
        xml.ShouldStartWith("<?xml version=\"1.0\" encoding=\"utf-8\"");
        xml.ShouldNotContain('\e');
    }

    [Property(MaxTest = 500)]
    public bool JUnit_can_always_be_read(string? seen, string? expected, string? remedy)
    {
        var check = new CheckResult("stack", CheckStatus.Fail, seen ?? "", expected ?? "", remedy ?? "");
        var error = new DeisProxyException("aws-error", seen ?? "", remedy ?? "");
        var suite = XDocument.Parse(JUnitReport.Write("deis", [check], error, default, default)).Root!;
        return suite.Elements().Count() == 2;
    }

    [Fact]
    public void An_error_is_an_error_in_JUnit()
    {
        var failure = new DeisProxyException("ssh-unreachable", "It is away.", "Wait.");
        var suite = XDocument.Parse(JUnitReport.Write("deis", [], failure, default, default)).Root!;

        suite.Attribute("tests")!.Value.ShouldBe("1");
        suite.Attribute("errors")!.Value.ShouldBe("1");
        var error = suite.Descendants("error").Single();
        error.Attribute("type")!.Value.ShouldBe("ssh-unreachable");
        error.Attribute("message")!.Value.ShouldBe("It is away.");
        error.Value.ShouldBe("Wait.");
    }

    [Fact]
    public void JSON_holds_hostile_text_without_steering_a_terminal()
    {
        var document = new VerifyDocument(
            "verify", "deis", "aws", Ok: false, [CheckDocument.Of(new CheckResult("stack", CheckStatus.Fail, Hostile, "\u009b→\U000E0041", ""))],
            Error: null);

        using var output = new StringWriter();
        new Terminal(TextReader.Null, output, TextWriter.Null).WriteDocument(document);
        var json = output.ToString();

        json.Replace("\n", "", StringComparison.Ordinal).EnumerateRunes().ShouldAllBe(r =>
            System.Text.Rune.GetUnicodeCategory(r) != System.Globalization.UnicodeCategory.Control
            && System.Text.Rune.GetUnicodeCategory(r) != System.Globalization.UnicodeCategory.Format);
        json.ShouldContain("→");
        JsonDocument.Parse(json).RootElement.GetProperty("checks")[0].GetProperty("seen").GetString().ShouldBe(Hostile);
    }

    [Theory]
    [InlineData(CheckStatus.Pass, "pass")]
    [InlineData(CheckStatus.Fail, "fail")]
    [InlineData(CheckStatus.Warn, "warn")]
    [InlineData(CheckStatus.Skip, "skip")]
    public void Statuses_are_those_of_the_contract(CheckStatus status, string text)
    {
        var document = new VerifyDocument("verify", "deis", "aws", Ok: true, [new CheckDocument("stack", status, "", "", "")], Error: null);

        JsonSerializer.Serialize(document, DocumentJson.Contract.VerifyDocument).ShouldContain($"\"status\": \"{text}\"");
    }

    [Fact]
    public async Task A_bug_is_reported_with_its_stack_and_as_JSON()
    {
        var (exitCode, output, error) = await Shell.RunAsync("setup", "--output", "json");

        exitCode.ShouldBe(1);
        JsonDocument.Parse(output).RootElement.GetProperty("error").GetProperty("code").GetString().ShouldBe("bug");
        error.ShouldContain("This is a bug in deis-proxy");
        error.ShouldContain("at DeisProxy.");
    }
}
