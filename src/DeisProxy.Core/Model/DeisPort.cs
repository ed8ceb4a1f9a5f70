namespace DeisProxy.Core.Model;

/// <summary>The ports of a Deis v1 node (deis/deis v1.6.0 to v1.13.4, router unit).</summary>
public static class DeisPort
{
    /// <summary>The routers' HTTP server.</summary>
    public const int Http = 80;

    /// <summary>The routers' HTTPS server; nothing listens there without a certificate.</summary>
    public const int Https = 443;

    /// <summary>The builder's SSH server, which never speaks the PROXY protocol.</summary>
    public const int Builder = 2222;

    /// <summary>The routers' health check from v1.11.0, which never speaks the PROXY protocol.</summary>
    public const int Health = 9090;
}
