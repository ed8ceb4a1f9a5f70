using System.Text.Json.Nodes;
using DeisProxy.Aws;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using DeisProxy.Core.Tests;
using FsCheck.Xunit;

namespace DeisProxy.Tests;

public sealed class TemplatePatchTests
{
    private const string Template = """
        {
          "AWSTemplateFormatVersion": "2010-09-09",
          "Parameters": {
            "Port": {
              "Type": "Number",
              "Default": 80.0
            }
          },
          "Resources": {
            "DeisWebELB": {
              "Type": "AWS::ElasticLoadBalancing::LoadBalancer",
              "Properties": {
                "Scheme": {
                  "Ref": "ELBScheme"
                },
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
                    "InstancePort": {
                      "Ref": "Port"
                    },
                    "Protocol": "HTTP"
                  },
                  {
                    "InstancePort": 443,
                    "LoadBalancerPort": 443,
                    "Protocol": "tcp"
                  },
                  {
                    "LoadBalancerPort": "2222",
                    "InstancePort": "2222",
                    "Protocol": "TCP"
                  }
                ]
              }
            },
            "Other": {
              "Type": "Custom::Ünïcode",
              "Properties": {
                "Listeners": [],
                "x": "é/ <a & 'b'>"
              }
            }
          }
        }

        """;

