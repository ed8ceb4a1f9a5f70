using System.Text.Json.Nodes;
using DeisProxy.Core.Model;
using DeisProxy.Core.Planning;
using DeisProxy.Core.Templates;
using FsCheck.Xunit;

namespace DeisProxy.Core.Tests;

public sealed class TemplatePatchTests
{
    private const string Template = """
        {
         "AWSTemplateFormatVersion": "2010-09-09",
         "Parameters": { "Port" : {"Type":"Number","Default":80.0}  },
         "Resources": {
          "DeisWebELB": {
           "Type": "AWS::ElasticLoadBalancing::LoadBalancer",
           "Properties": {
            "Scheme": {"Ref": "ELBScheme"},
            "HealthCheck": {
             "HealthyThreshold": "4",
             "Interval": "15",
             "Target": "HTTP:80/health-check",
             "Timeout": 5,
             "UnhealthyThreshold": "2"
            },
            "Listeners": [
             {
              "LoadBalancerPort": "80",
              "InstancePort": {"Ref": "Port"},
              "Protocol": "HTTP"
             },
             { "InstancePort": 443, "LoadBalancerPort": 443, "Protocol": "tcp" },
             {
              "LoadBalancerPort": "2222",
              "InstancePort": "2222",
              "Protocol": "TCP"
             }
            ]
           }
          },
          "Other": { "Type": "Custom::Ünïcode", "Properties": {"Listeners": [ ] , "x": "\u00e9\/"} }
         }
        }

        """;

