using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.Core.Model;

namespace DeisProxy.Core.Templates;

/// <summary>
/// Brings a CloudFormation template's load balancer to a given state: <c>Listeners</c>, <c>Policies</c>, <c>HealthCheck</c> and
/// <c>ConnectionSettings</c> of one <c>AWS::ElasticLoadBalancing::LoadBalancer</c>. Values that are right stay byte for byte as they
/// are, and so does everything else; a function such as <c>Ref</c> or <c>Fn::If</c> stays wherever its value does not have to change.
/// </summary>
public sealed class TemplatePatch
{
    /// <summary>Idle timeout of a load balancer whose template says nothing, in seconds.</summary>
    private const int DefaultIdleTimeoutSeconds = 60;

    /// <summary>Beginning of the names of AWS's own SSL negotiation policies, which load balancers get without being asked.</summary>
    private const string PredefinedPrefix = "ELBSecurityPolicy-";

    private static readonly string[] PolicyLists = ["Policies", "LBCookieStickinessPolicy", "AppCookieStickinessPolicy"];

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly LoadBalancer _target;
    private readonly IReadOnlyDictionary<string, string> _parameters;
    private readonly JsonPart _properties;
    private readonly JsonEdits _edits;
    private readonly List<string> _notes = [];

    private TemplatePatch(byte[] text, JsonPart properties, LoadBalancer target, IReadOnlyDictionary<string, string> parameters) =>
        (_properties, _target, _parameters, _edits) = (properties, target, parameters, new JsonEdits(text, properties));

    /// <summary>Brings a template to a state.</summary>
    /// <param name="parameters">The stack's parameters, to see what a <c>Ref</c> stands for.</param>
    public static (string Template, ValueList<string> Notes) Apply(string template, string logicalId, LoadBalancer target, IReadOnlyDictionary<string, string> parameters)
    {
        if (!template.TrimStart().StartsWith('{'))
        {
            throw new DeisProxyException(
                "template-yaml",
                "The stack's template is YAML, and only JSON can be changed without touching the rest of it.",
                $"Change the properties of {logicalId} by hand to the following, which is JSON and so YAML, too: {Properties(target).ToJsonString(Readable)}");
        }

        var text = Encoding.UTF8.GetBytes(template);
        JsonPart root;
        try
        {
            root = JsonPart.Parse(text);
        }
        catch (JsonException error)
        {
            throw new DeisProxyException("template-not-json", $"The stack's template is not valid JSON: {error.Message}", "Look at it with aws cloudformation get-template.", error);
        }

        if (root["Resources"]?[logicalId]?["Properties"] is not { IsObject: true } properties)
        {
            throw new DeisProxyException(
                "template-without-load-balancer",
                $"The stack's template has no resource {logicalId} with properties.",
                "A load balancer that a macro or a module adds cannot be changed here; look at the template with aws cloudformation get-template.");
        }

        var patch = new TemplatePatch(text, properties, target, parameters);
        patch.Policies();
        patch.Listeners();
        patch.HealthCheck();
        patch.ConnectionSettings();
        return (patch._edits.Apply(), [.. patch._notes]);
    }

    private static string Text(ListenerProtocol protocol) => protocol.ToString().ToUpperInvariant();

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static JsonObject Properties(LoadBalancer target)
    {
        var properties = new JsonObject { ["Listeners"] = new JsonArray([.. target.Listeners.Select(NewListener)]) };
        if (ProxyPorts(target).ToList() is { Count: > 0 } policies)
        {
            properties["Policies"] = new JsonArray([.. policies.Select(p => NewPolicy(p.Policy, p.Ports))]);
        }

        properties["HealthCheck"] = NewHealthCheck(target.HealthCheck);
        properties["ConnectionSettings"] = new JsonObject { ["IdleTimeout"] = target.IdleTimeoutSeconds };
        return properties;
    }

    private static JsonObject NewListener(Listener listener)
    {
        var value = new JsonObject
        {
            ["LoadBalancerPort"] = Text(listener.LoadBalancerPort),
            ["InstancePort"] = Text(listener.InstancePort),
            ["Protocol"] = Text(listener.Protocol),
            ["InstanceProtocol"] = Text(listener.InstanceProtocol),
        };
        if (listener.CertificateId is { } certificate)
        {
            value["SSLCertificateId"] = certificate;
        }

        return value;
    }

    private static JsonObject NewPolicy(LoadBalancerPolicy policy, IEnumerable<int> ports) => new()
    {
        ["PolicyName"] = policy.Name,
        ["PolicyType"] = policy.TypeName,
        ["Attributes"] = new JsonArray([.. policy.Attributes.Select(a => new JsonObject { ["Name"] = a.Name, ["Value"] = bool.TryParse(a.Value, out var flag) ? flag : a.Value })]),
        ["InstancePorts"] = new JsonArray([.. ports.Select(p => JsonValue.Create(Text(p)))]),
    };

