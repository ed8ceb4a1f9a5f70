namespace DeisProxy.RealParts;

/// <summary>A real moto_server (a mock of AWS's services) on a free port of 127.0.0.1.</summary>
public sealed class Moto : IAsyncDisposable
{
    private readonly RealProcess _process;

    private Moto(RealProcess process, int port)
    {
        _process = process;
        Endpoint = new Uri($"http://127.0.0.1:{port}");
    }

    public Uri Endpoint { get; }

    public string Output => _process.Output;

    public static Task<Moto> StartAsync() => RealProcess.OnFreePortAsync(async port =>
    {
        var process = RealProcess.Start(
            RealProcess.Find("moto_server", "install it with: python3 -m pip install 'moto[server]==5.2.1' (Debian: python3-pip)"),
            "-H", "127.0.0.1", "-p", $"{port}");
        try
        {
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
            await process.WaitUntilAsync(
                async () =>
                {
                    try
                    {
                        using var response = await http.GetAsync($"http://127.0.0.1:{port}/moto-api/data.json");
                        return response.IsSuccessStatusCode;
                    }
                    catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
                    {
                        return false;
                    }
                },
                RealProcess.StartLimit);
            return new Moto(process, port);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    });

    /// <summary>Forgets everything that was made in it.</summary>
    public async Task ResetAsync()
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        using var response = await http.PostAsync(new Uri(Endpoint, "/moto-api/reset"), content: null);
        response.EnsureSuccessStatusCode();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