    private static readonly LoadBalancer Start = Snapshots.Deis15.LoadBalancer;
    private static readonly LoadBalancer Made = SetupPlanner.LoadBalancerAfter(Start, SetupGoal.Default);

    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal) { ["Port"] = "80", ["Lb443"] = "443" };

    private static string Patch(string template, LoadBalancer target) => Apply(template, target).Template;

    private static (string Template, ValueList<string> Notes) Apply(string template, LoadBalancer target) => TemplatePatch.Apply(template, "DeisWebELB", target, Parameters);

    [Fact]
    public void Only_what_setup_changed_is_different()
    {
        var (patched, notes) = Apply(Template, Made);

        notes.ShouldBeEmpty();
        patched.ShouldBe(Template
            .Replace("\"Target\": \"HTTP:80/health-check\"", "\"Target\": \"TCP:80\"")
            .Replace("      \"Protocol\": \"HTTP\"\n", "      \"Protocol\": \"TCP\",\n      \"InstanceProtocol\": \"TCP\"\n")
            .Replace("     }\n    ]\n   }\n", """
                     }
                    ],
                    "Policies": [
                     {
                      "PolicyName": "EnableProxyProtocol",
                      "PolicyType": "ProxyProtocolPolicyType",
                      "Attributes": [
                       {
                        "Name": "ProxyProtocol",
                        "Value": true
                       }
                      ],
                      "InstancePorts": [
                       "80",
                       "443"
                      ]
                     }
                    ],
                    "ConnectionSettings": {
                     "IdleTimeout": "1200"
                    }
                   }

                """.Replace("                ", "")));
        Patch(patched, Made).ShouldBe(patched);
        Patch(Template, Start).ShouldBe(Template);
    }

    [Fact]
    public void Line_ends_tabs_and_one_line_templates_keep_their_look()
    {
        var windows = Patch(Template.Replace("\n", "\r\n"), Made);
        windows.ShouldBe(Patch(Template, Made).Replace("\n", "\r\n"));

        const string OneLine = """{"Resources":{"DeisWebELB":{"Properties":{"Listeners":[{"LoadBalancerPort":"80","InstancePort":"80","Protocol":"HTTP"}],"HealthCheck":{"Target":"HTTP:80/health-check","Interval":"15","Timeout":"5","UnhealthyThreshold":"2","HealthyThreshold":"4"}}}}}""";
        Patch(OneLine, Made with { Listeners = [Made.Listeners[0]] }).ShouldBe(OneLine
            .Replace("\"Protocol\":\"HTTP\"", "\"Protocol\":\"TCP\",\"InstanceProtocol\":\"TCP\"")
            .Replace("HTTP:80/health-check", "TCP:80")
            .Replace("\"4\"}", "\"4\"},\"Policies\":[{\"PolicyName\":\"EnableProxyProtocol\",\"PolicyType\":\"ProxyProtocolPolicyType\",\"Attributes\":[{\"Name\":\"ProxyProtocol\",\"Value\":true}],\"InstancePorts\":[\"80\",\"443\"]}],\"ConnectionSettings\":{\"IdleTimeout\":\"1200\"}"));

        var tabs = Patch(string.Join('\n', Template.Split('\n').Select(l => new string('\t', l.Length - l.TrimStart().Length) + l.TrimStart())), Made);
        tabs.ShouldContain("\n\t\t\t\t\"ConnectionSettings\": {\n\t\t\t\t\t\"IdleTimeout\": \"1200\"\n\t\t\t\t}\n");
        Patch(tabs, Made).ShouldBe(tabs);
    }

    [Fact]
    public void Functions_stay_where_the_value_does_not_change_and_go_where_it_does()
    {
        var template = Template
            .Replace("\"Protocol\": \"HTTP\"", "\"Protocol\": {\"Fn::If\": [\"UseSsl\", \"HTTPS\", \"HTTP\"]},\n      \"SSLCertificateId\": {\"Ref\": \"Certificate\"}")
            .Replace("\"LoadBalancerPort\": 443", "\"LoadBalancerPort\": {\"Ref\": \"Lb443\"}")
            .Replace("\"Timeout\": 5", "\"Timeout\": {\"Ref\": \"Unknown\"}");
        var ssl = new Listener(80, ListenerProtocol.Ssl, 80, ListenerProtocol.Tcp, Snapshots.Certificate, []);

        var (patched, notes) = Apply(template, Made with { Listeners = [ssl, .. Made.Listeners.Skip(1)] });

        patched.ShouldContain("\"SSLCertificateId\": {\"Ref\": \"Certificate\"}");
        patched.ShouldContain("\"LoadBalancerPort\": {\"Ref\": \"Lb443\"}");
        patched.ShouldContain("\"Timeout\": {\"Ref\": \"Unknown\"}");
        patched.ShouldContain("\"Protocol\": \"SSL\"");
        notes.ShouldBe(["""The listener on port 80 had Protocol {"Fn::If":["UseSsl","HTTPS","HTTP"]}, which does not surely give SSL; it is SSL now, and the function is gone."""]);
    }

    [Fact]
    public void What_cannot_be_compared_is_left_and_said()
    {
        var template = Template.Replace("{ \"InstancePort\": 443, \"LoadBalancerPort\": 443, \"Protocol\": \"tcp\" }", "{\"Fn::If\": [\"Tls\", {}, {\"Ref\": \"AWS::NoValue\"}]}");
        var (patched, notes) = Apply(template, Made);
        patched.ShouldContain("{\"Fn::If\": [\"Tls\", {}, {\"Ref\": \"AWS::NoValue\"}]}");
        JsonNode.Parse(patched)!["Resources"]!["DeisWebELB"]!["Properties"]!["Listeners"]!.AsArray().Count.ShouldBe(3);
        notes.ShouldHaveSingleItem().ShouldStartWith("""a listener is {"Fn::If":["Tls",{},{"Ref":"AWS::NoValue"}]} in the template, which cannot be compared""");

        // A policy that somebody attached by hand would be lost by an update; AWS's default one would not.
        var named = Made with { Listeners = [Made.Listeners[0] with { PolicyNames = ["ELBSecurityPolicy-2016-08", "mine"] }, .. Made.Listeners.Skip(1)] };
        Apply(Template, named).Notes.ShouldHaveSingleItem().ShouldContain("uses the policy mine, which the template does not declare");
    }

    [Fact]
    public void Policies_of_listeners_and_ports_follow_the_load_balancer()
    {
        var template = Patch(Template, Made).Replace("\"Policies\": [\n", "\"LBCookieStickinessPolicy\": [ { \"PolicyName\": \"sticky\" } ],\n    \"Policies\": [\n");
        var back = Start with { Policies = [Snapshots.Sticky, LoadBalancerPolicy.EnableProxyProtocol], Listeners = [Snapshots.Http(80, 80) with { PolicyNames = ["sticky"] }, .. Start.Listeners.Skip(1)] };

        var detached = JsonNode.Parse(Patch(template, back))!["Resources"]!["DeisWebELB"]!["Properties"]!;
        detached["Listeners"]![0]!["PolicyNames"]!.ToJsonString().ShouldBe("""["sticky"]""");
        detached["Policies"]![0]!["InstancePorts"]!.ToJsonString().ShouldBe("[]");
        detached["ConnectionSettings"]!["IdleTimeout"]!.GetValue<string>().ShouldBe("60");

        JsonNode.Parse(Patch(template, Start))!["Resources"]!["DeisWebELB"]!["Properties"]!["Policies"]!.ToJsonString().ShouldBe("[]");
        var withSticky = Patch(template, back);
        Patch(withSticky, Made).ShouldNotContain("\"PolicyNames\": [\n       \"sticky\"");
    }

    [Theory]
    [InlineData("Resources:\n  DeisWebELB:\n", "template-yaml")]
    [InlineData("---\nResources: {}", "template-yaml")]
    [InlineData("{\"Resources\": {", "template-not-json")]
    [InlineData("{} {}", "template-not-json")]
    [InlineData("{\"Resources\": {\"Web\": {}}}", "template-without-load-balancer")]
    public void Templates_that_cannot_be_changed(string template, string code)
    {
        var error = Should.Throw<DeisProxyException>(() => Patch(template, Made));

        error.Code.ShouldBe(code);
        if (code == "template-yaml")
        {
            error.Remedy.ShouldContain("""{"Listeners":[{"LoadBalancerPort":"80","InstancePort":"80","Protocol":"TCP","InstanceProtocol":"TCP"}""");
        }
    }

    /// <summary>From the template of any load balancer to any other: the result says what is there, a second time nothing happens, nothing else is touched.</summary>
    [Property(Arbitrary = [typeof(AnyCluster)], MaxTest = 300)]
    public void Any_state_to_any_other(ClusterSnapshot before, ClusterSnapshot after, bool indented)
    {
        var blank = new JsonObject { ["Resources"] = new JsonObject { ["DeisWebELB"] = new JsonObject { ["Properties"] = new JsonObject { ["Listeners"] = new JsonArray(), ["Tags"] = new JsonArray() } } } };
        var start = Patch(blank.ToJsonString(new() { WriteIndented = indented }), before.LoadBalancer);

        var patched = Patch(start, after.LoadBalancer);

        Read(start).ShouldBe(Expected(before.LoadBalancer));
        Read(patched).ShouldBe(Expected(after.LoadBalancer));
        Patch(patched, after.LoadBalancer).ShouldBe(patched);
        patched.ShouldStartWith(start[..(start.IndexOf("Listeners", StringComparison.Ordinal) + 10)]);
        patched.ShouldContain("Tags");
    }

    private static string Expected(LoadBalancer balancer) => string.Join("; ", balancer.Listeners.Select(l => l with { PolicyNames = [] }).OrderBy(l => l.LoadBalancerPort))
        + " | " + string.Join("; ", balancer.Policies.Where(p => p.TypeName == LoadBalancerPolicy.ProxyProtocolType)
            .Select(p => $"{p.Name}: {string.Join(",", balancer.BackendPolicies.Where(b => b.PolicyNames.Contains(p.Name)).Select(b => b.InstancePort).Order())}")
            .Where(t => !t.EndsWith(": ", StringComparison.Ordinal)))
        + " | " + balancer.HealthCheck + " | " + balancer.IdleTimeoutSeconds;

    private static string Read(string template)
    {
        var properties = JsonNode.Parse(template)!["Resources"]!["DeisWebELB"]!["Properties"]!;
        var check = properties["HealthCheck"]!;
        var listeners = properties["Listeners"]!.AsArray().Select(l => new Listener(
            Number(l!["LoadBalancerPort"]), Protocol(l["Protocol"]), Number(l["InstancePort"]), Protocol(l["InstanceProtocol"] ?? l["Protocol"]), Certificate(l), []));
        var policies = (properties["Policies"]?.AsArray() ?? []).Where(p => p!["InstancePorts"]!.AsArray().Count > 0)
            .Select(p => $"{p!["PolicyName"]}: {string.Join(",", p["InstancePorts"]!.AsArray().Select(Number).Order())}").Order(StringComparer.Ordinal);
        return string.Join("; ", listeners.OrderBy(l => l.LoadBalancerPort)) + " | " + string.Join("; ", policies) + " | "
            + new HealthCheck(HealthCheckTarget.Parse(check["Target"]!.GetValue<string>()), Number(check["Interval"]), Number(check["Timeout"]), Number(check["UnhealthyThreshold"]), Number(check["HealthyThreshold"]))
            + " | " + (properties["ConnectionSettings"] is { } settings ? Number(settings["IdleTimeout"]) : 60);

        static int Number(JsonNode? node) => int.Parse(node!.ToString(), System.Globalization.CultureInfo.InvariantCulture);
        static ListenerProtocol Protocol(JsonNode? node) => Enum.Parse<ListenerProtocol>(node!.ToString(), ignoreCase: true);

        // A certificate that is no longer used stays in the template; it is said.
        static string? Certificate(JsonNode listener) => Protocol(listener["Protocol"]) is ListenerProtocol.Https or ListenerProtocol.Ssl ? listener["SSLCertificateId"]?.ToString() : null;
    }
}