    private static JsonObject NewHealthCheck(HealthCheck check) => new()
    {
        ["Target"] = check.Target.ToString(),
        ["Interval"] = Text(check.IntervalSeconds),
        ["Timeout"] = Text(check.TimeoutSeconds),
        ["UnhealthyThreshold"] = Text(check.UnhealthyThreshold),
        ["HealthyThreshold"] = Text(check.HealthyThreshold),
    };

    private static IEnumerable<(LoadBalancerPolicy Policy, ValueList<int> Ports)> ProxyPorts(LoadBalancer target) => target.Policies
        .Where(p => p.TypeName == LoadBalancerPolicy.ProxyProtocolType)
        .Select(p => (p, target.BackendPolicies.Where(b => b.PolicyNames.Contains(p.Name)).Select(b => b.InstancePort).ToValueList()))
        .Where(p => p.Item2.Count > 0);

    /// <summary>What a value stands for, as far as it can be told without CloudFormation.</summary>
    private string? Resolve(JsonPart? part) =>
        part?.Scalar ?? (part is { IsObject: true, Members: [{ Name: "Ref", Value.Scalar: { } name }] } ? _parameters.GetValueOrDefault(name) : null);

    private void Policies()
    {
        var wanted = ProxyPorts(_target).ToList();
        var policies = _properties["Policies"];
        if (policies is null)
        {
            if (wanted.Count > 0)
            {
                _edits.AddMember(_properties, "Policies", new JsonArray([.. wanted.Select(p => NewPolicy(p.Policy, p.Ports))]));
            }

            return;
        }

        if (!policies.IsArray)
        {
            ByHand("Policies", policies, new JsonArray([.. wanted.Select(p => NewPolicy(p.Policy, p.Ports))]));
            return;
        }

        var removed = new List<JsonPart>();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in policies.Items.Where(i => Resolve(i["PolicyType"]) == LoadBalancerPolicy.ProxyProtocolType))
        {
            if (Resolve(item["PolicyName"]) is not { } name)
            {
                ByHand("a policy", item, new JsonArray([.. wanted.Select(p => NewPolicy(p.Policy, p.Ports))]));
                return;
            }

            found.Add(name);
            if (_target.Policy(name) is null)
            {
                removed.Add(item);
            }
            else
            {
                InstancePorts(item, name, wanted.Find(p => p.Policy.Name == name).Ports ?? []);
            }
        }

