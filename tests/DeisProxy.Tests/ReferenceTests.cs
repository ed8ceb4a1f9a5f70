namespace DeisProxy.Tests;

/// <summary>The pages that are made from the program's own texts are up to date; DEIS_PROXY_WRITE_DOCS=1 writes them instead.</summary>
[Collection(nameof(Alone))]
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("cli.md")]
    [InlineData("deis-proxy.1")]
    [InlineData("errors.md")]
    [InlineData("output.schema.json")]
    [InlineData("demo.svg")]
    [InlineData("setup.svg")]
    public async Task A_page_says_what_the_program_says(string page)
    {
        var file = Path.Combine(Repository.Root, "docs", page);
        var text = page switch
        {
            "cli.md" => Reference.Markdown(),
            "errors.md" => ErrorReference.Markdown(),
            "output.schema.json" => OutputSchema.Make(),
            "demo.svg" => await DemoPicture.DrawAsync(),
            "setup.svg" => await SetupRecording.DrawAsync(),
            _ => Reference.ManualPage(),
        };
        if (Environment.GetEnvironmentVariable("DEIS_PROXY_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(file, text);
        }

        var written = await File.ReadAllTextAsync(file);
        if (page.EndsWith(".svg", StringComparison.Ordinal))
        {
            (text, written) = (TerminalPicture.Words(text), TerminalPicture.Words(written));
        }

        written.ShouldBe(text, $"run DEIS_PROXY_WRITE_DOCS=1 dotnet test tests/DeisProxy.Tests --filter ReferenceTests to write docs/{page}");
    }
}
