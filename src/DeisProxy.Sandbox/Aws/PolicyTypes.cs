namespace DeisProxy.Sandbox.Aws;

/// <summary>The policy types of classic load balancers and the policies that AWS defines itself.</summary>
internal static class PolicyTypes
{
    public const string ProxyProtocol = "ProxyProtocolPolicyType";
    public const string SslNegotiation = "SSLNegotiationPolicyType";
    public const string LoadBalancerCookie = "LBCookieStickinessPolicyType";
    public const string ApplicationCookie = "AppCookieStickinessPolicyType";
    public const string BackendAuthentication = "BackendServerAuthenticationPolicyType";
    public const string PublicKey = "PublicKeyPolicyType";
    public const string ReferencePolicy = "Reference-Security-Policy";

    private static readonly string[] SecurityPolicies =
    [
        "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-2-2017-01", "ELBSecurityPolicy-TLS-1-1-2017-01",
        "ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-2015-03", "ELBSecurityPolicy-2015-02",
        "ELBSecurityPolicy-2014-10", "ELBSecurityPolicy-2014-01", "ELBSecurityPolicy-2011-08",
    ];

    public static IReadOnlyList<PolicyType> All { get; } =
    [
        new(ProxyProtocol, [new("ProxyProtocol", "Boolean", "ONE")]),
        new(PublicKey, [new("PublicKey", "String", "ONE")]),
        new(BackendAuthentication, [new("PublicKeyPolicyName", "PolicyName", "ONE_OR_MORE")]),
        new(LoadBalancerCookie, [new("CookieExpirationPeriod", "Long", "ZERO_OR_ONE")]),
        new(ApplicationCookie, [new("CookieName", "String", "ONE")]),
        new(
            SslNegotiation,
            [
                new(ReferencePolicy, "String", "ZERO_OR_ONE"), new("Server-Defined-Cipher-Order", "Boolean", "ZERO_OR_ONE"),
                .. ((string[])
                    [
                        "Protocol-SSLv3", "Protocol-TLSv1", "Protocol-TLSv1.1", "Protocol-TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256",
                        "ECDHE-RSA-AES128-GCM-SHA256", "AES128-GCM-SHA256", "AES256-SHA", "DES-CBC3-SHA",
                    ])
                    .Select(name => new PolicyAttributeType(name, "Boolean", "ZERO_OR_ONE")),
            ]),
    ];

    /// <summary>What DescribeLoadBalancerPolicies lists when it is not asked about a load balancer.</summary>
    public static IReadOnlyList<Policy> Samples { get; } =
    [
        new("ELBSample-OpenSSLDefaultNegotiationPolicy", SslNegotiation, Protocols("ELBSecurityPolicy-2011-08")),
        new("ELBSample-ELBDefaultNegotiationPolicy", SslNegotiation, Protocols("ELBSecurityPolicy-2014-10")),
        new("ELBSample-LBCookieStickinessPolicy", LoadBalancerCookie, [new("CookieExpirationPeriod", "3600")]),
        .. SecurityPolicies.Select(name => new Policy(name, SslNegotiation, Protocols(name))),
    ];

    /// <summary>A security policy that AWS defines, as it looks on a load balancer that uses it; null when there is none of that name.</summary>
    public static Policy? Predefined(string name) =>
        SecurityPolicies.Contains(name, StringComparer.Ordinal)
            ? new Policy(name, SslNegotiation, [new(ReferencePolicy, name), .. Protocols(name)])
            : null;

    public static string? Value(this Policy policy, string attribute) =>
        policy.Attributes.FirstOrDefault(candidate => candidate.Key == attribute).Value;

    private static KeyValuePair<string, string>[] Protocols(string securityPolicy)
    {
        var onlyTls12 = securityPolicy.Contains("TLS-1-2", StringComparison.Ordinal);
        return
        [
            new("Protocol-TLSv1", Xml.Bool(!securityPolicy.Contains("TLS-1", StringComparison.Ordinal))),
            new("Protocol-TLSv1.1", Xml.Bool(!onlyTls12)),
            new("Protocol-TLSv1.2", "true"),
            new("Server-Defined-Cipher-Order", "true"),
        ];
    }
}

/// <summary>A policy type and its attributes.</summary>
internal sealed record PolicyType(string Name, IReadOnlyList<PolicyAttributeType> Attributes);

/// <summary>An attribute of a policy type.</summary>
internal sealed record PolicyAttributeType(string Name, string Type, string Cardinality);
