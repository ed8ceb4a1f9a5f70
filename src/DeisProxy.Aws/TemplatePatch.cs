using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeisProxy.Core;
using DeisProxy.Core.Elb;
using DeisProxy.Core.Model;
using static DeisProxy.Aws.TemplateParts;

namespace DeisProxy.Aws;

/// <summary>
/// Brings a CloudFormation template's load balancer to a given state: <c>Listeners</c>, <c>Policies</c>, <c>HealthCheck</c> and
/// <c>ConnectionSettings</c> of one <c>AWS::ElasticLoadBalancing::LoadBalancer</c>. All other values and the order of everything stay;
/// a function such as <c>Ref</c> or <c>Fn::If</c> stays wherever its value does not have to change.
/// </summary>
public sealed class TemplatePatch
{
    /// <summary>Idle timeout of a load balancer whose template says nothing, in seconds.</summary>
    private const int DefaultIdleTimeoutSeconds = 60;

    /// <summary>Beginning of the names of AWS's own SSL negotiation policies, which load balancers get without being asked.</summary>
    private const string PredefinedPrefix = "ELBSecurityPolicy-";

    private static readonly string[] PolicyLists = ["Policies", "LBCookieStickinessPolicy", "AppCookieStickinessPolicy"];

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Indented = new(Readable) { WriteIndented = true, NewLine = "\n" };

    private readonly LoadBalancer _target;
    private readonly IReadOnlyDictionary<string, string> _parameters;
    private readonly JsonObject _properties;
    private readonly List<string> _notes = [];

    private TemplatePatch(JsonObject properties, LoadBalancer target, IReadOnlyDictionary<string, string> parameters) =>
        (_properties, _target, _parameters) = (properties, target, parameters);

