using System.CommandLine.Parsing;
using System.Globalization;

namespace DeisProxy.Commands;

/// <summary>What options of several commands are read by.</summary>
internal static class OptionParsers
{
    /// <summary>Reads a TCP port.</summary>
    /// <param name="least">1, or 0 where that means a free one.</param>
    public static int Port(ArgumentResult result, int least)
    {
        if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port < least || port > ushort.MaxValue)
        {
            result.AddError($"{(result.Parent as OptionResult)?.Option.Name} takes a port from {least} to 65535.");
        }

        return port;
    }
}
