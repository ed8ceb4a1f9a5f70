using System.Text;
using DeisProxy.Core;

namespace DeisProxy.Output;

/// <summary>What a person is asked.</summary>
internal sealed partial class Terminal
{
    private Task<ConsoleKeyInfo>? _key;

    /// <summary>Waits for a key and takes it, without showing it.</summary>
    public Func<ConsoleKeyInfo> ReadKey { get; init; } = () => Console.ReadKey(intercept: true);

    /// <summary>Asks for a secret; what is typed is not shown.</summary>
    /// <returns>What was typed; null: nobody is there, or there is no more input.</returns>
    public async Task<string?> AskSecretAsync(string question, CancellationToken cancellationToken)
    {
        if (!HasPerson)
        {
            return null;
        }

        Activity(null);
        var terminal = OpenControllingTerminal?.Invoke();
        await using (terminal)
        {
            await (terminal ?? error).WriteAsync(Clean(question));
            await (terminal ?? error).FlushAsync(cancellationToken);
            var answer = await ReadSecretAsync(cancellationToken);
            WriteLine(terminal ?? error, "");
            return answer;
        }
    }

    /// <summary>Asks a yes-or-no question; anything but a yes is a no.</summary>
    /// <exception cref="DeisProxyException"><c>cannot-ask</c>: the person cannot be shown the question.</exception>
    public async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken)
    {
        Activity(null);
        var terminal = OpenControllingTerminal?.Invoke();
        await using (terminal)
        {
            await (terminal ?? error).WriteAsync($"{Clean(question)} [y/N] ");
            await (terminal ?? error).FlushAsync(cancellationToken);
        }

        // A console read cannot be cancelled; waiting for it can.
        var answer = await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);
        return answer?.Trim() is "y" or "Y" or "yes" or "Yes" or "YES";
    }

    /// <summary>The terminal itself, whatever the standard streams are connected to.</summary>
    private static StreamWriter OpenTerminal()
    {
        try
        {
            return new StreamWriter(new FileStream(OperatingSystem.IsWindows() ? "CONOUT$" : "/dev/tty", FileMode.Open, FileAccess.Write));
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DeisProxyException(
                "cannot-ask",
                "There is no terminal to ask for confirmation or a passphrase.",
                "Use --yes to skip the confirmation; set DEIS_PROXY_SSH_PASSPHRASE to a key's passphrase.",
                refused);
        }
    }

    private async Task<string?> ReadSecretAsync(CancellationToken cancellationToken)
    {
        var secret = new StringBuilder();
        while (true)
        {
            // Reading a key cannot be cancelled, waiting for it can: a question that was cancelled leaves the key to the next one.
            var key = await (_key ??= Task.Run(ReadKey, CancellationToken.None)).WaitAsync(cancellationToken);
            _key = null;
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    return secret.ToString();
                case ConsoleKey.D when key.Modifiers == ConsoleModifiers.Control:
                    return null;
                case ConsoleKey.Backspace:
                    secret.Length = Math.Max(0, secret.Length - 1);
                    break;
                default:
                    if (!char.IsControl(key.KeyChar))
                    {
                        secret.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
