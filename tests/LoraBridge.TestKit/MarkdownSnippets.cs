using System.Text.RegularExpressions;
using Xunit;

namespace LoraBridge.TestKit;

/// <summary>The C# examples of a page of documentation, which stand as regions of a source file that is compiled and run.</summary>
public static partial class MarkdownSnippets
{
    /// <summary>Fails unless the examples of the page are the regions of the source, word for word.</summary>
    /// <param name="page">Relative to the checkout.</param>
    /// <param name="source">Relative to the checkout.</param>
    public static void AssertCompiled(string page, string source)
    {
        var regions = Region().Matches(Read(source)).Select(match => Unindented(match.Groups[1].Value));
        var blocks = Block().Matches(Read(page)).Select(match => match.Groups[1].Value);
        Assert.Equal(regions.Order(StringComparer.Ordinal), blocks.Order(StringComparer.Ordinal));
    }

    private static string Read(string relative) => File.ReadAllText(Path.Combine(CheckoutFolder.Root, relative)).ReplaceLineEndings("\n");

    private static string Unindented(string code) =>
        string.Join('\n', code.Split('\n').Select(line => line.Length >= 8 ? line[8..] : line.TrimStart()));

    [GeneratedRegex(@"#region \w+\n(.*?)\n *#endregion", RegexOptions.Singleline)]
    private static partial Regex Region();

    [GeneratedRegex(@"```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
