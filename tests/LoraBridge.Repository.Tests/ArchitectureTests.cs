using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace LoraBridge.Repository.Tests;

/// <summary>Which project may know which, and what may be written where.</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string[] Libraries = ["src/LoraBridge", "src/LoraBridge.Native", "src/LoraBridge.Formats"];

    public static TheoryData<string, string[]> Projects => new()
    {
        { "LoraBridge.Native", [] },
        { "LoraBridge.Formats", [] },
        { "LoraBridge", ["LoraBridge.Native", "LoraBridge.Formats"] },
        { "LoraBridge.Cli", ["LoraBridge"] },
        { "LoraBridge.Backend.Cpu", [] },
        { "LoraBridge.Backend.Cuda12", ["LoraBridge.Backend.Cpu"] },
        { "LoraBridge.Backend.Cuda13", ["LoraBridge.Backend.Cpu"] },
    };

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_knows_only_those_below_it(string project, string[] allowed) =>
        Assert.Empty(References($"src/{project}/{project}.csproj").Except(allowed));

    [Fact]
    public void Every_folder_in_src_is_a_project_with_rules() =>
        Assert.Equal(
            new DirectoryInfo(Checkout.PathOf("src")).EnumerateDirectories().Select(folder => folder.Name).Order(),
            Projects.Select(row => row.Data.Item1).Order());

    [Fact]
    public void Examples_know_the_facade_and_what_they_share()
    {
        var examples = Checkout.Files("examples", ".csproj").ToList();
        var names = examples.Select(Path.GetFileNameWithoutExtension).Append("LoraBridge");
        Assert.NotEmpty(examples);
        Assert.All(examples, example => Assert.Empty(References(example).Except(names)));
    }

    [Fact]
    public void Unsafe_code_is_allowed_in_one_project_only() =>
        Assert.Equal(["src/LoraBridge.Native/LoraBridge.Native.csproj"],
            Checkout.Files(".", ".csproj").Where(project => Checkout.Read(project).Contains("<AllowUnsafeBlocks>true", StringComparison.Ordinal)));

    [Fact]
    public void Native_code_is_only_met_in_its_project() =>
        AssertNoLine(NativeWords(), [.. Sources("src").Where(file => !file.StartsWith("src/LoraBridge.Native/", StringComparison.Ordinal)), .. Sources("examples")]);

    [Fact]
    public void Libraries_do_not_touch_the_console() => AssertNoLine(ConsoleWord(), Libraries.SelectMany(Sources));

    [Fact]
    public void Nothing_is_left_to_do_and_no_test_sleeps() =>
        AssertNoLine(Unfinished(), [.. Sources("src"), .. Sources("examples"), .. Sources("tests").Where(file => !file.EndsWith("/ArchitectureTests.cs", StringComparison.Ordinal))]);

    [Fact]
    public void Files_are_short()
    {
        int[] lengths = [.. Sources("src").Concat(Sources("examples")).Select(Length).Order()];
        Assert.InRange(lengths[lengths.Length / 2], 1, 100);
        Assert.InRange(lengths[lengths.Length * 9 / 10], 1, 300);
        Assert.DoesNotContain(Sources("src").Concat(Sources("examples")), file => Length(file) > 400);
        Assert.DoesNotContain(Sources("tests"), file => Length(file) > 600);
    }

    private static IEnumerable<string> Sources(string folder) => Checkout.Files(folder, ".cs");

    private static int Length(string file) => Checkout.Read(file).Count(character => character == '\n');

    private static IEnumerable<string> References(string project) =>
        from reference in XDocument.Parse(Checkout.Read(project)).Descendants("ProjectReference")
        select Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));

    private static void AssertNoLine(Regex words, IEnumerable<string> files) =>
        Assert.Empty(
            from file in files
            from line in Checkout.Read(file).Split('\n').Select((text, index) => (Text: text, Number: index + 1))
            where words.IsMatch(line.Text)
            select $"{file}:{line.Number}: {line.Text.Trim()}");

    [GeneratedRegex(@"\bunsafe\b|\bLibraryImport\b|\bDllImport\b|\bnint\b|\bIntPtr\b")]
    private static partial Regex NativeWords();

    [GeneratedRegex(@"\bConsole\s*\.")]
    private static partial Regex ConsoleWord();

    [GeneratedRegex(@"\bTODO\b|\bFIXME\b|\bHACK\b|\bNotImplementedException\b|\bThread\.Sleep\b")]
    private static partial Regex Unfinished();
}
