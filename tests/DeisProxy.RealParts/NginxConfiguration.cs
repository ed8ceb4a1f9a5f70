using System.Globalization;

namespace DeisProxy.RealParts;

/// <summary>What a router reads from etcd.</summary>
internal sealed record RouterKeys(
    string? ProxyProtocol, string? RealIpCidr, string? EnforceHttps, string? HstsEnabled, string? SslCert, string? SslKey);

/// <summary>Where a router listens and keeps its files.</summary>
/// <param name="Application">Where the application is whose path is /echo; null: there is none.</param>
internal sealed record RouterPlace(string Directory, string Address, int HttpPort, int HttpsPort, int? HealthPort, string? Application = null);

/// <summary>
/// nginx's configuration as the Deis router of a given version renders it, as far as it can be seen from outside: which listeners
/// demand the PROXY line, which address is logged and forwarded, the log's format, redirects.
/// </summary>
internal static class NginxConfiguration
{
    public static string Render(Version deis, RouterKeys keys, RouterPlace place)
    {
        var valueSaysOn = keys.ProxyProtocol is { Length: > 0 } value && !string.Equals(value, "false", StringComparison.Ordinal);

        // v1.6 to v1.12: the vhosts' template asks whether the key exists, the others for its value; nginx joins them by "or".
        var (listen, useProxyAddress) = deis switch
        {
            _ when deis < new Version(1, 6) => (false, false),
            _ when deis < new Version(1, 13) => (keys.ProxyProtocol is not null, valueSaysOn),
            _ => (valueSaysOn, false),
        };
        var late = deis >= new Version(1, 13);
        var cidr = keys.RealIpCidr is { Length: > 0 } network ? network : "10.0.0.0/8";
        var realIp = late ? $"set_real_ip_from {cidr}; real_ip_header {(valueSaysOn ? "proxy_protocol" : "X-Forwarded-For")};"
            : useProxyAddress ? $"set_real_ip_from {cidr}; real_ip_header proxy_protocol;"
            : "";
        var logged = useProxyAddress ? "$proxy_protocol_addr" : "$remote_addr";
        var forwarded = useProxyAddress ? "$proxy_protocol_addr" : late ? "$remote_addr" : "$proxy_add_x_forwarded_for";
        var scheme = late
            ? """
              map $http_x_forwarded_proto $tmp_scheme { default $scheme; "~^(.*, ?)?http$" http; "~^(.*, ?)?https$" https; }
                map $scheme $access_scheme { default $tmp_scheme; https https; }
              """
            : "map $http_x_forwarded_proto $access_scheme { default $http_x_forwarded_proto; '' $scheme; }";
        var enforce = IsTrue(keys.EnforceHttps) || (deis >= new Version(1, 8) && keys.EnforceHttps is null && IsTrue(keys.HstsEnabled));
        var proxy = listen ? " proxy_protocol" : "";
        var tls = keys.SslCert is null ? "" : $"""
            listen {place.Address}:{Text(place.HttpsPort)} ssl default_server{proxy};
                ssl_certificate {place.Directory}/deis.cert;
                ssl_certificate_key {place.Directory}/deis.key;
            """;
        var health = place.HealthPort is { } healthPort && deis >= new Version(1, 11)
            ? $"server {{ listen {place.Address}:{Text(healthPort)}; "
                + "location /health-check { access_log off; default_type text/plain; return 200; } }"
            : "";
        var application = place.Application is null ? "" : $$"""
            location /echo {
                        proxy_pass http://{{place.Application}};
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection upgrade;
                    }
            """;
        return $$"""
            daemon off;
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            worker_processes 1;
            worker_shutdown_timeout 60s;
            pid {{place.Directory}}/nginx.pid;
            error_log {{place.Directory}}/error.log error;
            events { worker_connections 1024; }
            http {
                client_body_temp_path {{place.Directory}}/tmp1; proxy_temp_path {{place.Directory}}/tmp2; fastcgi_temp_path {{place.Directory}}/tmp3;
                uwsgi_temp_path {{place.Directory}}/tmp4; scgi_temp_path {{place.Directory}}/tmp5;
                log_format upstreaminfo '[INFO] - [$time_local] - {{logged}} - $remote_user - $status - "$request" - $bytes_sent - '
                  '"$http_referer" - "$http_user_agent" - "$server_name" - $upstream_addr - $http_host - $upstream_response_time - $request_time';
                access_log {{place.Directory}}/access.log upstreaminfo;
                {{realIp}}
                {{scheme}}
                {{health}}
                server {
                    listen {{place.Address}}:{{Text(place.HttpPort)}} default_server{{proxy}};
                    {{tls}}
                    server_name _;
                    default_type text/plain;
                    location /health-check { access_log off; return 200; }
                    {{application}}
                    location / {
                        {{(enforce ? "if ($access_scheme != https) { return 301 https://$host$request_uri; }" : "")}}
                        set $addresses "Router: {{place.Address}}\nX-Forwarded-For: {{forwarded}}";
                        return 200 "$addresses\nX-Forwarded-Proto: $access_scheme\nHost: $http_host\nUpgrade: $http_upgrade\n";
                    }
                }
            }

            """;
    }

    private static bool IsTrue(string? value) => string.Equals(value, "true", StringComparison.Ordinal);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
