using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace DeisProxy.RealParts;

/// <summary>One listener of the balancer, in the terms of a classic ELB.</summary>
public sealed record HaproxyListener(int Port, params IReadOnlyList<(string Host, int Port)> Servers)
{
    /// <summary>HTTP: requests are read and rewritten (X-Forwarded-For and so on), WebSockets do not pass. Otherwise bytes are relayed.</summary>
    public bool Http { get; init; }

    /// <summary>Whether connections to the servers begin with the PROXY line.</summary>
    public bool SendProxy { get; init; }

    /// <summary>A file with a certificate and its key: TLS ends here. Null: plain.</summary>
    public string? CertificateFile { get; init; }
}

/// <summary>A real haproxy that stands for a classic ELB. Changes take effect without losing a connection.</summary>
public sealed class HaproxyBalancer : IAsyncDisposable
{
    /// <summary>How often each sample repeats. It is also the time that haproxy gives the connection of a check.</summary>
    private static readonly TimeSpan SampleInterval = TimeSpan.FromSeconds(2);

    private readonly TemporaryDirectory _directory = new();
    private readonly List<RealProcess> _processes = [];
    private readonly List<string> _failedSamples = [];
    private readonly HaproxyOptions _options;

    private HaproxyBalancer(HaproxyOptions options) => _options = options;

    /// <summary>How servers are checked from the next change on.</summary>
    public HaproxyHealthCheck HealthCheck { get; set; } = new();

    /// <summary>What the present process has written.</summary>
    public string Output => _processes[^1].Output;

    /// <summary>What haproxy said of each sample that failed, in all processes so far.</summary>
    public IReadOnlyList<string> FailedSamples => [.. _failedSamples, .. _processes.SelectMany(FailedIn)];

    private string Socket => _directory["admin.sock"];

