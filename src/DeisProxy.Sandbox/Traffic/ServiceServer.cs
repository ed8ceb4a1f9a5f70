using System.Net.Sockets;

namespace DeisProxy.Sandbox.Traffic;

/// <summary>An HTTP service whose calls are logged and can be made to fail.</summary>
internal interface IRemoteService
{
    /// <summary>Logs the request as a call; null when it is none that the log or faults know (a malformed request).</summary>
    RemoteCall? Identify(HttpRequest request, CallLog log);

    /// <summary>Handles the request. The outcome goes to the call.</summary>
    Task<HttpResponse> HandleAsync(HttpRequest request, RemoteCall? call, FaultRule? fault, CancellationToken cancellationToken);

    /// <summary>How this service itself reports the fault; null when it has no such error.</summary>
    HttpResponse? Refuse(RemoteCall call, FaultRule rule);

    /// <summary>The answer to bytes that are no HTTP request.</summary>
    HttpResponse Malformed();
}

/// <summary>Serves HTTP on a loopback port, with faults between the client and the service.</summary>
internal sealed class ServiceServer(IRemoteService service, CallLog log, Faults faults)
{
    public async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        await using var stream = new WireStream(new NetworkStream(socket, ownsSocket: false));
        while (true)
        {
            HttpRequest? request;
            try
            {
                request = await Http.ReadRequestAsync(stream, cancellationToken);
            }
            catch (MalformedRequestException)
            {
                var answer = service.Malformed();
                answer.Fields["Connection"] = "close";
                await Http.WriteResponseAsync(stream, answer, cancellationToken);
                return;
            }

            if (request is null)
            {
                return;
            }

            var (response, breaksOff) = await AnswerAsync(request, cancellationToken);
            if (response is null)
            {
                return;
            }

            if (breaksOff)
            {
                using var whole = new MemoryStream();
                await Http.WriteResponseAsync(whole, response, cancellationToken);
                await stream.WriteAsync(whole.GetBuffer().AsMemory(0, (int)whole.Length / 2), cancellationToken);
                return;
            }

            var keepAlive = request.KeepsAlive;
            if (!keepAlive)
            {
                response.Fields["Connection"] = "close";
            }

            await Http.WriteResponseAsync(stream, response, cancellationToken);
            if (!keepAlive)
            {
                return;
            }
        }
    }

    /// <summary>Null: the connection is to be closed without an answer.</summary>
    private async Task<(HttpResponse? Response, bool BreaksOff)> AnswerAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var call = service.Identify(request, log);
        var fault = call is null ? null : faults.Match(call);
        if (call is null || fault is null or { Kind: FaultKind.DataPlaneLag })
        {
            return (await service.HandleAsync(request, call, fault, cancellationToken), false);
        }

        HttpResponse? lost = null;
        if (fault.Kind is FaultKind.CloseAfter or FaultKind.HangAfter or FaultKind.CutAnswer)
        {
            lost = await service.HandleAsync(request, call, fault: null, cancellationToken);
            call.Outcome = $"fault {fault.Kind} (done)";
        }
        else
        {
            call.Outcome = $"fault {fault.Kind}";
        }

        if (fault.Kind is FaultKind.Hang or FaultKind.HangAfter)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        return fault.Kind switch
        {
            FaultKind.CutAnswer => (lost, true),
            FaultKind.CloseBefore or FaultKind.CloseAfter or FaultKind.StorageFull => (null, false),
            _ => (service.Refuse(call, fault), false),
        };
    }
}
