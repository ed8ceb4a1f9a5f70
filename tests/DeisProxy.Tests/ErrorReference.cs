using System.Text;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace DeisProxy.Tests;

/// <summary>Every error, blocker and warning with its remedy, as the source code has them.</summary>
internal static partial class ErrorReference
{
    public static string Markdown()
    {
        var page = new StringBuilder(
            """
            # Errors and warnings

            What each message asks you to do, by its code: in brackets at the end of the line, and `error.code` and `warnings[].id` in the JSON
            output.
            `…` stands for what is known only when it happens.

            """);
        foreach (var code in Read().GroupBy(notice => notice.Code, StringComparer.Ordinal).OrderBy(code => code.Key, StringComparer.Ordinal))
        {
            page.Append($"\n## {code.Key}\n\n");
            foreach (var (message, remedy) in code.Select(notice => (notice.Message, notice.Remedy)).Distinct())
            {
                page.Append($"- {message}<br>\n  *{remedy}*\n");
            }
        }

        return page.ToString();
    }

    private static List<(string Code, string Message, string Remedy)> Read()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(["obj", "bin", "DeisProxy.Sandbox"], StringComparer.Ordinal).Any())
            .Order(StringComparer.Ordinal)
            .Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file)).GetRoot())
            .ToList();
        var constants = files.SelectMany(file => file.DescendantNodes().OfType<VariableDeclaratorSyntax>())
            .Where(variable => variable.Initializer?.Value is LiteralExpressionSyntax or InterpolatedStringExpressionSyntax or BinaryExpressionSyntax)
            .ToLookup(variable => variable.Identifier.Text, variable => variable.Initializer!.Value, StringComparer.Ordinal);
        return
        [
            .. from file in files
               from creation in file.DescendantNodes().OfType<BaseObjectCreationExpressionSyntax>()
               let arguments = creation.ArgumentList?.Arguments.Select(argument => argument.Expression).ToList() ?? []
               where arguments.Count >= 3 && IsText(arguments[1]) && IsText(arguments[2])
               let code = Text(arguments[0])
               where Code().IsMatch(code)
               select (code, Text(arguments[1]), Text(arguments[2])),
        ];

        bool IsText(ExpressionSyntax expression) => Text(expression).Any(char.IsLetter);

        string Text(ExpressionSyntax expression) => expression switch
        {
            LiteralExpressionSyntax { Token.Value: string text } => text,
            InterpolatedStringExpressionSyntax interpolated => string.Concat(interpolated.Contents.Select(content =>
                content is InterpolatedStringTextSyntax text ? text.TextToken.ValueText : "…")),
            BinaryExpressionSyntax sum => Text(sum.Left) + Text(sum.Right),
            ParenthesizedExpressionSyntax inner => Text(inner.Expression),
            ConditionalExpressionSyntax choice =>
                string.Join(" / ", new[] { Text(choice.WhenTrue), Text(choice.WhenFalse) }.Where(text => text.Length > 0)),
            IdentifierNameSyntax name when constants[name.Identifier.Text].ToList() is [var value] => Text(value),
            MemberAccessExpressionSyntax member when constants[member.Name.Identifier.Text].ToList() is [var value] => Text(value),
            _ => "…",
        };
    }

    [GeneratedRegex("^[a-z]+(-[a-z0-9]+)*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