    /// <summary>Starts it.</summary>
    public static async Task<HaproxyBalancer> StartAsync(HaproxyOptions options, params IReadOnlyList<HaproxyListener> listeners)
    {
        var balancer = new HaproxyBalancer(options);
        try
        {
            await balancer.ApplyAsync(listeners);
            return balancer;
        }
        catch
        {
            await balancer.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Replaces all listeners. The new process takes over the listening sockets of the old one, which ends when its last connection does; on
    /// return new connections meet the new listeners.
    /// </summary>
    public async Task ApplyAsync(params IReadOnlyList<HaproxyListener> listeners)
    {
        ArgumentNullException.ThrowIfNull(listeners);
        foreach (var ended in _processes.Where(p => p.HasExited).ToList())
        {
            _processes.Remove(ended);
            _failedSamples.AddRange(FailedIn(ended));
            await ended.DisposeAsync();
        }

        var configuration = _directory["haproxy.cfg"];
        await File.WriteAllTextAsync(configuration, Render(listeners));
        string[] takeOver = _processes.Count == 0
            ? []
            : ["-x", Socket, "-sf", .. _processes.Select(p => p.Id.ToString(CultureInfo.InvariantCulture))];
        var process = RealProcess.StartIn(
            _options.Network, RealProcess.Find("haproxy", "install the Debian package haproxy"), ["-db", "-f", configuration, .. takeOver]);
        _processes.Add(process);
        await process.WaitUntilAsync(async () => await AnsweringProcessAsync() == process.Id, RealProcess.StartLimit);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _directory.Dispose();
    }

    private string Render(IReadOnlyList<HaproxyListener> listeners)
    {
        var text = new StringBuilder(
            $"""
            global
                stats socket {Socket} mode 600 level admin expose-fd listeners
                hard-stop-after 60s
                maxconn 4000
            defaults
                timeout connect {_options.ConnectTimeout.TotalSeconds:0}s
                timeout client {_options.IdleTimeout.TotalSeconds:0}s
                timeout server {_options.IdleTimeout.TotalSeconds:0}s
                timeout tunnel {_options.IdleTimeout.TotalSeconds:0}s

            """);
        if (_options.HealthChecked.Count > 0)
        {
            // Checked once: what tracks it inherits the health, and no check carries a PROXY line.
            AppendChecked(text, "health", HealthCheck.Interval, HealthCheck.Unhealthy, HealthCheck.Healthy, count: 1);
            if (HealthCheck.Samples > 0)
            {
                // haproxy spreads them over the interval.
                AppendChecked(text, "samples", SampleInterval, fall: 1, rise: 1, HealthCheck.Samples);
            }
        }

        foreach (var listener in listeners)
        {
            var certificate = listener.CertificateFile is { } file ? $" ssl crt {file}" : "";
            text.Append(
                CultureInfo.InvariantCulture,
                $"listen port{listener.Port}\n    bind {_options.Address}:{listener.Port}{certificate}\n    balance roundrobin\n");
            text.Append(listener.Http
                ? $"""
                      mode http
                      option forwardfor
                      http-request set-header X-Forwarded-Proto {(listener.CertificateFile is null ? "http" : "https")}
                      http-request set-header X-Forwarded-Port {listener.Port.ToString(CultureInfo.InvariantCulture)}
                      http-request del-header upgrade

                  """
                : "    mode tcp\n");
            foreach (var (host, port) in listener.Servers)
            {
                text.Append(CultureInfo.InvariantCulture, $"    server {Name(host)}_{port} {host}:{port}");
                text.Append(_options.Source is { } source ? $" source {source}" : "").Append(listener.SendProxy ? " send-proxy" : "");
                text.Append(_options.HealthChecked.Any(h => h.Host == host) ? $" track health/{Name(host)}\n" : "\n");
            }
        }

        return text.ToString();
    }

    private void AppendChecked(StringBuilder text, string name, TimeSpan interval, int fall, int rise, int count)
    {
        text.Append(CultureInfo.InvariantCulture, $"backend {name}\n    mode tcp\n    timeout check {HealthCheck.Timeout.TotalMilliseconds:0}ms\n");
        if (HealthCheck.HttpPath is { } path)
        {
            text.Append(CultureInfo.InvariantCulture, $"    option httpchk GET {path}\n    http-check expect status 200\n");
        }

        foreach (var (host, port) in _options.HealthChecked)
        {
            for (var number = 0; number < count; number++)
            {
                text.Append(CultureInfo.InvariantCulture, $"    server {Name(host)}{(number == 0 ? "" : $"-{number}")} {host}:{port} check ");
                text.Append(CultureInfo.InvariantCulture, $"inter {interval.TotalMilliseconds:0}ms fall {fall} rise {rise}\n");
            }
        }
    }

    private static IEnumerable<string> FailedIn(RealProcess process) => process.Output.Split('\n')
        .Where(line => line.Contains("Server samples/", StringComparison.Ordinal) && line.Contains(" is DOWN", StringComparison.Ordinal));

    private static string Name(string host) => $"s{host.Replace('.', '_')}";

    /// <summary>Id of the process that the admin socket belongs to; 0 while there is none.</summary>
    private async Task<int> AnsweringProcessAsync()
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
            await socket.SendAsync("show info\n"u8.ToArray());
            using var reader = new StreamReader(new NetworkStream(socket));
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.StartsWith("Pid: ", StringComparison.Ordinal))
                {
                    return int.Parse(line[5..], CultureInfo.InvariantCulture);
                }
            }

            return 0;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return 0;
        }
    }
}

/// <summary>What does not change as long as the balancer runs.</summary>
public sealed record HaproxyOptions
{
    /// <summary>The machine that it is; null: this process's own.</summary>
    public NetworkNamespace? Network { get; init; }

    /// <summary>Where its listeners are.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>The balancer's own address towards its servers; null: the system's choice.</summary>
    public string? Source { get; init; }

    /// <summary>Time without data after which a connection is cut.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time after which a connection to a server is given up and tried again.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Servers that are checked, each on one port; listeners leave out those that fail. Empty: all are taken as healthy.</summary>
    public IReadOnlyList<(string Host, int Port)> HealthChecked { get; init; } = [];
}

/// <summary>How servers are checked.</summary>
public sealed record HaproxyHealthCheck
{
    /// <summary>What is asked for, to be answered with 200; null: a bare connection will do.</summary>
    public string? HttpPath { get; init; }

    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>So many failures in a row take a server out.</summary>
    public int Unhealthy { get; init; } = 2;

    /// <summary>So many successes in a row bring it back.</summary>
    public int Healthy { get; init; } = 1;

    /// <summary>So many more checks of each server, spread over time, that change nothing; see <see cref="HaproxyBalancer.FailedSamples"/>.</summary>
    public int Samples { get; init; }
}