    /// <summary>Brings a template to a state.</summary>
    /// <param name="parameters">The stack's parameters, to see what a <c>Ref</c> stands for.</param>
    /// <returns>The template, indented by two spaces.</returns>
    public static (string Template, ValueList<string> Notes) Apply(
        string template, string logicalId, LoadBalancer target, IReadOnlyDictionary<string, string> parameters)
    {
        if (!template.TrimStart().StartsWith('{'))
        {
            throw new DeisProxyException(
                "template-yaml",
                "The stack's template is YAML, and only JSON can be changed without touching the rest of it.",
                $"Change the properties of {logicalId} manually to the following (JSON is valid YAML): "
                    + $"{Wanted(target).ToJsonString(Readable)}");
        }

        try
        {
            return Apply(
                JsonNode.Parse(template, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }), logicalId, target,
                    parameters);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: half a character, which is found where a text is read.
            throw new DeisProxyException(
                "template-not-json",
                $"The stack's template is not valid JSON: {error.Message}",
                "Check it with aws cloudformation get-template.",
                error);
        }
    }

    private static (string Template, ValueList<string> Notes) Apply(
        JsonNode? root, string logicalId, LoadBalancer target, IReadOnlyDictionary<string, string> parameters)
    {
        if (Member(Member(Member(root, "Resources"), logicalId), "Properties") is not JsonObject properties)
        {
            throw new DeisProxyException(
                "template-without-load-balancer",
                $"The stack's template has no resource {logicalId} with properties.",
                "A load balancer that a macro or a module adds cannot be changed here. Check the template with aws cloudformation get-template.");
        }

        var patch = new TemplatePatch(properties, target, parameters);
        patch.Policies();
        patch.Listeners();
        patch.HealthCheck();
        patch.ConnectionSettings();
        return (root!.ToJsonString(Indented) + "\n", [.. patch._notes]);
    }

    private static JsonNode? Member(JsonNode? node, string name) => (node as JsonObject)?[name];

    /// <summary>The value of a string, a number, true or false; null for the others.</summary>
    private static string? Scalar(JsonNode? node) =>
        node is not JsonValue value ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    private static void Change(JsonArray array, IEnumerable<JsonNode?> removed, IEnumerable<JsonNode?> added)
    {
        foreach (var item in removed.ToList())
        {
            array.Remove(item);
        }

        foreach (var item in added.ToList())
        {
            array.Add(item);
        }
    }

    /// <summary>What a value stands for, as far as it can be told without CloudFormation.</summary>
    private string? Resolve(JsonNode? node) =>
        Scalar(node)
            ?? (node is JsonObject { Count: 1 } function && Scalar(function["Ref"]) is { } name ? _parameters.GetValueOrDefault(name) : null);

    private void Policies()
    {
        var wanted = ProxyPorts(_target).ToList();
        if (_properties["Policies"] is not { } policies)
        {
            if (wanted.Count > 0)
            {
                _properties["Policies"] = NewPolicies(wanted);
            }

            return;
        }

        if (policies is not JsonArray list)
        {
            ByHand("Policies", policies, NewPolicies(wanted));
            return;
        }

        var removed = new List<JsonNode?>();
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Where(i => Resolve(Member(i, "PolicyType")) == LoadBalancerPolicy.ProxyProtocolType).OfType<JsonObject>())
        {
            if (Resolve(item["PolicyName"]) is not { } name)
            {
                ByHand("a policy", item, NewPolicies(wanted));
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

        Change(list, removed, NewPoliciesBut(found));

        IEnumerable<JsonNode?> NewPoliciesBut(HashSet<string> present) =>
            wanted.Where(p => !present.Contains(p.Policy.Name)).Select(p => NewPolicy(p.Policy, p.Ports));
    }

    private void InstancePorts(JsonObject policy, string name, ValueList<int> wanted)
    {
        var texts = wanted.Select(Text).ToList();
        switch (policy["InstancePorts"])
        {
            case null when texts.Count == 0:
                break;
            case null:
                policy["InstancePorts"] = Texts(texts);
                break;
            case JsonArray ports when ports.All(i => Resolve(i) is not null):
                var numbers = ports.Count > 0 && ports[0]!.GetValueKind() == JsonValueKind.Number;
                var added = texts.Except(ports.Select(Resolve), StringComparer.Ordinal)
                    .Select(t => numbers ? JsonValue.Create(int.Parse(t!, CultureInfo.InvariantCulture)) : JsonValue.Create(t));
                Change(ports, ports.Where(i => !texts.Contains(Resolve(i)!, StringComparer.Ordinal)), added);
                break;
            case { } unknown:
                _notes.Add($"The policy {name} has InstancePorts {unknown.ToJsonString(Readable)}, whose value is not known here; "
                    + $"it is {string.Join(", ", texts)} now.");
                policy["InstancePorts"] = Texts(texts);
                break;
        }
    }

    private void Listeners()
    {
        if (_properties["Listeners"] is not JsonArray listeners)
        {
            ByHand("Listeners", _properties["Listeners"], NewListeners(_target));
            return;
        }

        var byPort = listeners.ToLookup(i => Resolve(Member(i, "LoadBalancerPort")) ?? "", StringComparer.Ordinal);
        foreach (var unknown in byPort[""])
        {
            ByHand("a listener", unknown, NewListeners(_target));
        }

        var missing = _target.Listeners.Where(l => !byPort.Contains(Text(l.LoadBalancerPort))).ToList();
        foreach (var listener in _target.Listeners.Except(missing))
        {
            Listener((JsonObject)byPort[Text(listener.LoadBalancerPort)].First()!, listener);
        }

        var removed = byPort.Where(g => g.Key.Length > 0 && _target.Listeners.All(l => Text(l.LoadBalancerPort) != g.Key)).SelectMany(g => g);

        // A function in the list may stand for a listener that seems to be missing; two of them on one port would fail.
        Change(listeners, removed, byPort.Contains("") ? [] : missing.Select(NewListener));
    }

    private void Listener(JsonObject item, Listener listener)
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
            _notes.Add($"{what} has no certificate now; the template's SSLCertificateId {unused.ToJsonString(Readable)} stays in it "
                + "and may have to go by hand.");
        }

        ListenerPolicies(item, listener, what);
    }

    private void ListenerPolicies(JsonObject item, Listener listener, string what)
    {
        var names = item["PolicyNames"];
        var present = (names as JsonArray)?.Select(Resolve).ToList() ?? [];
        var declared = Declared().ToHashSet(StringComparer.Ordinal);
        var lacking = listener.PolicyNames.Where(n => !present.Contains(n)).ToList();
        var added = lacking.FindAll(declared.Contains);
        foreach (var name in lacking.Where(
            n => !declared.Contains(n) && !(names is null && n.StartsWith(PredefinedPrefix, StringComparison.Ordinal))))
        {
            _notes.Add($"{what} uses the policy {name}, which the template does not declare: add it to Policies and to the listener's "
                + "PolicyNames by hand, or an update of the stack loses it.");
        }

        if (names is null)
        {
            if (added.Count > 0)
            {
                item["PolicyNames"] = Texts(added);
            }
        }
        else if (names is JsonArray list)
        {
            Change(list, list.Where(i => Resolve(i) is { } name && !listener.PolicyNames.Contains(name)), added.Select(n => JsonValue.Create(n)));
        }
        else
        {
            ByHand($"{what}: PolicyNames", names, Texts(listener.PolicyNames));
        }
    }

    /// <summary>Policies that the template itself makes; cookie stickiness has properties of its own.</summary>
    private IEnumerable<string> Declared() =>
        PolicyLists.SelectMany(p => _properties[p] as JsonArray ?? []).Select(i => Resolve(Member(i, "PolicyName"))).OfType<string>();

    private void HealthCheck()
    {
        var check = NewHealthCheck(_target.HealthCheck);
        switch (_properties["HealthCheck"])
        {
            case null:
                _properties["HealthCheck"] = check;
                break;
            case JsonObject part when part["Target"] is not null:
                foreach (var (name, value) in check)
                {
                    Set(part, name, value!.GetValue<string>(), "The health check", always: name == "Target");
                }

                break;
            case { } unknown:
                ByHand("HealthCheck", unknown, check);
                break;
        }
    }

    private void ConnectionSettings()
    {
        var wanted = new JsonObject { ["IdleTimeout"] = Text(_target.IdleTimeoutSeconds) };
        switch (_properties["ConnectionSettings"])
        {
            case JsonObject settings when settings["IdleTimeout"] is not null:
                Set(settings, "IdleTimeout", Text(_target.IdleTimeoutSeconds), "ConnectionSettings", always: true);
                break;
            case { } unknown:
                ByHand("ConnectionSettings", unknown, wanted);
                break;
            case null when _target.IdleTimeoutSeconds != DefaultIdleTimeoutSeconds:
                _properties["ConnectionSettings"] = wanted;
                break;
        }
    }

    /// <summary>
    /// Sets a value unless it is right already. A function whose value is not known stays, unless the value is one that setup changes.
    /// </summary>
    private bool Set(JsonObject target, string name, string value, string what, bool always)
    {
        var node = target[name];
        var current = Resolve(node);
        if (node is not null
            && (current == value
                || (name.EndsWith("Protocol", StringComparison.Ordinal) && string.Equals(current, value, StringComparison.OrdinalIgnoreCase))
                || (current is null && !always)))
        {
            return false;
        }

        if (node is not (null or JsonValue))
        {
            _notes.Add(
                $"{what} had {name} {node.ToJsonString(Readable)}, which does not surely give {value}; it is {value} now, and the function is gone.");
        }

        target[name] = node?.GetValueKind() == JsonValueKind.Number && int.TryParse(value, CultureInfo.InvariantCulture, out var number)
            ? JsonValue.Create(number)
            : JsonValue.Create(value);
        return true;
    }

    private void ByHand(string what, JsonNode? node, JsonNode wanted) => _notes.Add(
        $"{what} {(node is null ? "is missing" : $"is {node.ToJsonString(Readable)}")} in the template, which cannot be compared; "
        + $"check it manually, it should come to {wanted.ToJsonString(Readable)}.");
}
