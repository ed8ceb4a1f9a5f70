using DeisProxy.RealParts;

namespace DeisProxy.Integration.Tests;

/// <summary>The scripts that <c>deis-proxy completion</c> prints, in the shells themselves.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public CompletionTests()
    {
        var executable = Environment.GetEnvironmentVariable("DEIS_PROXY_TEST_EXECUTABLE");
        var command = executable is null ? $"dotnet '{Path.Combine(AppContext.BaseDirectory, "deis-proxy.dll")}'" : $"'{executable}'";
        _folder.WriteScript("deis-proxy", $"exec {command} \"$@\"");
    }

    [Theory]
    [InlineData("deis-proxy set", "setup")]
    [InlineData("deis-proxy verify --juni", "--junit")]
    [InlineData("deis-proxy setup --stack a --provider ra", "rackspace")]
    public async Task Bash_completes(string line, string word) => (await RunAsync(
        "bash",
        $$"""
        source <(deis-proxy completion bash)
        COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{line}})
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _deis_proxy deis-proxy "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
        """)).ShouldBe([word]);

    [Theory]
    [InlineData("deis-proxy set", "setup")]
    [InlineData("deis-proxy verify --juni", "--junit")]
    [InlineData("deis-proxy setup --stack a --provider ra", "rackspace")]
    public async Task Fish_completes(string line, string word) =>
        (await RunAsync("fish", $"deis-proxy completion fish | source; complete -C '{line}'")).ShouldContain(word);

    [Theory]
    [InlineData("deis-proxy set", "deis-proxy setup")]
    [InlineData("deis-proxy verify --juni", "deis-proxy verify --junit")]
    [InlineData("deis-proxy setup --stack a --provider ra", "deis-proxy setup --stack a --provider rackspace")]
    public async Task Zsh_completes(string line, string completed) => string.Concat(await RunAsync(
        "zsh",
        $$"""
        zmodload zsh/zpty
        zpty shell 'TERM=dumb zsh -f -i'
        zpty -w shell "PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; \
        source <(deis-proxy completion zsh); print -r -- re''ady"
        zpty -r shell text '*ready*'
        zpty -w -n shell $'{{line}}\t'
        zpty -r -m shell text '*{{completed}}*' && print -r -- "$text"
        zpty -d shell
        """)).ShouldContain(completed);

    public void Dispose() => _folder.Dispose();

    private async Task<string[]> RunAsync(string shell, string script) => (await RealProcess.RunAsync(
        RealProcess.Find(shell, $"install the Debian package {shell}"), "-c", $"export PATH=\"{_folder.Path}:$PATH\"\n{script}"))
        .Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
