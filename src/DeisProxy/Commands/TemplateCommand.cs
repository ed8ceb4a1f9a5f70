using System.CommandLine;
using DeisProxy.Aws;
using DeisProxy.Core.Elb;
using DeisProxy.Output;
using DeisProxy.Providers;

namespace DeisProxy.Commands;

/// <summary>
/// <c>deis-proxy template</c>: print the stack's own template with the load balancer as it is now, so that the next update of the
/// stack does not undo what setup did. It changes nothing and does not enter the cluster.
/// </summary>
internal sealed class TemplateCommand : Command
{
    private readonly ConnectionOptions _connection = new();
    private readonly OutputOptions _output = new();
    private readonly Option<bool> _planned = new("--planned") { Description = "the load balancer as setup would leave it, instead of as it is now" };

    public TemplateCommand(CommandHost host)
        : base("template", "print the stack's CloudFormation template with the load balancer as it is now")
    {
        _connection.AddTo(this);
        Options.Add(_planned);
        _output.AddTo(this);
        Validators.Add(result =>
        {
            if (_connection.Provider(result) != AwsProvider.ProviderName)
            {
                result.AddError("template requires --provider aws: only CloudFormation has templates.");
            }
        });
        SetAction(async (parsed, cancellationToken) =>
        {
            var (connection, output, planned) = (_connection.Read(parsed), _output.Read(parsed), parsed.GetValue(_planned));
            host.Prepare(output);
            var error = await host.RunAsync(connection.Timeout, ct => PrintAsync(host, connection, planned, ct), cancellationToken);
            if (error is null)
            {
                return ExitCode.Done;
            }

            if (output.Json)
            {
                host.Terminal.WriteDocument(new FailureDocument(Name, ErrorDocument.Of(error)));
            }

            ErrorText.Print(host.Terminal, error, output.Verbose);
            return error is OperationCanceledException ? ExitCode.Interrupted : ExitCode.Failed;
        });
    }

    private static async Task PrintAsync(CommandHost host, ConnectionSettings connection, bool planned, CancellationToken cancellationToken)
    {
        using var clients = AwsClients.Create(connection.Aws with { Detail = host.Terminal.IsVerbose ? host.Terminal.Detail : null });
        var reader = new StackReader(clients);
        var (stack, name) = await reader.FindAsync(connection.Stack!, connection.LoadBalancer, cancellationToken);
        var balancer = new ClassicLoadBalancer(clients, name, host.Time).ReadAsync(cancellationToken);
        var template = reader.ReadTemplateAsync(stack.Id.Length > 0 ? stack.Id : stack.Name, name, cancellationToken);
        await Task.WhenAll(balancer, template);
        var (body, logicalId, parameters) = await template;
        var target = planned ? SetupPlanner.LoadBalancerAfter(await balancer, connection.Goal) : await balancer;
        var (text, notes) = TemplatePatch.Apply(body, logicalId, target, parameters);
        host.Terminal.WriteText(text);
        foreach (var note in notes)
        {
            host.Terminal.Warning(note);
        }
    }
}