        _edits.Change(policies, removed, [.. wanted.Where(p => !found.Contains(p.Policy.Name)).Select(p => NewPolicy(p.Policy, p.Ports))]);
    }

    private void InstancePorts(JsonPart policy, string name, ValueList<int> wanted)
    {
        var ports = policy["InstancePorts"];
        var texts = wanted.Select(Text).ToList();
        if (ports is null)
        {
            if (wanted.Count > 0)
            {
                _edits.AddMember(policy, "InstancePorts", new JsonArray([.. texts.Select(t => JsonValue.Create(t))]));
            }
        }
        else if (!ports.IsArray || ports.Items.Exists(i => Resolve(i) is null))
        {
            _notes.Add($"The policy {name} has InstancePorts {_edits.TextOf(ports)}, whose value is not known here; it is {string.Join(", ", texts)} now.");
            _edits.Replace(ports, new JsonArray([.. texts.Select(t => JsonValue.Create(t))]));
        }
        else
        {
            var present = ports.Items.ConvertAll(i => Resolve(i)!);
            var added = texts.Except(present).Select(t => ports.Items is [{ Kind: JsonValueKind.Number }, ..] ? JsonValue.Create(int.Parse(t, CultureInfo.InvariantCulture)) : (JsonNode)JsonValue.Create(t)!);
            _edits.Change(ports, ports.Items.FindAll(i => !texts.Contains(Resolve(i)!)), [.. added]);
        }
    }

    private void Listeners()
    {
        if (_properties["Listeners"] is not { IsArray: true } listeners)
        {
            ByHand("Listeners", _properties["Listeners"], new JsonArray([.. _target.Listeners.Select(NewListener)]));
            return;
        }

        var byPort = listeners.Items.ToLookup(i => Resolve(i["LoadBalancerPort"]) ?? "");
        foreach (var unknown in byPort[""])
        {
            ByHand("a listener", unknown, new JsonArray([.. _target.Listeners.Select(NewListener)]));
        }

        var missing = _target.Listeners.Where(l => !byPort.Contains(Text(l.LoadBalancerPort))).ToList();
        foreach (var listener in _target.Listeners.Except(missing))
        {
            Listener(byPort[Text(listener.LoadBalancerPort)].First(), listener);
        }

        var removed = byPort.Where(g => g.Key.Length > 0 && _target.Listeners.All(l => Text(l.LoadBalancerPort) != g.Key)).SelectMany(g => g).ToList();

        // A function in the list may stand for a listener that seems to be missing; two of them on one port would fail.
        _edits.Change(listeners, removed, byPort.Contains("") ? [] : [.. missing.Select(NewListener)]);
    }

    private void Listener(JsonPart item, Listener listener)
    {
        var what = $"The listener on port {listener.LoadBalancerPort}";
        var changed = Set(item, "Protocol", Text(listener.Protocol), what, always: true);
        Set(item, "InstancePort", Text(listener.InstancePort), what, always: false);
        if (item["InstanceProtocol"] is not null || changed || listener.InstanceProtocol != listener.Protocol)
        {
            Set(item, "InstanceProtocol", Text(listener.InstanceProtocol), what, always: true);
        }

        if (listener.CertificateId is { } certificate)
        {
            Set(item, "SSLCertificateId", certificate, what, always: false);
        }
        else if (item["SSLCertificateId"] is { } unused)
        {
            _notes.Add($"{what} has no certificate now; the template's SSLCertificateId {_edits.TextOf(unused)} stays in it and may have to go by hand.");
        }

        ListenerPolicies(item, listener, what);
    }

    private void ListenerPolicies(JsonPart item, Listener listener, string what)
    {
        var names = item["PolicyNames"];
        var present = names?.Items.ConvertAll(Resolve) ?? [];
        var declared = Declared().ToHashSet(StringComparer.Ordinal);
        var lacking = listener.PolicyNames.Where(n => !present.Contains(n)).ToList();
        var added = lacking.FindAll(declared.Contains);
        foreach (var name in lacking.Where(n => !declared.Contains(n) && !(names is null && n.StartsWith(PredefinedPrefix, StringComparison.Ordinal))))
        {
            _notes.Add($"{what} uses the policy {name}, which the template does not declare: add it to Policies and to the listener's PolicyNames by hand, or an update of the stack loses it.");
        }

        if (names is null)
        {
            if (added.Count > 0)
            {
                _edits.AddMember(item, "PolicyNames", new JsonArray([.. added.Select(n => JsonValue.Create(n))]));
            }
        }
        else if (names.IsArray)
        {
            var removed = names.Items.FindAll(i => Resolve(i) is { } name && !listener.PolicyNames.Contains(name));
            _edits.Change(names, removed, [.. added.Select(n => (JsonNode)JsonValue.Create(n)!)]);
        }
        else
        {
            ByHand($"{what}: PolicyNames", names, new JsonArray([.. listener.PolicyNames.Select(n => JsonValue.Create(n))]));
        }
    }

    /// <summary>Policies that the template itself makes; cookie stickiness has properties of its own.</summary>
    private IEnumerable<string> Declared() =>
        PolicyLists.SelectMany(p => _properties[p]?.Items ?? []).Select(i => Resolve(i["PolicyName"])).OfType<string>();

    private void HealthCheck()
    {
        var check = NewHealthCheck(_target.HealthCheck);
        if (_properties["HealthCheck"] is not { } part)
        {
            _edits.AddMember(_properties, "HealthCheck", check);
        }
        else if (!part.IsObject || part["Target"] is null)
        {
            ByHand("HealthCheck", part, check);
        }
        else
        {
            foreach (var (name, value) in check)
            {
                Set(part, name, value!.GetValue<string>(), "The health check", always: name == "Target");
            }
        }
    }

    private void ConnectionSettings()
    {
        if (_properties["ConnectionSettings"] is { IsObject: true } settings)
        {
            Set(settings, "IdleTimeout", Text(_target.IdleTimeoutSeconds), "ConnectionSettings", always: true);
        }
        else if (_target.IdleTimeoutSeconds != DefaultIdleTimeoutSeconds)
        {
            _edits.AddMember(_properties, "ConnectionSettings", new JsonObject { ["IdleTimeout"] = Text(_target.IdleTimeoutSeconds) });
        }
    }

    /// <summary>Sets a value unless it is right already. A function whose value is not known stays, unless the value is one that setup changes.</summary>
    private bool Set(JsonPart target, string name, string value, string what, bool always)
    {
        var part = target[name];
        if (part is null)
        {
            _edits.AddMember(target, name, value);
            return true;
        }

        var current = Resolve(part);
        if (current == value || (name.EndsWith("Protocol", StringComparison.Ordinal) && string.Equals(current, value, StringComparison.OrdinalIgnoreCase)) || (current is null && !always))
        {
            return false;
        }

        if (part.Scalar is null)
        {
            _notes.Add($"{what} had {name} {_edits.TextOf(part)}, which does not surely give {value}; it is {value} now, and the function is gone.");
        }

        _edits.Replace(part, part.Kind == JsonValueKind.Number ? JsonNode.Parse(value)! : JsonValue.Create(value));
        return true;
    }

    private void ByHand(string what, JsonPart? part, JsonNode wanted) => _notes.Add(
        $"{what} {(part is null ? "is missing" : $"is {_edits.TextOf(part)}")} in the template, which cannot be compared; look at it by hand, it should come to {wanted.ToJsonString(Readable)}.");
}
