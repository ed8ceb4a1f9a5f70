using System.Collections.Concurrent;
using DeisProxy.Output;

namespace DeisProxy.Tests;

/// <summary>How a person types a passphrase.</summary>
public sealed class SecretTests
{
    [Fact]
    public async Task A_question_that_was_cancelled_takes_no_key_from_the_next_one()
    {
        using var keys = new BlockingCollection<char>();
        using var error = new StringWriter();
        var terminal = new Terminal(TextReader.Null, TextWriter.Null, error)
        {
            HasPerson = true,
            ReadKey = () => keys.Take() is var key && key == '\r' ? Key(key, ConsoleKey.Enter) : Key(key, default),
        };
        using var cancel = new CancellationTokenSource();
        var first = terminal.AskSecretAsync("One: ", cancel.Token);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => first);

        var second = terminal.AskSecretAsync("Two: ", CancellationToken.None);
        foreach (var key in "secret\r")
        {
            keys.Add(key);
        }

        (await second.WaitAsync(TimeSpan.FromSeconds(60))).ShouldBe("secret");
        error.ToString().ShouldNotContain("secret");
    }

    private static ConsoleKeyInfo Key(char character, ConsoleKey key) => new(character, key, shift: false, alt: false, control: false);
}