    private static readonly LoadBalancer Start = Snapshots.Deis15.LoadBalancer;
    private static readonly LoadBalancer Made = SetupPlanner.LoadBalancerAfter(Start, SetupGoal.Default);

    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal) { ["Port"] = "80", ["Lb443"] = "443" };

    private static string Patch(string template, LoadBalancer target) => Apply(template, target).Template;

    private static (string Template, ValueList<string> Notes) Apply(string template, LoadBalancer target) =>
        TemplatePatch.Apply(template, "DeisWebELB", target, Parameters);

    private static JsonNode PropertiesOf(string template) => JsonNode.Parse(template)!["Resources"]!["DeisWebELB"]!["Properties"]!;

    [Fact]
    public void Only_what_setup_changed_is_different()
    {
        var (patched, notes) = Apply(Template, Made);

        notes.ShouldBeEmpty();
        patched.ShouldBe(Template
            .Replace("\"Target\": \"HTTP:80/health-check\"", "\"Target\": \"TCP:80\"")
            .Replace("\"Protocol\": \"HTTP\"\n", "\"Protocol\": \"TCP\",\n            \"InstanceProtocol\": \"TCP\"\n")
            .Replace("          }\n        ]\n      }\n", """
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

                """));
        Patch(patched, Made).ShouldBe(patched);
        Patch(Template, Start).ShouldBe(Template);
    }

    [Fact]
    public void Any_layout_becomes_lines_of_two_spaces()
    {
        var oneLine = JsonNode.Parse(Template)!.ToJsonString(
            new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

        oneLine.ShouldNotContain("\n");
        Patch(oneLine, Made).ShouldBe(Patch(Template, Made));
        Patch(Template.Replace("\n", "\r\n"), Made).ShouldBe(Patch(Template, Made));
    }

    [Fact]
    public void Functions_stay_where_the_value_does_not_change_and_go_where_it_does()
    {
        var template = Template
            .Replace("\"Protocol\": \"HTTP\"", """
                "Protocol": {"Fn::If": ["UseSsl", "HTTPS", "HTTP"]},
                "SSLCertificateId": {"Ref": "Certificate"}
                """)
            .Replace("\"LoadBalancerPort\": 443", "\"LoadBalancerPort\": {\"Ref\": \"Lb443\"}")
            .Replace("\"Timeout\": 5", "\"Timeout\": {\"Ref\": \"Unknown\"}");
        var ssl = new Listener(80, ListenerProtocol.Ssl, 80, ListenerProtocol.Tcp, Snapshots.Certificate, []);

        var (patched, notes) = Apply(template, Made with { Listeners = [ssl, .. Made.Listeners.Skip(1)] });

        var properties = PropertiesOf(patched);
        properties["Listeners"]![0]!["SSLCertificateId"]!.ToJsonString().ShouldBe("""{"Ref":"Certificate"}""");
        properties["Listeners"]![0]!["Protocol"]!.ToJsonString().ShouldBe("\"SSL\"");
        properties["Listeners"]![1]!["LoadBalancerPort"]!.ToJsonString().ShouldBe("""{"Ref":"Lb443"}""");
        properties["HealthCheck"]!["Timeout"]!.ToJsonString().ShouldBe("""{"Ref":"Unknown"}""");
        notes.ShouldBe(
        [
            """The listener on port 80 had Protocol {"Fn::If":["UseSsl","HTTPS","HTTP"]}, which does not surely give SSL; """
                + "it is SSL now, and the function is gone.",
        ]);
    }

    [Fact]
    public void What_cannot_be_compared_is_left_and_said()
    {
        var template = JsonNode.Parse(Template)!;
        template["Resources"]!["DeisWebELB"]!["Properties"]!["Listeners"]![1] = JsonNode.Parse(
            """{"Fn::If": ["Tls", {}, {"Ref": "AWS::NoValue"}]}""");
        template["Resources"]!["DeisWebELB"]!["Properties"]!["ConnectionSettings"] = JsonNode.Parse("""{"Fn::If": ["Long", {}, {}]}""");
        var (patched, notes) = Apply(template.ToJsonString(), Made);
        var properties = PropertiesOf(patched);
        properties["Listeners"]!.AsArray().Count.ShouldBe(3);
        properties["Listeners"]![1]!.ToJsonString().ShouldBe("""{"Fn::If":["Tls",{},{"Ref":"AWS::NoValue"}]}""");
        properties["ConnectionSettings"]!.ToJsonString().ShouldBe("""{"Fn::If":["Long",{},{}]}""");
        notes[0].ShouldStartWith("""a listener is {"Fn::If":["Tls",{},{"Ref":"AWS::NoValue"}]} in the template, which cannot be compared""");
        notes[1].ShouldStartWith("""ConnectionSettings is {"Fn::If":["Long",{},{}]} in the template, which cannot be compared""");

        // A policy that somebody attached by hand would be lost by an update; AWS's default one would not.
        var named = Made with
        {
            Listeners = [Made.Listeners[0] with { PolicyNames = ["ELBSecurityPolicy-2016-08", "mine"] }, .. Made.Listeners.Skip(1)],
        };
        Apply(Template, named).Notes.ShouldHaveSingleItem().ShouldContain("uses the policy mine, which the template does not declare");
    }

    [Fact]
    public void Policies_of_listeners_and_ports_follow_the_load_balancer()
    {
        var sticky = JsonNode.Parse(Patch(Template, Made))!;
        sticky["Resources"]!["DeisWebELB"]!["Properties"]!["LBCookieStickinessPolicy"] = JsonNode.Parse("""[{ "PolicyName": "sticky" }]""");
        var template = sticky.ToJsonString();
        var back = Start with
        {
            Policies = [Snapshots.Sticky, LoadBalancerPolicy.EnableProxyProtocol],
            Listeners = [Snapshots.Http(80, 80) with { PolicyNames = ["sticky"] }, .. Start.Listeners.Skip(1)],
        };

        var detached = PropertiesOf(Patch(template, back));
        detached["Listeners"]![0]!["PolicyNames"]!.ToJsonString().ShouldBe("""["sticky"]""");
        detached["Policies"]![0]!["InstancePorts"]!.ToJsonString().ShouldBe("[]");
        detached["ConnectionSettings"]!["IdleTimeout"]!.GetValue<string>().ShouldBe("60");

        PropertiesOf(Patch(template, Start))["Policies"]!.ToJsonString().ShouldBe("[]");
        var withSticky = Patch(template, back);
        PropertiesOf(Patch(withSticky, Made))["Listeners"]![0]!["PolicyNames"]!.ToJsonString().ShouldBe("[]");
    }

    [Theory]
    [InlineData("Resources:\n  DeisWebELB:\n", "template-yaml")]
    [InlineData("---\nResources: {}", "template-yaml")]
    [InlineData("{\"Resources\": {", "template-not-json")]
    [InlineData("{} {}", "template-not-json")]
    [InlineData("{\"Resources\": {}, \"Resources\": {}}", "template-not-json")]
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

    /// <summary>From the template of any load balancer to any other: the result says what is there, and a second time nothing happens.</summary>
    [Property(Arbitrary = [typeof(AnyCluster)], MaxTest = 300)]
    public void Any_state_to_any_other(ClusterSnapshot before, ClusterSnapshot after)
    {
        const string Blank = """{"Resources": {"DeisWebELB": {"Properties": {"Listeners": [], "Tags": []}}}}""";
        var start = Patch(Blank, before.LoadBalancer);

        var patched = Patch(start, after.LoadBalancer);

        Read(start).ShouldBe(Expected(before.LoadBalancer));
        Read(patched).ShouldBe(Expected(after.LoadBalancer));
        Patch(patched, after.LoadBalancer).ShouldBe(patched);
        PropertiesOf(patched)["Tags"]!.ToJsonString().ShouldBe("[]");
    }

    private static string Expected(LoadBalancer balancer) =>
        string.Join("; ", balancer.Listeners.Select(l => l with { PolicyNames = [] }).OrderBy(l => l.LoadBalancerPort))
        + " | " + string.Join("; ", balancer.Policies.Where(p => p.TypeName == LoadBalancerPolicy.ProxyProtocolType)
            .Select(p => $"{p.Name}: {string.Join(",", Ports(balancer, p.Name))}")
            .Where(t => !t.EndsWith(": ", StringComparison.Ordinal)))
        + " | " + balancer.HealthCheck + " | " + balancer.IdleTimeoutSeconds;

    private static IEnumerable<int> Ports(LoadBalancer balancer, string policy) =>
        balancer.BackendPolicies.Where(b => b.PolicyNames.Contains(policy)).Select(b => b.InstancePort).Order();

    private static string Read(string template)
    {
        var properties = PropertiesOf(template);
        var check = properties["HealthCheck"]!;
        var listeners = properties["Listeners"]!.AsArray().Select(l => new Listener(
            Number(l!["LoadBalancerPort"]), Protocol(l["Protocol"]), Number(l["InstancePort"]), Protocol(l["InstanceProtocol"] ?? l["Protocol"]),
            Certificate(l), []));
        var policies = (properties["Policies"]?.AsArray() ?? []).Where(p => p!["InstancePorts"]!.AsArray().Count > 0)
            .Select(p => $"{p!["PolicyName"]}: {string.Join(",", p["InstancePorts"]!.AsArray().Select(Number).Order())}").Order(
                StringComparer.Ordinal);
        return string.Join("; ", listeners.OrderBy(l => l.LoadBalancerPort)) + " | " + string.Join("; ", policies) + " | "
            + new HealthCheck(
                HealthCheckTarget.Parse(check["Target"]!.GetValue<string>()),
                Number(check["Interval"]), Number(check["Timeout"]), Number(check["UnhealthyThreshold"]), Number(check["HealthyThreshold"]))
            + " | " + (properties["ConnectionSettings"] is { } settings ? Number(settings["IdleTimeout"]) : 60);

        static int Number(JsonNode? node) => int.Parse(node!.ToString(), System.Globalization.CultureInfo.InvariantCulture);
        static ListenerProtocol Protocol(JsonNode? node) => Enum.Parse<ListenerProtocol>(node!.ToString(), ignoreCase: true);

        // A certificate that is no longer used stays in the template; it is said.
        static string? Certificate(JsonNode listener) =>
            Protocol(listener["Protocol"]) is ListenerProtocol.Https or ListenerProtocol.Ssl ? listener["SSLCertificateId"]?.ToString() : null;
    }
}
