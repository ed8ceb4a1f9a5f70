using System.CommandLine;
using System.Text;

namespace DeisProxy.Commands;

/// <summary><c>deis-proxy verify</c>: prove that it works.</summary>
internal sealed class VerifyCommand : Command
{
    private readonly ConnectionOptions _connection = new();
    private readonly OutputOptions _output = new();
    private readonly TrafficOptions _traffic = new();
    private readonly Option<bool> _noProbe = new("--no-probe")
    {
        Description = "check only the configuration: send nothing to routers or through the load balancer",
    };
    private readonly Option<string?> _junit = new("--junit") { Description = "also write a JUnit XML report", HelpName = "file" };
    private readonly Option<bool> _strict = new("--strict") { Description = "exit with 4 for warnings and skipped checks, too" };

    public VerifyCommand(CommandHost host)
        : base("verify", "check that it works: configuration, every router, real traffic")
    {
        _connection.AddTo(this);
        _traffic.AddTo(this);
        Options.Add(_noProbe);
        Options.Add(_junit);
        _junit.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var file }] && !CanBeWritten(file))
            {
                result.AddError($"--junit: no file can be written as \"{file}\": check its name, and that its folder is there.");
            }
        });
        Options.Add(_strict);
        Validators.Add(result =>
        {
            if (result.GetValue(_strict) && result.GetValue(_noProbe))
            {
                result.AddError("--strict and --no-probe cannot be used together: without probes, checks are skipped.");
            }
        });
        _output.AddTo(this);
        SetAction((parsed, cancellationToken) =>
        {
            var connection = _connection.Read(parsed);
            var settings = new VerifySettings(
                parsed.GetValue(_noProbe) ? null : _traffic.Read(parsed), parsed.GetValue(_junit), parsed.GetValue(_strict));
            return new VerifyRun(host, connection, _output.Read(parsed), settings).RunAsync(cancellationToken);
        });
    }

    private static bool CanBeWritten(string file) =>
        OptionParsers.IsText(file)
        && Encoding.UTF8.GetByteCount(Path.GetFileName(file)) is > 0 and <= 255
        && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(file)))
        && !Directory.Exists(file);
}

/// <summary>What to check, and where to report it.</summary>
/// <param name="Traffic">What to send through the load balancer; null: nothing is sent anywhere.</param>
/// <param name="JUnitFile">File for the JUnit report; null: none.</param>
/// <param name="Strict">Whether warnings and skipped checks count as failures.</param>
internal sealed record VerifySettings(TrafficSettings? Traffic, string? JUnitFile, bool Strict = false);
