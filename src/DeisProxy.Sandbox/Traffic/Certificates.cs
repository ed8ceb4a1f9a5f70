using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>Certificates of the sandbox's own making: nobody has to trust them.</summary>
internal static class Certificates
{
    public static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName("*.example.org");
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        // Through PKCS#12, because Windows' TLS refuses a key that lives in memory only.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    public static async Task<SslStream> ServeAsync(Stream stream, X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, cancellationToken);
        return secure;
    }

    /// <summary>TLS towards an instance. A classic load balancer accepts any certificate there unless a policy says otherwise.</summary>
    public static async Task<SslStream> ConnectAsync(Stream stream, CancellationToken cancellationToken)
    {
        var secure = new SslStream(stream, leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "instance",
#pragma warning disable CA5359, MA0039 // The load balancer that is imitated does not check the certificate of an instance either.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359, MA0039
        };
        await secure.AuthenticateAsClientAsync(options, cancellationToken);
        return secure;
    }
}
