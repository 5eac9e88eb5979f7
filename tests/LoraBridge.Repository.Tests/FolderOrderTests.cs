using System.Text.RegularExpressions;

namespace LoraBridge.Repository.Tests;

/// <summary>
/// The folders of <c>LoraBridge</c> stand in one order, and a file knows only what its own folder and those before it declare. So
/// there is no circle, and whoever reads from the first to the last meets nothing that has not been there yet.
/// </summary>
public sealed partial class FolderOrderTests
{
    private static readonly string[] Order = ["Model", "Adapters", "TextGeneration", "Data", "Evaluation", "Merging", "Finetuning"];

    [Fact]
    public void Every_folder_has_its_place() =>
        Assert.Equal(Order.Order(), Sources().Select(FolderOf).Distinct().Order());

    [Fact]
    public void A_file_names_only_types_of_its_folder_and_of_those_before_it()
    {
        var declared = new Dictionary<string, HashSet<int>>();
        foreach (var file in Sources())
            foreach (var type in Declaration().Matches(Code(file)).Select(match => match.Groups[1].Value))
                (declared.TryGetValue(type, out var places) ? places : declared[type] = []).Add(PlaceOf(file));

        // A class may be continued in a later folder, as LM is for adapters; it belongs where it begins.
        var placeOf = declared.ToDictionary(entry => entry.Key, entry => entry.Value.Min());
        Assert.Empty(
            from file in Sources()
            from name in Word().Matches(Code(file)).Select(match => match.Value).Distinct()
            where placeOf.TryGetValue(name, out var place) && place > PlaceOf(file)
            select $"{name} of {Order[placeOf[name]]}");
    }

    [Fact]
    public void A_file_uses_only_namespaces_of_its_folder_and_of_those_before_it()
    {
        // Public namespaces are those that users know, whatever folder a type lies in.
        string[] shared = ["LoraBridge.Model", "LoraBridge.Finetuning", "LoraBridge.TextGeneration"];
        Assert.Empty(
            from file in Sources()
            from used in Using().Matches(Code(file)).Select(match => match.Groups[1].Value)
            where !shared.Contains(used)
            let place = Array.IndexOf(Order, used.Split('.')[1])
            where place > PlaceOf(file)
            select $"{file} uses {used}");
    }

    private static IEnumerable<string> Sources() => Checkout.Files("src/LoraBridge", ".cs");

    private static string FolderOf(string file) => file.Split('/')[2];

    private static int PlaceOf(string file) => Array.IndexOf(Order, FolderOf(file));

    /// <summary>A file without comments and without texts, whose words name no types.</summary>
    private static string Code(string file) => NoCode().Replace(Checkout.Read(file), "");

    [GeneratedRegex("""//[^\n]*|"(?:[^"\\\n]|\\.)*" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex NoCode();

    [GeneratedRegex(@"^ *(?:public |internal )(?:static |sealed |abstract |readonly |partial |ref )*(?:class|record struct|record|struct|interface|enum) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^using (?:static )?(LoraBridge\.[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Using();
}
